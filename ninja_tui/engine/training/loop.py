"""Runs the steps of one training: compiled or eager, in blocks, and locates where a number went wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from ninja_tui.engine.recording.errors import message_of
from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.training.codegen.compiled import Compiled, NoCompiler, compile_source
from ninja_tui.engine.training.codegen.kernels import Unsupported
from ninja_tui.engine.training.codegen.step_source import Generated, generate
from ninja_tui.engine.training.codegen.tracing import trace_step
from ninja_tui.engine.training.config import Engine
from ninja_tui.engine.training.messages import Stop
from ninja_tui.engine.training.parameters import Parameters, Snapshot
from ninja_tui.engine.training.recipe import Recipe
from ninja_tui.engine.training.step import Part, StepFragment
from ninja_tui.engine.training.stepping import Stepwise, non_finite
from ninja_tui.lesson.model import gradient_name

BLOCK = 256
"""Steps that are drawn ahead, and after which there is a snapshot of the parameters."""
COMPARED = 20
"""Steps whose compiled losses must be the eager ones."""

OPERATIONS = {"_local_scalar_dense": "a single number that is read out of a tensor, as in a loop over the minibatch,"}
"""What a person would call an operation of PyTorch's."""


class Loop:
    """The steps of ``recipe`` on the parameters of a namespace; ``done`` counts them.

    ``stop`` is what went wrong in the first step, which is tried and undone. Raises SyntaxError for code that
    cannot stand in a function.
    """

    def __init__(
        self, recipe: Recipe, namespace: Namespace, parameters: Parameters, rate: Callable[[int], float]
    ) -> None:
        self.done = 0
        self.compiled: Compiled | None = None
        self._namespace, self._parameters, self._rate = namespace, parameters, rate
        parameters.require_gradients(needed=recipe.with_autograd)
        self.stop, self.recipe = self._try_step(recipe)
        self.stepwise = Stepwise(self.recipe)
        self.generated = generate(self.recipe, namespace)

    @property
    def engine(self) -> Engine:
        """How the steps run: compiled, or eager."""
        return Engine.COMPILED if self.compiled else Engine.EAGER

    def compile(self) -> str:
        """From now on steps run compiled, if they give what the eager ones give; the reason why not, or ""."""
        ahead = self.generated.ahead
        if ahead is None:
            return "the minibatch cannot be drawn ahead"
        try:
            with self._parameters.untouched():
                drawn = [tensor[0].clone() for tensor in ahead.tensors(1)]
                source = trace_step(self.recipe, self._namespace, ahead, drawn)
            compiled = compile_source(source)
            with self._parameters.untouched():
                eager, _ = self._run(COMPARED)
            with self._parameters.untouched():
                losses = compiled.run(ahead, self._rates(COMPARED))
        except NoCompiler as error:
            return str(error)
        except Unsupported as error:
            return f"{OPERATIONS.get(str(error), f'`{error}`')} cannot be written in C"
        except BaseException as error:
            return f"a step cannot be written in C: {message_of(error)}"
        if losses is None or not torch.allclose(losses, eager, rtol=1e-4, atol=1e-4, equal_nan=True):
            return "the compiled steps do not give the losses of the eager ones"
        self.compiled = compiled
        return ""

    def advance(self, count: int) -> tuple[torch.Tensor, Stop | None]:
        """Up to ``count`` steps: their losses, and where they stopped, if they did."""
        losses: list[torch.Tensor] = []
        while count > 0 and self.stop is None:
            block, self.stop = self._block(min(count, BLOCK))
            losses.append(block)
            self.done += len(block)
            count -= len(block)
        return torch.cat(losses) if losses else torch.empty(0, dtype=torch.float32), self.stop

    def _block(self, count: int) -> tuple[torch.Tensor, Stop | None]:
        """Up to ``count`` steps, and, where a number in them is not finite, where that began."""
        before = self._parameters.snapshot()
        losses, stop = self._fast(count)
        finite = _finite_from_the_start(losses)
        if stop is not None or (finite == len(losses) and self._parameters.are_finite()):
            return losses, stop
        if self.compiled is not None:  # the eager steps, which are searched, may differ in the last digits
            self._parameters.restore(before)
            losses, _ = self._run(count)
            finite = _finite_from_the_start(losses)
        last = min(finite, count - 1)
        return losses[: last + 1], self._locate(before, last)

    def _fast(self, count: int) -> tuple[torch.Tensor, Stop | None]:
        """``count`` compiled steps, or eager ones where there are none."""
        ahead = self.generated.ahead
        if self.compiled is None or ahead is None:
            return self._run(count)
        before = self._parameters.snapshot()
        losses = self.compiled.run(ahead, self._rates(count))
        if losses is not None:
            return losses, None
        self._parameters.restore(before)
        return self._run(count)

    def _run(self, count: int) -> tuple[torch.Tensor, Stop | None]:
        """``count`` steps in one go: the losses so far, and what was raised."""
        generated = self.generated
        losses: list[torch.Tensor] = []
        rates = self._rates(count)
        stop = None
        with torch.enable_grad() if self.recipe.with_autograd else torch.inference_mode():
            try:
                ahead = generated.ahead.draw(count) if generated.ahead else [()] * count
                generated.train(rates, ahead, losses)
            except BaseException as error:
                stop = self._raised(generated, error, len(losses))
            if not losses:
                return torch.empty(0, dtype=torch.float32), stop
            values = torch.stack(losses).detach().reshape(-1).to(torch.float32)
        return values.clone(), stop

    def _rates(self, count: int) -> list[float]:
        return [self._rate(self.done + step) for step in range(count)]

    def _raised(self, generated: Generated, error: BaseException, losses: int) -> Stop:
        """Where ``error`` was raised, after so many ``losses``."""
        line, trace = 0, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == generated.filename:
                line = trace.tb_lineno
                break
            trace = trace.tb_next
        statement, at = generated.where(line) or (StepFragment.generated(Part.MINIBATCH, ""), 0)
        before_the_loss = statement.part in (Part.MINIBATCH, Part.FORWARD)
        step = self.done + losses - (not before_the_loss)
        return Stop(step, message_of(error), statement.part, statement.shown_code, at)

    def _locate(self, before: Snapshot, last: int) -> Stop:
        """The first tensor that is not finite: in step ``last`` of the block behind ``before``, or one step earlier."""
        usual = self._usually_non_finite(before) if last > 0 else set()
        self._parameters.restore(before)
        start = max(last - 1, 0)
        self._run(start)
        for step in range(start, last + 1):
            snapshot = self._parameters.snapshot()
            tensors = [each for each in self._non_finite_in(self.done + step) if each[0] not in usual]
            if tensors and (step == last or not self._parameters.are_finite()):
                self._parameters.restore(snapshot)
                return _not_finite(self.done + step, *tensors[0])
        loss, first = self.recipe.loss, self.stepwise.statements[0]
        return Stop(self.done + last, f"`{loss}` is not finite", first.part, first.shown_code, 0, loss)

    def _usually_non_finite(self, before: Snapshot) -> set[str]:
        """The tensors that are not finite in a step that goes well."""
        self._parameters.restore(before)
        names = {name for name, _ in self._non_finite_in(self.done)}
        return names if self._parameters.are_finite() else set()

    def _non_finite_in(self, step: int) -> list[tuple[str, StepFragment]]:
        """Makes one step, statement by statement; the tensors that come out not finite, in order."""
        tensors: list[tuple[str, StepFragment]] = []

        def after(number: int, run: Namespace) -> None:
            statement = self.stepwise.statements[number]
            tensors.extend((name, statement) for name in non_finite(statement, run))

        self.stepwise.step(self._namespace, self._rate(step), after)
        return tensors

    def _try_step(self, recipe: Recipe) -> tuple[Stop | None, Recipe]:
        """One step, undone: what it raised, and the recipe with the gradients to be reshaped."""
        stepwise, ended = Stepwise(recipe), -1

        def after(number: int, _run: Namespace) -> None:
            nonlocal ended
            ended = number

        with self._parameters.untouched():
            try:
                parts = tuple(part for part in Part if part is not Part.UPDATE)
                run = stepwise.step(self._namespace, 0.0, after, parts)
                return None, replace(recipe, reshaped=_reshaped(recipe.parameters, run))
            except BaseException as error:
                at = stepwise.statements[ended + 1]
                return Stop(0, message_of(error), at.part, at.shown_code, at.line), recipe


