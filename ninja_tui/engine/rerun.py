"""Runs the statements of a solutions file in file order, and judges each answer where it is complete.

In two precisions, side by side: in float64 with the reference in the place of every gradient once its answer is
complete, which decides the status; and in float32 with the person's own gradients where they pass, which gives
``cmp``'s columns. So one error stays one error, and a file in which all is right shows what its notebook shows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ninja_tui.engine.verdict import Status, Verdict
from ninja_tui.engine.wire import Broken, TensorData, TimedOut
from ninja_tui.engine.workbench import Runner, Workbench
from ninja_tui.lesson.answers import Program, Step

SCALARS = ("bool", "int", "float")
PRECISIONS = ("float32", "float64")
DOUBLE_TAKES = 3
"""How many times longer than in float32 an answer may take in float64."""


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
    """What running code gave for one gradient: a tensor, or else ``trouble``, with the status it means."""

    tensor: TensorData | None
    status: Status = Status.ERROR
    trouble: str = ""
    output: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class _Taken:
    """What one step gave in one precision: kinds and tensors by gradient."""

    kinds: dict[str, str]
    tensors: dict[str, TensorData]


def stays(verdict: Verdict) -> bool:
    """Whether what follows is computed with the person's own gradient: it passes, and has its tensor's shape."""
    return verdict.passed and verdict.shape == verdict.expected_shape


def verdict_on(bench: Workbench, node: str, outcome: Outcome, double: TensorData | None) -> Verdict:
    """The verdict on what an answer to ``node`` gave in float32, and in float64 where that went well."""
    if outcome.tensor is None:
        blank = Verdict(node, outcome.status, bench.facts.shapes[node], error=outcome.trouble)
        return replace(blank, output=outcome.output, seconds=outcome.seconds)
    tensors = {"float32": outcome.tensor} | ({} if double is None else {"float64": double})
    return replace(bench.judge(node, tensors), output=outcome.output, seconds=outcome.seconds)


def outcome_of(said: dict[str, Any], kind: str, tensor: TensorData | None, expected: Any) -> Outcome:
    """Reads a runner's words on one gradient; ``expected`` is (name of the gradient, shape of its node)."""
    gradient, shape = expected
    output = str(said.get("output", ""))
    if said.get("error"):
        return Outcome(None, trouble=str(said["error"]), output=output)
    if kind == "":
        return Outcome(None, trouble=f"the answer does not bind {gradient}", output=output)
    if tensor is None or (kind in SCALARS and shape != ()):
        return Outcome(None, trouble=f"{gradient} is a {kind}, not a tensor of shape {shape}", output=output)
    return Outcome(tensor, output=output)


