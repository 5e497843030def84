"""What is known already is not asked or computed again, from file to file and from answer to answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeVar

import pytest
import torch

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge
from ninja_tui.engine.evaluate.typing import LiveJudge, Place
from ninja_tui.engine.judge.network import World
from ninja_tui.engine.protocol.answering import Ping
from ninja_tui.engine.protocol.judging import PlanTrials
from ninja_tui.engine.protocol.messages import Request
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.engine.recording.record import Leaf, Number, Operation
from ninja_tui.engine.workers.run import Run
from ninja_tui.lesson.graph import parse
from ninja_tui.lesson.program import Program, read_program
from ninja_tui.lesson.read import read_lesson
from ninja_tui.lesson.solutions import Solutions
from tests.engine.in_process import InProcess

R = TypeVar("R")
LESSON = read_lesson("micrograd")
ASKED: Counter[type] = Counter()


class Counting(InProcess):
    """Counts what is asked."""

    def request(self, request: Request[R], timeout: float) -> R:
        ASKED[type(request)] += 1
        return super().request(request, timeout)


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    opened = Workbench(LESSON, Options(), Counting)
    opened.open()
    yield opened
    opened.close()


def solution(bench: Workbench) -> Program:
    assert LESSON.solution is not None
    return read_program(LESSON.solution.read_text(encoding="utf-8"), list(bench.facts.shapes), "solution.py")


def judged(bench: Workbench) -> tuple[list[Verdict], Counter[type]]:
    """The verdicts on a file, and what was asked for them."""
    ASKED.clear()
    verdicts = ProgramJudge(bench, solution(bench), 5.0).judge_all()
    return verdicts, Counter(ASKED)


def test_trials_that_were_planned_for_one_file_are_there_for_the_next(bench: Workbench) -> None:
    judged(bench)
    verdicts, asked = judged(bench)
    assert {verdict.status for verdict in verdicts} == {Status.PASS}
    assert asked[PlanTrials] == 0


def test_a_process_that_has_just_answered_is_not_asked_whether_it_is_there(bench: Workbench) -> None:
    _, asked = judged(bench)
    assert 0 < asked[Ping] <= len(solution(bench).steps) + 5  # a slow machine may leave time between two requests


def test_a_gradient_further_up_costs_its_own_operations_in_float64_not_all_before_it() -> None:
    loss = torch.ones(())
    run = Run({"loss": loss, "dloss": loss.clone()}, [{"loss": loss.double()}], frozenset(), ("loss", "dloss"))
    run.execute("d0 = dloss * 2", 1, ["d0"])
    run.keep("n0", "d0")
    counts = []
    for step in range(1, 12):
        run.execute(f"d{step} = d{step - 1} * 2", 1, [f"d{step}"])
        value = run.namespace[f"d{step}"]
        before = run._completed.copy()
        assert run.chained(value) == 2.0 ** (step + 1)
        needed = run.recorder.record.needed([run.recorder.number(value)], before)
        counts.append(sum(isinstance(run.recorder.record.steps[each], Leaf | Operation) for each in needed))
        run.keep(f"n{step}", f"d{step}")
    assert set(counts[1:]) == {1}


def test_a_file_is_parsed_once_for_all_that_is_asked_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def counted(source: str, first_line: int, where: str) -> object:
        parsed.append(source)
        return parse(source, first_line, where)

    monkeypatch.setattr("ninja_tui.lesson.program.parse", counted)
    nodes = [node.name for node in LESSON.nodes]
    text = "# %% lesson: micrograd\n" + "".join(f"# %% {node}\nd{node} = 1.0\n" for node in nodes)
    solutions = Solutions(text, "counted.py", "names")
    solutions.program("micrograd", nodes)
    assert set(solutions.answers("micrograd", nodes)) == set(nodes)
    assert [each for each in parsed if each.strip()] == [text]


def test_a_second_wrong_answer_to_a_node_costs_no_backward_pass(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[object] = []
    pulled = World._pulled

    def counted(self: World, *args: Any, **kwargs: Any) -> dict[Number, torch.Tensor]:
        passes.append(args)
        return pulled(self, *args, **kwargs)

    monkeypatch.setattr(World, "_pulled", counted)
    judge = LiveJudge(bench)
    verdicts = [judge.evaluate(f"dn2 = (1 - o**2) * do * {factor}", Place("n2")) for factor in (2, 3)]
    first = len(passes)
    again = judge.evaluate("dn2 = (1 - o**2) * do * 4", Place("n2"))
    judge.close()
    assert [each.status for each in (*verdicts, again)] == [Status.FAIL] * 3
    assert 0 < first == len(passes)
