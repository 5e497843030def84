"""Runs the steps of one training: compiled or eager, in blocks, and finds where a number went wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from ninja_tui.engine.recording.execution import Namespace, message_of
from ninja_tui.engine.training.codegen.compiled import Compiled, NoCompiler, compile_source
from ninja_tui.engine.training.codegen.draws import OWN
from ninja_tui.engine.training.codegen.kernels import Unsupported
from ninja_tui.engine.training.codegen.step_source import Generated, Part, Piece, Recipe, generate
from ninja_tui.engine.training.codegen.tracing import trace_step
from ninja_tui.engine.training.parameters import Kept, Parameters
from ninja_tui.engine.training.stepping import Stepwise, non_finite

BLOCK = 256
"""Steps that are drawn ahead, and after which the parameters are kept."""
COMPARED = 20
"""Steps whose compiled losses must be the eager ones."""

SPOKEN = {"_local_scalar_dense": "a single number that is read out of a tensor, as in a loop over the minibatch,"}
"""What PyTorch calls an operation, and what a person would."""

Stop = dict[str, Any]
"""Where and why a training stopped: ``step`` (from 0), ``part``, ``code``, ``line``, ``name``, ``message``."""


class Loop:
    """The steps of ``recipe`` on the parameters of a namespace; ``done`` counts them.

    ``stopped`` is what went wrong in the first step, which is tried and undone. Raises SyntaxError for code that
    cannot stand in a function.
    """

    def __init__(
        self, recipe: Recipe, namespace: Namespace, parameters: Parameters, rate: Callable[[int], float]
    ) -> None:
        self.done = 0
        self.compiled: Compiled | None = None
        self._namespace, self._parameters, self._rate = namespace, parameters, rate
        parameters.require_gradients(needed=recipe.with_autograd)
        self.stopped, self.recipe = self._tried(recipe)
        self.stepwise = Stepwise(self.recipe)
        self.generated = generate(self.recipe, namespace)

    @property
    def engine(self) -> str:
        """How the steps run: compiled, or eager."""
        return "compiled" if self.compiled else "eager"

    def compile(self) -> str:
        """From now on steps run compiled, if they give what the eager ones give; the reason why not, or ""."""
        generated, recipe = self.generated, self.recipe
        if generated.ahead is None:
            return "the minibatch cannot be drawn ahead"
        try:
            with self._parameters.untouched():
                drawn = [tensor[0].clone() for tensor in generated.ahead.tensors(1)]
                source = trace_step(recipe, self._namespace, generated.ahead, drawn)
            compiled = compile_source(source)
            with self._parameters.untouched():
                wanted, _ = self._run(COMPARED)
            with self._parameters.untouched():
                rates = [self._rate(step) for step in range(COMPARED)]
                given = compiled.run(generated.ahead, rates)
        except NoCompiler as error:
            return str(error)
        except Unsupported as error:
            return f"{SPOKEN.get(str(error), f'`{error}`')} cannot be written in C"
        except BaseException as error:
            return f"a step cannot be written in C: {message_of(error)}"
        if given is None or not torch.allclose(given, wanted, rtol=1e-4, atol=1e-4, equal_nan=True):
            return "the compiled steps do not give the losses of the eager ones"
        self.compiled = compiled
        return ""

    def _fast(self, count: int) -> tuple[torch.Tensor, Stop | None]:
        """``count`` compiled steps, or eager ones where there are none."""
        ahead = self.generated.ahead
        if self.compiled is None or ahead is None:
            return self._run(count)
        kept = self._parameters.kept()
        losses = self.compiled.run(ahead, [self._rate(self.done + step) for step in range(count)])
        if losses is not None:
            return losses, None
        self._parameters.restore(kept)
        return self._run(count)

    def advance(self, count: int) -> tuple[torch.Tensor, Stop | None]:
        """Up to ``count`` steps: their losses, and where they stopped, if they did."""
        losses: list[torch.Tensor] = []
        while count > 0 and self.stopped is None:
            some, self.stopped = self._block(min(count, BLOCK))
            losses.append(some)
            self.done += len(some)
            count -= len(some)
        return torch.cat(losses) if losses else torch.empty(0), self.stopped

    def _block(self, count: int) -> tuple[torch.Tensor, Stop | None]:
        kept = self._parameters.kept()
        losses, stopped = self._fast(count)
        at = int(torch.isfinite(losses).long().cumprod(0).sum())
        if stopped is not None or (at == len(losses) and self._parameters.are_finite()):
            return losses, stopped
        if self.compiled is not None:  # the eager steps that are searched may differ in the last digits
            self._parameters.restore(kept)
            losses, _ = self._run(count)
            at = int(torch.isfinite(losses).long().cumprod(0).sum())
        at = min(at, count - 1)
        return losses[: at + 1], self._blame(kept, at)

    def _run(self, count: int) -> tuple[torch.Tensor, Stop | None]:
        """``count`` steps in one go: the losses so far, and what was raised."""
        generated = self.generated
        losses: list[torch.Tensor] = []
        rates = [self._rate(self.done + step) for step in range(count)]
        recorded = self.recipe.with_autograd
        stopped = None
        with torch.enable_grad() if recorded else torch.inference_mode():
            try:
                ahead = generated.ahead.draw(count) if generated.ahead else [()] * count
                generated.train(rates, ahead, losses)
            except BaseException as error:
                stopped = self._raised(generated, error, len(losses))
            values = torch.stack(losses).detach().reshape(-1).to(torch.float32) if losses else torch.empty(0)
        return values.clone(), stopped

    def _raised(self, generated: Generated, error: BaseException, losses: int) -> Stop:
        line, trace = 0, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == generated.filename:
                line = trace.tb_lineno
                break
            trace = trace.tb_next
        piece, at = generated.where(line) or (Piece(Part.MINIBATCH, "", 0), 0)
        ahead = piece.part in (Part.MINIBATCH, Part.FORWARD)
        return _stop(self.done + losses - (not ahead), piece, at, message_of(error))

    def _blame(self, kept: Kept, at: int) -> Stop:
        """Finds the first tensor that is not finite: in the step ``at`` of this block, or in the one before it."""
        stepwise, done = self.stepwise, self.done
        usual: set[str] = set()
        if at > 0:
            self._parameters.restore(kept)
            usual = {name for name, _ in self._look(stepwise, done)}
            usual = usual if self._parameters.are_finite() else set()
        self._parameters.restore(kept)
        before = max(at - 1, 0)
        self._run(before)
        for step in range(before, at + 1):
            last = self._parameters.kept()
            found = [each for each in self._look(stepwise, done + step) if each[0] not in usual]
            if found and (step == at or not self._parameters.are_finite()):
                name, piece = found[0]
                self._parameters.restore(last)
                what = "gradient" if piece.part in (Part.ANSWERS, Part.AUTOGRAD) else "value"
                message = f"the {what} `{name}` is not finite"
                return {**_stop(done + step, piece, piece.line, message), "name": name}
        loss = stepwise.recipe.loss
        return {**_stop(done + at, stepwise.pieces[0], 0, f"`{loss}` is not finite"), "name": loss}

    def _look(self, stepwise: Stepwise, step: int) -> list[tuple[str, Piece]]:
        """Makes one step, statement by statement; the tensors that come out not finite, in order."""
        found: list[tuple[str, Piece]] = []

        def after(number: int, run: Namespace) -> None:
            piece = stepwise.pieces[number]
            found.extend((name, piece) for name in non_finite(piece, run))

        stepwise.step(self._namespace, self._rate(step), after)
        return found

    def _tried(self, recipe: Recipe) -> tuple[Stop | None, Recipe]:
        """One step, undone: what it raised, and the recipe with the gradients to be reshaped."""
        stepwise, ended = Stepwise(recipe), -1

        def after(number: int, _run: Namespace) -> None:
            nonlocal ended
            ended = number

        with self._parameters.untouched():
            try:
                before = tuple(part for part in Part if part is not Part.UPDATE)
                run = stepwise.step(self._namespace, 0.0, after, before)
                recipe = replace(recipe, shapes=frozenset(_reshaped(recipe.parameters, run)))
            except BaseException as error:
                at = stepwise.pieces[ended + 1]
                return _stop(0, at, at.line, message_of(error)), recipe
        return None, recipe


def _reshaped(parameters: Sequence[str], run: Namespace) -> set[str]:
    """The parameters whose gradient has another shape; raises TypeError or RuntimeError where it fits in no way."""
    found: set[str] = set()
    for name in parameters:
        value, gradient = run[name], run[f"d{name}"]
        if not isinstance(gradient, torch.Tensor):
            raise TypeError(f"d{name} is no tensor but a {type(gradient).__name__}")
        if gradient.shape != value.shape and gradient.numel() == value.numel():
            found.add(name)
        elif gradient.shape != value.shape:
            try:
                gradient.expand(value.shape)
            except RuntimeError:
                shapes = f"{tuple(gradient.shape)}, and {name} is {tuple(value.shape)}"
                raise RuntimeError(f"d{name} is {shapes}") from None
    return found


def _stop(step: int, piece: Piece, line: int, message: str) -> Stop:
    code = piece.code.replace(OWN, "")
    return {"step": step, "part": str(piece.part), "code": code, "line": line, "name": "", "message": message}