class Rerun:
    """One judging of one program, over as many runners as its hangs and crashes cost.

    ``comparisons`` are there after ``judge_all``.
    """

    def __init__(self, bench: Workbench, program: Program, timeout: float) -> None:
        self.comparisons: list[Comparison] = []
        self._bench = bench
        self._program = program
        self._timeout = timeout
        self._dead: dict[int, tuple[Status, str]] = {}
        self._errors: dict[tuple[str, int], str] = {}
        self._seconds: dict[int, float] = {}
        self._referenced: dict[int, list[tuple[str, str]]] = {}
        self._runner = self._fresh(0)

    def judge_all(self, tell: Callable[[str], None] = lambda _: None) -> list[Verdict]:
        """A verdict for each answer of the program, in file order; ``tell`` hears of each node before it runs."""
        verdicts: dict[int, Verdict] = {}
        try:
            for index, step in enumerate(self._program.steps):
                for number in step.answers:
                    tell(self._program.answers[number].node)
                taken = self._run_step(index)
                for number, answer in enumerate(self._program.answers):
                    if answer.last == index:
                        verdicts[number] = self._complete(index, number, taken)
        finally:
            self._runner.close()
        return [verdicts[number] for number in range(len(self._program.answers))]

    def _run_step(self, index: int) -> dict[str, _Taken]:
        """What the step gives in each precision; nothing where it hangs or ends its process."""
        try:
            return {dtype: self._step(self._runner, dtype, index) for dtype in PRECISIONS}
        except (TimedOut, Broken) as error:
            self._bury(index, error)
            self._runner.close()
            self._runner = self._fresh(index)
            return {}

    def _step(self, runner: Runner, dtype: str, index: int) -> _Taken:
        step = self._program.steps[index]
        take = [f"d{answer.node}" for answer in self._program.answers if answer.last == index]
        spent = max((self._seconds.get(number, 0.0) for number in step.answers), default=0.0)
        left = max(0.0, self._timeout - spent) if dtype == PRECISIONS[0] else self._timeout * DOUBLE_TAKES
        started = time.monotonic()
        said, tensors = runner.request(
            {"do": "step", "dtype": dtype, "code": step.code, "line": step.line, "take": take}, left
        )
        for number in step.answers:
            if dtype == PRECISIONS[0]:
                self._seconds[number] = self._seconds.get(number, 0.0) + time.monotonic() - started
            if said.get("error"):
                self._errors.setdefault((dtype, number), _with_line(str(said["error"]), said, step))
        if dtype == PRECISIONS[0]:
            self._note_comparisons(step, said, tensors)
        return _Taken({name: str(kind) for name, kind in said["kinds"].items()}, tensors)

    def _complete(self, index: int, number: int, taken: dict[str, _Taken]) -> Verdict:
        """Judges a complete answer; then, and only then, its node's reference gradient goes to the runner."""
        answer = self._program.answers[number]
        single, double = (self._outcome(dtype, number, taken.get(dtype)) for dtype in PRECISIONS)
        verdict = replace(verdict_on(self._bench, answer.node, single, double.tensor), line=answer.line)
        for dtype in PRECISIONS:
            if dtype == "float64" or not stays(verdict):
                self._referenced.setdefault(index, []).append((dtype, answer.node))
                self._put(self._runner, dtype, answer.node)
        return verdict

    def _outcome(self, dtype: str, number: int, taken: _Taken | None) -> Outcome:
        answer = self._program.answers[number]
        for step in answer.steps:
            if step in self._dead:
                status, trouble = self._dead[step]
                return Outcome(None, status, trouble)
        if (dtype, number) in self._errors or taken is None:
            return Outcome(None, trouble=self._errors.get((dtype, number), "the answer did not run"))
        gradient = f"d{answer.node}"
        expected = (gradient, self._bench.facts.shapes[answer.node])
        outcome = outcome_of({}, taken.kinds.get(gradient, ""), taken.tensors.get(gradient), expected)
        return replace(outcome, seconds=self._seconds.get(number, 0.0))

    def _note_comparisons(self, step: Step, said: dict[str, Any], tensors: dict[str, TensorData]) -> None:
        for number, (label, node) in enumerate(said.get("compared", [])):
            if node in self._bench.facts.shapes:
                seen = self._bench.compare(node, tensors[f"cmp:{number}"])
                self.comparisons.append(Comparison(step.line, str(label), *seen))

    def _bury(self, index: int, error: Exception) -> None:
        if isinstance(error, TimedOut):
            self._dead[index] = (Status.TIMEOUT, f"no end after {self._timeout:g} s")
        else:
            self._dead[index] = (Status.ERROR, "the answer ended its process")

    def _fresh(self, upto: int) -> Runner:
        """A new runner in which the steps before ``upto`` have run, as they did in the one before."""
        answered = {answer.node for answer in self._program.answers}
        read = {name for step in self._program.steps for name in step.reads}
        unanswered = [node for node in self._bench.facts.shapes if node not in answered and f"d{node}" in read]
        while True:
            runner = self._bench.runner()
            for dtype in PRECISIONS:
                runner.begin(dtype)
                for node in unanswered:
                    self._put(runner, dtype, node)
            if self._again(runner, upto):
                return runner
            runner.close()

    def _again(self, runner: Runner, upto: int) -> bool:
        for index in range(upto):
            step = self._program.steps[index]
            for dtype in PRECISIONS:
                if index in self._dead:
                    continue
                body = {"do": "step", "dtype": dtype, "code": step.code, "line": step.line, "take": []}
                try:
                    runner.request(body, self._timeout * DOUBLE_TAKES)
                except (TimedOut, Broken) as error:
                    self._bury(index, error)
                    return False
            for dtype, node in self._referenced.get(index, []):
                self._put(runner, dtype, node)
        return True

    def _put(self, runner: Runner, dtype: str, node: str) -> None:
        runner.put(dtype, node, self._bench.gradient(node, dtype))


def _with_line(error: str, said: dict[str, Any], step: Step) -> str:
    line = int(said.get("line", 0))
    return f"line {line}: {error}" if line > step.line else error
