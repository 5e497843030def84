"""Runs the statements of a solutions file in file order, in every world, and judges each answer where it is complete.

The worlds run side by side, statement by statement. Once an answer is complete, and has left the runner, its node's
upstream gradient for that world goes into its place: so one error stays one error. Only in SINGLE, which gives
``cmp``'s columns, a gradient that passes stays the person's own, so that a file in which all is right shows what
its notebook shows.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from textwrap import shorten
from typing import Any

from ninja_tui.engine.evaluate.bench import Case, Runner, Workbench
from ninja_tui.engine.protocol.verdict import Diagnosis, Status, Verdict, Warning
from ninja_tui.engine.protocol.wire import Broken, TensorData, TimedOut
from ninja_tui.engine.protocol.worlds import DECIDING, World
from ninja_tui.lesson.locations import place
from ninja_tui.lesson.program import Answer, Program, ProgramStatement
from ninja_tui.lesson.syntax.dependencies import dependencies_after, traits_of
from ninja_tui.lesson.syntax.names import assigned, changed

MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What reading a reply raises that is not what a runner of ours says."""
UNKNOWN_NAME = re.compile(r"NameError: name '(\w+)' is not defined")
SCALARS = ("bool", "int", "float")
REPLACED = (World.LOCAL, *DECIDING)
"""The worlds in which a complete answer makes place for the reference's, or a random, gradient."""
OTHERS = (*REPLACED, World.CHAINED)
WORLDS = (World.FLOAT32, *OTHERS)
OTHERS_TAKE = 3 * len(OTHERS)
"""How many times longer than once in float32 an answer may take in all other worlds."""


@dataclass(frozen=True)
class Comparison:
    """A ``cmp('name', dx, x)`` that a file makes, where it stands: recorded, and no part of the status."""

    line: int
    label: str
    exact: bool
    approximate: bool
    maxdiff: float | None


@dataclass(frozen=True)
class Outcome:
    """What running code gave for one gradient in one world: a tensor, or else ``trouble``, and the status it means."""

    tensor: TensorData | None
    status: Status = Status.ERROR
    trouble: str = ""


@dataclass(frozen=True)
class _Taken:
    """What one step gave in one world: kinds and tensors by gradient."""

    kinds: dict[str, str]
    tensors: dict[str, TensorData]


@dataclass
class _Log:
    """What the steps so far did that they should not: by gradient a line; by name of the lesson its last change."""

    changed: dict[str, int] = field(default_factory=dict)
    clobbered: dict[str, tuple[str, int]] = field(default_factory=dict)


def stays(verdict: Verdict) -> bool:
    """Whether what follows is computed with the person's own gradient: it passes, and has its tensor's shape."""
    return verdict.passed and verdict.shape == verdict.expected_shape


def outcome_of(said: dict[str, Any], kind: str, tensor: TensorData | None, expected: Any) -> Outcome:
    """Reads a runner's words on one gradient; ``expected`` is (name of the gradient, shape of its node)."""
    gradient, shape = expected
    if said.get("error"):
        return Outcome(None, trouble=str(said["error"]))
    if kind == "":
        return Outcome(None, trouble=f"the answer does not bind {gradient}")
    if tensor is None or (kind in SCALARS and shape != ()):
        return Outcome(None, trouble=f"{gradient} is a {kind}, not a tensor of shape {shape}")
    return Outcome(tensor)


