"""Runs the statements of a solutions file in file order, and judges each answer where it is complete.

Twice: in float64 with the reference in the place of every gradient once its answer is complete, which decides
the status; and in float32 with the person's own gradients where they pass, which gives ``cmp``'s columns. So one
error stays one error, and a file in which all is right shows what its notebook shows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ninja_tui.engine.verdict import Status, Verdict
from ninja_tui.engine.wire import Broken, TensorData, TimedOut
from ninja_tui.engine.workbench import Runner, Workbench
from ninja_tui.lesson.answers import Answer, Program, Step

SCALARS = ("bool", "int", "float")


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


Settle = Callable[[int, Outcome], bool]
"""Takes the number of a complete answer and its outcome; says whether the reference goes in its place."""


class Rerun:
    """One judging of one program. ``comparisons`` are there after ``judge_all``."""

    def __init__(self, bench: Workbench, program: Program, timeout: float) -> None:
        self._bench = bench
        self._program = program
        self._timeout = timeout
        self._dead: dict[int, tuple[Status, str]] = {}
        self._double: dict[int, TensorData] = {}
        self._verdicts: dict[int, Verdict] = {}
        self.comparisons: list[Comparison] = []

    def judge_all(self) -> list[Verdict]:
        """A verdict for each answer of the program, in file order."""
        _Run(self, "float64", self._keep_double).whole()
        _Run(self, "float32", self._judge).whole()
        return [self._verdicts[number] for number in range(len(self._program.answers))]

    def _keep_double(self, number: int, outcome: Outcome) -> bool:
        if outcome.tensor is not None:
            self._double[number] = outcome.tensor
        return True

    def _judge(self, number: int, outcome: Outcome) -> bool:
        answer = self._program.answers[number]
        verdict = verdict_on(self._bench, answer.node, outcome, self._double.get(number))
        self._verdicts[number] = replace(verdict, line=answer.line)
        return not stays(verdict)


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


class _Run:
    """The program from top to bottom in one precision, over as many runners as its hangs and crashes cost."""

    def __init__(self, rerun: Rerun, dtype: str, settle: Settle) -> None:
        self._rerun, self._dtype, self._settle = rerun, dtype, settle
        self._bench, self._program = rerun._bench, rerun._program
        self._used: dict[int, float] = {}
        self._errors: dict[int, str] = {}
        self._references: dict[int, list[str]] = {}

    def whole(self) -> None:
        runner = self._fresh(0)
        try:
            for index in range(len(self._program.steps)):
                said, tensors = None, {}
                if index not in self._rerun._dead:
                    try:
                        said, tensors = self._step(runner, index)
                    except (TimedOut, Broken) as error:
                        self._bury(index, error)
                        runner.close()
                        runner = self._fresh(index)
                for number, answer in enumerate(self._program.answers):
                    if answer.last == index:
                        self._complete(runner, index, number, said, tensors)
        finally:
            runner.close()

    def _complete(
        self, runner: Runner, index: int, number: int, said: dict[str, Any] | None, tensors: dict[str, TensorData]
    ) -> None:
        answer = self._program.answers[number]
        outcome = self._outcome(answer, number, said, tensors)
        if self._settle(number, outcome):
            self._references.setdefault(index, []).append(answer.node)
            runner.put(self._dtype, answer.node, self._bench.gradient(answer.node, self._dtype))

    def _outcome(
        self, answer: Answer, number: int, said: dict[str, Any] | None, tensors: dict[str, TensorData]
    ) -> Outcome:
        for step in answer.steps:
            if step in self._rerun._dead:
                status, trouble = self._rerun._dead[step]
                return Outcome(None, status, trouble)
        if number in self._errors or said is None:
            return Outcome(None, trouble=self._errors.get(number, ""))
        gradient = f"d{answer.node}"
        expected = (gradient, self._bench.facts.shapes[answer.node])
        outcome = outcome_of({}, str(said["kinds"].get(gradient, "")), tensors.get(gradient), expected)
        return replace(outcome, seconds=self._used.get(number, 0.0))

    def _step(self, runner: Runner, index: int) -> tuple[dict[str, Any], dict[str, TensorData]]:
        step = self._program.steps[index]
        take = [f"d{answer.node}" for answer in self._program.answers if answer.last == index]
        spent = max((self._used.get(number, 0.0) for number in step.answers), default=0.0)
        started = time.monotonic()
        said, tensors = runner.request(
            {"do": "step", "dtype": self._dtype, "code": step.code, "line": step.line, "take": take},
            max(0.0, self._rerun._timeout - spent),
        )
        for number in step.answers:
            self._used[number] = self._used.get(number, 0.0) + time.monotonic() - started
            if said.get("error"):
                self._errors.setdefault(number, _with_line(str(said["error"]), said, step))
        if self._dtype == "float32":
            self._note_comparisons(step, said, tensors)
        return said, tensors

    def _note_comparisons(self, step: Step, said: dict[str, Any], tensors: dict[str, TensorData]) -> None:
        for number, (label, node) in enumerate(said.get("compared", [])):
            if node in self._bench.facts.shapes:
                seen = self._bench.compare(node, tensors[f"cmp:{number}"])
                self._rerun.comparisons.append(Comparison(step.line, str(label), *seen))

    def _bury(self, index: int, error: Exception) -> None:
        if isinstance(error, TimedOut):
            trouble = (Status.TIMEOUT, f"no end after {self._rerun._timeout:g} s")
        else:
            trouble = (Status.ERROR, "the answer ended its process")
        self._rerun._dead[index] = trouble

    def _fresh(self, upto: int) -> Runner:
        """A new runner in which the steps before ``upto`` have run, as they did in the one before."""
        while True:
            runner = self._bench.runner()
            runner.begin(self._dtype)
            answered = {answer.node for answer in self._program.answers}
            read = {name for step in self._program.steps for name in step.reads}
            for node in self._bench.facts.shapes:
                if node not in answered and f"d{node}" in read:
                    runner.put(self._dtype, node, self._bench.gradient(node, self._dtype))
            if self._again(runner, upto):
                return runner
            runner.close()

    def _again(self, runner: Runner, upto: int) -> bool:
        for index in range(upto):
            if index not in self._rerun._dead:
                step = self._program.steps[index]
                body = {"do": "step", "dtype": self._dtype, "code": step.code, "line": step.line, "take": []}
                try:
                    runner.request(body, self._rerun._timeout)
                except (TimedOut, Broken) as error:
                    self._bury(index, error)
                    return False
            for node in self._references.get(index, []):
                runner.put(self._dtype, node, self._bench.gradient(node, self._dtype))
        return True


def _with_line(error: str, said: dict[str, Any], step: Step) -> str:
    line = int(said.get("line", 0))
    return f"line {line}: {error}" if line > step.line else error
