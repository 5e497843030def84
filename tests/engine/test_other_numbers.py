"""Every bundled lesson can be practised: with another seed and other sizes it runs, and its own solution passes."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge
from ninja_tui.engine.evaluate.typing import LiveJudge, Place
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.errors import UsageError
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.practice.variation import Round, Variation, variations
from ninja_tui.lesson.read import lesson_names, read_lesson
from ninja_tui.lesson.solutions import Solutions, read_solutions
from tests.engine.corpus.after_the_lecture import RIGHT as AFTER_THE_LECTURE
from tests.engine.in_process import InProcess
from tests.helpers import some_names

WRITTEN_OUT = re.compile(r"\b([4-9]|[1-9]\d+)\b|first, second, third")
"""A number in an answer that is one of the sizes of its lesson, or as many names."""


def judged(form: Lesson, seed: int, solutions: Solutions) -> list[Verdict]:
    """The verdicts on all answers; raises UsageError where the lesson does not run."""
    bench = Workbench(form, Options(seed=seed, served=(("names.txt", some_names()),)), InProcess)
    try:
        facts = bench.open()
        return ProgramJudge(bench, solutions.program(form.name, list(facts.shapes)), 10.0).judge_all()
    finally:
        bench.close()


def practised(lesson: Lesson, seed: int, path: Path) -> tuple[Variation, list[Verdict]]:
    """The first form that runs, and the verdicts on the answers in ``path``."""
    for form, variation in variations(lesson, Round(lesson.name, lesson.asks[0], seed, other_sizes=True)):
        with contextlib.suppress(UsageError):
            return variation, judged(form, seed, read_solutions(path, lesson.name))
    raise AssertionError(f"{lesson.name} does not run with another seed")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 77_777])
@pytest.mark.parametrize("name", lesson_names())
def test_a_lessons_own_answers_pass_with_other_numbers(name: str, seed: int) -> None:
    lesson = read_lesson(name)
    assert lesson.solution is not None
    for path in filter(None, (lesson.solution, lesson.textbook)):
        variation, verdicts = practised(lesson, seed, path)
        assert variation.seed == seed
        assert bool(variation.sizes) == (name != "micrograd")  # which is made of single numbers
        assert [(each.node, each.error) for each in verdicts if not each.passed] == []
        assert path != lesson.solution or {each.node for each in verdicts} >= set(lesson.asks)


@pytest.mark.slow
@pytest.mark.parametrize("name", AFTER_THE_LECTURE)
def test_a_right_answer_that_writes_out_no_size_is_right_with_other_sizes(name: str) -> None:
    """In whatever form: what is three by the forward pass's own text is no size."""
    lesson = read_lesson(name)
    form, variation = next(variations(lesson, Round(name, lesson.asks[0], 11, other_sizes=True)))
    bench = Workbench(
        replace(form, asks=lesson.asks), Options(variation.seed, (("names.txt", some_names()),)), InProcess
    )
    try:
        bench.open()
        judge = LiveJudge(bench)
        answers = [(node, code) for node, code in AFTER_THE_LECTURE[name] if not WRITTEN_OUT.search(code)]
        assert len(answers) > 5
        found = [(code, judge.evaluate(code, Place(node))) for node, code in answers]
        judge.close()
    finally:
        bench.close()
    assert [(code, verdict.diagnosis, verdict.error) for code, verdict in found if not verdict.passed] == []


@pytest.mark.slow
def test_an_answer_with_a_size_written_out_fails_with_other_sizes_and_passes_with_the_lessons_own() -> None:
    lesson = read_lesson("names")
    answer = Solutions("dlogprobs = torch.zeros_like(logprobs)\ndlogprobs[range(32), Yb] = -1 / 32", "mine.py", "names")
    form, _ = next(variations(lesson, Round("names", "logprobs", 5, other_sizes=True)))
    (own,), (other,) = judged(lesson, 5, answer), judged(form, 5, answer)
    assert (own.status, other.status) == (Status.PASS, Status.ERROR)