def _finite_from_the_start(losses: torch.Tensor) -> int:
    """How many losses come before the first that is not finite."""
    return int(torch.isfinite(losses).long().cumprod(0).sum())


def _not_finite(step: int, tensor: str, statement: StepFragment) -> Stop:
    what = "gradient" if statement.part in (Part.ANSWERS, Part.AUTOGRAD) else "value"
    message = f"the {what} `{tensor}` is not finite"
    return Stop(step, message, statement.part, statement.shown_code, statement.line, tensor)


def _reshaped(parameters: Sequence[str], run: Namespace) -> frozenset[str]:
    """The parameters whose gradient has another shape; raises TypeError or RuntimeError where it fits in no way."""
    reshaped: set[str] = set()
    for name in parameters:
        value, gradient = run[name], run[gradient_name(name)]
        if not isinstance(gradient, torch.Tensor):
            raise TypeError(f"{gradient_name(name)} is no tensor but a {type(gradient).__name__}")
        if gradient.shape != value.shape and gradient.numel() == value.numel():
            reshaped.add(name)
        elif gradient.shape != value.shape:
            try:
                gradient.expand(value.shape)
            except RuntimeError:
                shapes = f"{tuple(gradient.shape)}, and {name} is {tuple(value.shape)}"
                raise RuntimeError(f"{gradient_name(name)} is {shapes}") from None
    return frozenset(reshaped)
