"""Sentences under a wrong answer: each is true of the person's own numbers, and few say nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge
from ninja_tui.engine.evaluate.runner import Runner
from ninja_tui.engine.judge import assess
from ninja_tui.engine.judge.case import Case
from ninja_tui.engine.judge.diagnosis import diagnose
from ninja_tui.engine.judge.evidence import Observed
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Status, Verdict
from ninja_tui.lesson.program import read_program
from ninja_tui.lesson.read import read_lesson
from tests.engine.corpus.answers import EVERY, MUTANTS
from tests.engine.corpus.as_people_err import WRONG
from tests.engine.corpus.claims import claims
from tests.engine.in_process import InProcess

MOST_UNKNOWN = 0.1


@dataclass(frozen=True)
class Judged:
    lesson: str
    code: str
    kinds: tuple[str, ...]
    verdict: Verdict
    diagnosed: tuple[Case, Observed] | None
    """What the diagnosis was drawn from; None where there was nothing to look at but what the answer reads."""

    @property
    def kind(self) -> str:
        return str(self.verdict.diagnosis.kind) if self.verdict.diagnosis else "error"

    @property
    def message(self) -> str:
        return self.verdict.diagnosis.message if self.verdict.diagnosis else ""


@dataclass
class Keeping:
    """A diagnosis that keeps what it was asked, with what it found."""

    asked: list[tuple[Case, Observed, Diagnosis | None]] = field(default_factory=list)

    def __call__(self, case: Case, observed: Observed) -> Finding | None:
        finding = diagnose(case, observed)
        self.asked.append((case, observed, None if finding is None else finding.diagnosis))
        return finding

    def behind(self, verdict: Verdict) -> tuple[Case, Observed] | None:
        """What the diagnosis of a verdict was drawn from."""
        for case, observed, diagnosis in reversed(self.asked):
            if observed.node == verdict.node and diagnosis == verdict.diagnosis:
                return case, observed
        return None


class KeptRunner(Runner):
    def close(self) -> None:
        """It serves one program after another."""


class OneRunner(Workbench):
    """A workbench without processes and with one runner."""

    _kept: KeptRunner | None = None

    def runner(self) -> Runner:
        if self._kept is None:
            self._kept = KeptRunner(super().runner()._worker)
        return self._kept


def judged(lesson: str, answers: list[tuple[str, str, str]]) -> Iterator[Judged]:
    """Each answer by itself: what is upstream is the reference's."""
    keeping = Keeping()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assess, "diagnose", keeping)
        bench = OneRunner(read_lesson(lesson), Options(), InProcess)
        bench.open()
        for node, code, kinds in answers:
            program = read_program(code, list(bench.facts.shapes), "sentences")
            keeping.asked.clear()
            for verdict in list(ProgramJudge(bench, program, 20.0).judge_all()):
                if verdict.node == node and verdict.status is not Status.PASS:
                    yield Judged(lesson, code, tuple(kinds.split()), verdict, keeping.behind(verdict))
        bench.close()


@pytest.fixture(scope="module")
def as_people_err() -> list[Judged]:
    return [each for lesson, answers in WRONG.items() for each in judged(lesson, answers)]


@pytest.fixture(scope="module")
def mutants() -> list[Judged]:
    own = [(mutant.node, mutant.code, "") for mutant in MUTANTS[::EVERY] if mutant.kinds]
    return list(judged("names", own))


def test_few_wrong_answers_are_of_no_known_kind(as_people_err: list[Judged]) -> None:
    unknown = [(each.lesson, each.code) for each in as_people_err if each.kind in {"unknown", "error"}]
    assert len(unknown) <= MOST_UNKNOWN * len(as_people_err), unknown


def test_the_kind_is_one_that_names_the_mistake(as_people_err: list[Judged]) -> None:
    assert [(e.lesson, e.code, e.kind, e.message) for e in as_people_err if e.kinds and e.kind not in e.kinds] == []


@pytest.mark.parametrize("source", ["as_people_err", "mutants"])
def test_what_a_sentence_counts_is_so(source: str, request: pytest.FixtureRequest) -> None:
    false: list[str] = []
    counted = 0
    answers: list[Judged] = request.getfixturevalue(source)
    for each in answers:
        if each.diagnosed is None:
            assert each.kind == Kind.CIRCULAR, (each.code, each.verdict)
            continue
        count, wrong = claims(*each.diagnosed, each.message)
        counted += count
        false += [f"{each.lesson}: {each.code!r}: {word}" for word in wrong]
    assert false == []
    assert counted > len(answers) / 4


def test_every_name_in_a_sentence_stands_in_the_lesson(as_people_err: list[Judged], mutants: list[Judged]) -> None:
    texts = {name: read_lesson(name).path.read_text(encoding="utf-8") for name in WRONG}
    for each in (*as_people_err, *mutants):
        names = {name for quoted in re.findall(r"`([^`]+)`", each.message) for name in re.findall(r"\w+", quoted)}
        known = set(re.findall(r"\w+", texts[each.lesson])) | {"grad"}
        strange = {name for name in names if name not in known and name.removeprefix("d") not in known}
        assert strange == set(), each.message


@pytest.mark.parametrize(("lesson", "node"), [("rmsnorm", "W2"), ("rmsnorm", "gain"), ("layernorm", "err")])
def test_autograds_own_numbers_typed_in_are_right_for_these_numbers_only(lesson: str, node: str) -> None:
    """They are float32's, so in float64 each is off by a rounding, which is no mistake of its own."""
    read = read_lesson(lesson)
    bound: dict[str, Any] = {}
    for cell in (read.setup, read.minibatch, read.forward):
        exec(cell.source, bound)
    (gradient,) = torch.autograd.grad(bound["loss"], bound[node])
    bench = Workbench(read, Options(), InProcess)
    try:
        bench.open()
        program = read_program(f"d{node} = torch.tensor({gradient.tolist()})", [node], lesson)
        (verdict,) = (each for each in ProgramJudge(bench, program, 20.0).judge_all() if each.node == node)
    finally:
        bench.close()
    assert (verdict.status, verdict.exact, verdict.diagnosis and verdict.diagnosis.kind) == (
        Status.FAIL,
        True,
        Kind.UNKNOWN,
    )
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.message.startswith("right for these numbers only")