class Rerun:
    """One judging of one program, over as many runners as its hangs and crashes cost.

    ``comparisons`` are there after ``judge_all``.
    """

    def __init__(self, bench: Workbench, program: Program, timeout: float) -> None:
        self.comparisons: list[Comparison] = []
        self._bench = bench
        self._program = program
        self._timeout = timeout
        self._named = {bench.gradient_name(node): node for node in bench.facts.shapes}
        self._gradients = frozenset(self._named) | {answer.gradient for answer in program.answers}
        self._dead: dict[int, tuple[Status, str]] = {}
        self._errors: dict[tuple[World, int], str] = {}
        self._seconds: dict[int, float] = {}
        self._puts: dict[int, list[tuple[str, str, tuple[World, ...]]]] = {}
        self._complete: dict[str, int] = {}
        self._log = _Log()
        self._more: dict[int, bool] = {}
        self._verdicts: dict[int, Verdict] = {}
        self._runner = self._fresh(0)

    def judge_all(self, tell: Callable[[str], None] = lambda _: None) -> list[Verdict]:
        """A verdict for each answer of the program, in file order; ``tell`` hears of each node before it runs."""
        try:
            for index, step in enumerate(self._program.steps):
                for number in step.answers:
                    tell(self._program.answers[number].node)
                taken = self._run_step(index)
                for number, answer in enumerate(self._program.answers):
                    if answer.last == index:
                        self._verdicts[number] = self._judge(number, taken)
                        self._replace(index, number)
        finally:
            self._runner.close()
        return [self._verdicts[number] for number in range(len(self._program.answers))]

    def _run_step(self, index: int) -> dict[World, _Taken]:
        """What the step gives in each world; nothing where it hangs or ends its process."""
        step = self._program.steps[index]
        spent = max((self._seconds.get(number, 0.0) for number in step.answers), default=0.0)
        started = time.monotonic()
        try:
            taken = self._step(index, (World.FLOAT32,), max(0.0, self._timeout - spent))
            for number in step.answers:
                self._seconds[number] = self._seconds.get(number, 0.0) + time.monotonic() - started
            return taken | self._step(index, OTHERS, self._timeout * OTHERS_TAKE)
        except (TimedOut, Broken) as error:
            self._bury(index, error)
            self._runner.close()
            self._runner = self._fresh(index)
            return {}

    def _step(self, index: int, worlds: tuple[World, ...], timeout: float) -> dict[World, _Taken]:
        step = self._program.steps[index]
        take = [answer.gradient for answer in self._program.answers if answer.last == index]
        own = {self._program.answers[number].gradient for number in step.answers}
        watch = [gradient for gradient in self._complete if gradient not in own]
        body = {"do": "step", "worlds": worlds, "code": step.code, "line": step.line, "take": take, "watch": watch}
        body["own"] = sorted(own)
        said, tensors = self._runner.request(body, timeout)
        try:
            return self._read(index, worlds, said, tensors, take)
        except MALFORMED:
            raise Broken("no answer to a step") from None

    def _read(
        self, index: int, worlds: tuple[World, ...], said: Any, tensors: dict[str, TensorData], take: list[str]
    ) -> dict[World, _Taken]:
        """What a runner says of a step, and what it means; raises one of MALFORMED where it says nonsense."""
        step = self._program.steps[index]
        taken = {}
        for world in worlds:
            words = said[world]
            for number in step.answers:
                if words.get("error"):
                    self._errors.setdefault((world, number), self._with_line(str(words["error"]), words, step))
            given = {name: tensors[f"{world}:{name}"] for name in take if f"{world}:{name}" in tensors}
            taken[world] = _Taken({name: str(kind) for name, kind in words["kinds"].items()}, given)
        if World.FLOAT32 in worlds:
            self._note_comparisons(step, said[World.FLOAT32], tensors)
        if World.LOCAL in worlds:
            self._note_damage(index, said[World.LOCAL])
        return taken

    def _judge(self, number: int, taken: dict[World, _Taken]) -> Verdict:
        answer = self._program.answers[number]
        outcomes = {world: self._outcome(world, number, taken.get(world)) for world in WORLDS}
        single = outcomes[World.FLOAT32]
        traits = self._traits(answer)
        case = Case(
            node=answer.node,
            gradients={world: each.tensor for world, each in outcomes.items() if each.tensor is not None},
            errors={world: each.trouble for world, each in outcomes.items() if each.tensor is None},
            traits=traits,
        )
        verdict = self._bench.judge(case)
        if not verdict.passed and single.status is not Status.TIMEOUT:
            verdict = self._with_names_restored(case, answer) or verdict
        if single.tensor is None:
            verdict = replace(verdict, status=single.status, error=single.trouble)
        return replace(verdict, named=answer.gradient, line=answer.line, seconds=self._seconds.get(number, 0.0))

    def _with_names_restored(self, case: Case, answer: Answer) -> Verdict | None:
        """The verdict with the diagnosis that names of the lesson were clobbered before, if that is the mistake."""
        by = {
            name: where for name, where in self._log.clobbered.items()
            if name in case.traits.depends and where[0] != answer.node
        }  # fmt: skip
        if not by:
            return None
        code = "\n".join(self._program.steps[index].code for index in answer.steps)
        body = {"do": "try", "worlds": [World.LOCAL], "code": code, "name": answer.gradient, "restore": sorted(by)}
        try:
            _, tensors = self._runner.request(body, self._timeout)
        except (TimedOut, Broken):
            self._runner.close()
            self._runner = self._fresh(answer.last + 1)
            return None
        clobbered = [(name, node, self._place(line)) for name, (node, line) in by.items()]
        verdict = self._bench.judge(replace(case, restored=tensors.get(World.LOCAL), clobbered=clobbered))
        if verdict.diagnosis is not None and verdict.diagnosis.kind == "clobbered":
            for node in {node for node, _ in by.values() if node}:
                self._warn(node, Warning.CLOBBERS, None)
            return verdict
        return None

    def _replace(self, index: int, number: int) -> None:
        """Puts upstream gradients in the place of a complete answer, which has left the runner by now."""
        answer, verdict = self._program.answers[number], self._verdicts[number]
        worlds = REPLACED if stays(verdict) else (World.FLOAT32, *REPLACED)
        self._puts.setdefault(index, []).append((answer.node, answer.gradient, worlds))
        self._put(self._runner, answer.node, answer.gradient, worlds)
        self._complete[answer.gradient] = number
        self._named[answer.gradient] = answer.node

    def _outcome(self, world: World, number: int, taken: _Taken | None) -> Outcome:
        answer = self._program.answers[number]
        for step in answer.steps:
            if step in self._dead:
                status, trouble = self._dead[step]
                return Outcome(None, status, trouble)
        if (world, number) in self._errors or taken is None:
            return Outcome(None, trouble=self._errors.get((world, number), "the answer did not run"))
        gradient = answer.gradient
        expected = (gradient, self._bench.facts.shapes[answer.node])
        return outcome_of({}, taken.kinds.get(gradient, ""), taken.tensors.get(gradient), expected)

    def _traits(self, answer: Answer) -> Any:
        steps = self._program.steps
        loose = [step.code for index, step in enumerate(steps[: answer.last]) if self._binds_more(index)]
        before = dependencies_after(loose, self._gradients)
        traits = traits_of([steps[index].code for index in answer.steps], before, self._gradients)
        named = self._named | {answer.gradient: answer.node}
        known = {name: self._bench.gradient_name(named[name]) for name in traits.depends if name in named}
        return replace(traits, depends=frozenset(known.get(name, name) for name in traits.depends))

    def _binds_more(self, index: int) -> bool:
        """Whether a step binds names beside gradients, by which an answer may depend on others."""
        if index not in self._more:
            trees = ast.parse(self._program.steps[index].code).body
            names = {name for tree in trees for name in assigned(tree) | changed(tree)}
            self._more[index] = bool(names - self._gradients)
        return self._more[index]

    def _note_comparisons(self, step: ProgramStatement, said: dict[str, Any], tensors: dict[str, TensorData]) -> None:
        for number, (label, node) in enumerate(said.get("compared", [])):
            if node in self._bench.facts.shapes:
                seen = self._bench.compare(node, tensors[f"cmp:{World.FLOAT32}:{number}"])
                self.comparisons.append(Comparison(step.line, str(label), *seen))

    def _note_damage(self, index: int, said: dict[str, Any]) -> None:
        """A step that changes other gradients, or binds the lesson's names anew: noted, and the former mended."""
        step = self._program.steps[index]
        nodes = [self._program.answers[number].node for number in sorted(step.answers)]
        for gradient in said["changed"]:
            number = self._complete[str(gradient)]
            code = shorten(step.code, 60, placeholder=" …")
            message = f"{self._place(step.line)}, `{code}`, changes {gradient} too: the two names are one tensor"
            self._warn(self._program.answers[number].node, Warning.ALIASING, Diagnosis("aliasing", message))
            node = self._program.answers[number].node
            self._puts.setdefault(index, []).append((node, gradient, REPLACED))
            self._put(self._runner, node, gradient, REPLACED)
        for name in said["clobbered"]:
            self._log.clobbered[str(name)] = (nodes[0] if nodes else "", step.line)

    def _warn(self, node: str, warning: Warning, diagnosis: Diagnosis | None) -> None:
        for number, verdict in self._verdicts.items():
            if verdict.node == node and verdict.passed and warning not in verdict.warnings:
                self._verdicts[number] = replace(
                    verdict, warnings=(*verdict.warnings, warning), diagnosis=diagnosis or verdict.diagnosis
                )

    def _bury(self, index: int, error: Exception) -> None:
        if isinstance(error, TimedOut):
            self._dead[index] = (Status.TIMEOUT, f"no end after {self._timeout:g} s")
        else:
            self._dead[index] = (Status.ERROR, "the answer ended its process")

    def _fresh(self, upto: int) -> Runner:
        """A new runner in which the steps before ``upto`` have run, as they did in the one before."""
        answered = {answer.node for answer in self._program.answers}
        read = {name for step in self._program.steps for name in step.reads}
        names = {node: self._bench.gradient_name(node) for node in self._bench.facts.shapes if node not in answered}
        unanswered = {node: name for node, name in names.items() if name in read and not self._program.whole}
        while True:
            runner = self._bench.runner()
            runner.begin(WORLDS, read)
            for node, name in unanswered.items():
                self._put(runner, node, name, WORLDS)
            if self._again(runner, upto):
                return runner
            runner.close()

    def _again(self, runner: Runner, upto: int) -> bool:
        for index in range(upto):
            step = self._program.steps[index]
            if index not in self._dead:
                body = {
                    "do": "step",
                    "worlds": WORLDS,
                    "code": step.code,
                    "line": step.line,
                    "take": [],
                    "watch": [],
                    "own": [],
                }
                try:
                    runner.request(body, self._timeout * OTHERS_TAKE)
                except (TimedOut, Broken) as error:
                    self._bury(index, error)
                    return False
            for node, name, worlds in self._puts.get(index, []):
                self._put(runner, node, name, worlds)
        return True

    def _put(self, runner: Runner, node: str, name: str, worlds: Iterable[World]) -> None:
        runner.put(node, name, {world: self._bench.gradient(node, world) for world in worlds})

    def _with_line(self, error: str, said: dict[str, Any], step: ProgramStatement) -> str:
        line = int(said.get("line", 0))
        absent = UNKNOWN_NAME.fullmatch(error)
        if absent and absent[1] in self._named and self._program.whole:
            error = f"{error}; before this no gradient of `{self._named[absent[1]]}` is computed in this pass"
        return f"{self._place(line)}: {error}" if line > step.line else error

    def _place(self, line: int) -> str:
        return place(line, self._bench.lesson.starts)
