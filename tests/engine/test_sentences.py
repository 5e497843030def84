"""Sentences under a wrong answer: each is true of the person's own numbers, and few say nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import torch
from ninja_tui.engine.judge.judge import judge
from ninja_tui.engine.judge.targets import Targets

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge
from ninja_tui.engine.evaluate.runner import Runner
from ninja_tui.engine.protocol.judging import Evidence
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.engine.workers import reference
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
    targets: Targets
    evidence: Evidence[torch.Tensor]

    @property
    def kind(self) -> str:
        return str(self.verdict.diagnosis.kind) if self.verdict.diagnosis else "error"

    @property
    def message(self) -> str:
        return self.verdict.diagnosis.message if self.verdict.diagnosis else ""


@dataclass
class Recording:
    """A judge that keeps what it was asked."""

    judged: list[tuple[Targets, Evidence[torch.Tensor]]] = field(default_factory=list)

    def __call__(self, targets: Targets, evidence: Evidence[torch.Tensor]) -> Verdict:
        self.judged.append((targets, evidence))
        return judge(targets, evidence)


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
    record = Recording()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "judge", record)
        bench = OneRunner(read_lesson(lesson), Options(), InProcess)
        bench.open()
        for node, code, kinds in answers:
            program = read_program(code, list(bench.facts.shapes), "sentences")
            for verdict in ProgramJudge(bench, program, 20.0).judge_all():
                if verdict.node == node and verdict.status is not Status.PASS:
                    yield Judged(lesson, code, tuple(kinds.split()), verdict, *record.judged[-1])
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
        count, wrong = claims(each.targets, each.evidence, each.message)
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
