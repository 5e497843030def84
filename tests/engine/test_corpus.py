"""The mutation corpus: no wrong gradient passes, no right one fails, and the kind of mistake is named.

Answers take their nodes' places in the lesson's own solution, and whole programs are judged. A program holds wrong
answers at every third node at most, so that what one does to others is seen; those that do harm elsewhere stand alone.
That wrong answers are wrong, and right ones right, is checked here by autograd, beside the judge.
"""

from __future__ import annotations

import ast
import functools
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import pytest
import torch

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge
from ninja_tui.engine.evaluate.runner import Runner
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.lesson.program import read_program
from ninja_tui.lesson.read import read_lesson
from tests.engine.corpus.mutants import READERS, SHAPES, Mutant, mutants, names, solution, typed_in
from tests.engine.corpus.right import Right, right_answers

EVERY = int(os.environ.get("CORPUS_EVERY", "1"))
"""Judge only every so manieth answer."""
CAPABILITIES = ("default", "avx2")
SEEDS = (1, 7, 42)
FEWEST_MUTANTS, FEWEST_RIGHT = 250, 60
MOST_UNKNOWN = 0.05
TIMEOUT = 20.0
SMALL = 1000
"""Integers up to here are sizes, places and lines."""

Namespace = dict[str, Any]


# What is true: the lesson's statements and autograd, and no part of the engine.


@functools.cache
def drawn() -> Namespace:
    """The lesson's names after its set-up and the first minibatch."""
    lesson = read_lesson("names")
    namespace: Namespace = {"__name__": "lesson"}
    exec(lesson.setup.source, namespace)
    exec(lesson.minibatch.source, namespace)
    return namespace


class Universe:
    """One forward pass in float64, and the gradients that stand upstream there."""

    def __init__(self, *, elsewhere: bool = False) -> None:
        lesson = read_lesson("names")
        self.names: Namespace = dict(drawn())
        generator = torch.Generator().manual_seed(5)
        if elsewhere:
            rows = torch.randint(0, self.names["Xtr"].shape[0], (32,), generator=generator)
            self.names |= {"Xb": self.names["Xtr"][rows], "Yb": self.names["Ytr"][rows]}
        for name in lesson.parameters:
            value = self.names[name].detach().double()
            shaken = 0.2 * torch.randn(value.shape, generator=generator, dtype=torch.float64) if elsewhere else 0.0
            self.names[name] = (value + shaken).requires_grad_()
        self.statements = [(each.code, each.binds[0], each.reads) for each in lesson.statements]
        for code, bound, _ in self.statements:
            exec(code, self.names)
            self.names[bound].retain_grad()
        self.names["loss"].backward()
        self.true = {node: self.names[node].grad.clone() for node in SHAPES}
        self.names = {
            name: value.detach() if isinstance(value, torch.Tensor) else value for name, value in self.names.items()
        }

    def expected(self, node: str, upstream: dict[str, torch.Tensor]) -> torch.Tensor:
        """The sum of what autograd gives for each statement that reads ``node``."""
        total = torch.zeros_like(self.names[node])
        for code, bound, read in self.statements:
            if node in read:
                leaf = self.names[node].clone().requires_grad_()
                namespace = {**self.names, node: leaf}
                exec(code, namespace)
                above = upstream[bound] if bound in upstream else torch.ones((), dtype=torch.float64)
                total += torch.autograd.grad(namespace[bound], leaf, above)[0]
        return total

    def given(self, code: str, node: str, upstream: dict[str, torch.Tensor]) -> torch.Tensor | None:
        """What ``code`` gives for ``node``; None where it raises or gives no tensor."""
        double = code.replace(".float()", ".double()").replace("torch.float32", "torch.float64")
        gradients = {f"d{name}": gradient.clone() for name, gradient in upstream.items() if name != node}
        read = {name.id for name in ast.walk(ast.parse(code)) if isinstance(name, ast.Name)}
        tensors = {name for name in read & self.names.keys() if isinstance(self.names[name], torch.Tensor)}
        namespace = {**self.names, **{name: self.names[name].clone() for name in tensors}, **gradients}
        torch.set_default_dtype(torch.float64)
        try:
            with torch.no_grad():
                exec(double, namespace)
        except (RuntimeError, IndexError, TypeError):
            return None
        finally:
            torch.set_default_dtype(torch.float32)
        result = namespace[f"d{node}"]
        return result if isinstance(result, torch.Tensor) else None


VACUOUS = ("b1", "logit_maxes")
"""A shift of hprebn, or of the logits, changes no loss."""


@functools.cache
def universe(*, elsewhere: bool) -> Universe:
    return Universe(elsewhere=elsewhere)


@functools.cache
def random_gradients() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    return {node: torch.randn(shape, generator=generator, dtype=torch.float64) for node, shape in SHAPES.items()}


def agrees(node: str, code: str, *, elsewhere: bool = False, random: tuple[str, ...] = ()) -> bool:
    """Whether ``code`` gives autograd's gradient, with random gradients of the nodes ``random`` upstream."""
    world = universe(elsewhere=elsewhere)
    upstream = world.true | {name: random_gradients()[name] for name in random}
    given, wanted = world.given(code, node, upstream), world.expected(node, upstream)
    if given is None:
        return False
    try:
        gap = (given - wanted).abs().max().item()
    except RuntimeError:
        return False
    return math.isfinite(gap) and gap <= 1e-9 * wanted.abs().max().item()


def is_right(node: str, code: str) -> bool:
    """Right for the true gradients upstream, here and elsewhere; or, where those are 0, for random ones.

    A formula that reads an upstream gradient which is 0 must hold for another one in its place too.
    """
    everything = tuple(SHAPES)
    if node in VACUOUS:
        return agrees(node, code, random=everything)
    if not (agrees(node, code) and agrees(node, code, elsewhere=True)):
        return False
    read = {name.id for name in ast.walk(ast.parse(code)) if isinstance(name, ast.Name)}
    reads_upstream = any(f"d{reader}" in read for reader in READERS[node])
    return not reads_upstream or all(agrees(node, code, elsewhere=far, random=VACUOUS) for far in (False, True))


def numbers_of_this_minibatch() -> list[Mutant]:
    values = universe(elsewhere=False).names
    return typed_in(values["Yb"].tolist(), values["logits"].max(1).indices.tolist())


MUTANTS = [*mutants(), *numbers_of_this_minibatch()]
RIGHT = right_answers()
MUTANT_IDS = names([(mutant.node, mutant.rule) for mutant in MUTANTS])
RIGHT_IDS = names([(right.node, right.name) for right in RIGHT])

each_mutant = pytest.mark.parametrize("mutant", MUTANTS[::EVERY], ids=MUTANT_IDS[::EVERY])
each_right = pytest.mark.parametrize("right", RIGHT[::EVERY], ids=RIGHT_IDS[::EVERY])


# The judge's words.


class _Kept(Runner):
    """A runner that serves one program after another: each begins with names of its own."""

    def close(self) -> None:
        """It is ended with the workbench."""

    def end(self) -> None:
        super().close()


class OneRunner(Workbench):
    """A workbench with one runner for all programs: a fresh one each takes most of the time."""

    _kept: _Kept | None = None

    def runner(self) -> Runner:
        if self._kept is None:
            self._kept = _Kept(super().runner()._worker)
        return self._kept

    def close(self) -> None:
        if self._kept is not None:
            self._kept.end()
        super().close()


def program_with(answers: Sequence[Mutant | Right]) -> str:
    """The lesson's solution with these answers in the place of its own."""
    instead = {answer.node: answer.code for answer in answers}
    return "\n".join(instead.get(node, code) for node, code in solution().items())


def verdicts_on(bench: Workbench, source: str) -> list[Verdict]:
    return ProgramJudge(bench, read_program(source, list(SHAPES), "corpus"), TIMEOUT).judge_all()


def programs(answers: Sequence[Mutant | Right]) -> list[list[Mutant | Right]]:
    """The answers that stand in one program together: those to every third node, each node's one after another."""
    queues: dict[int, dict[str, list[Mutant | Right]]] = {}
    alone: list[list[Mutant | Right]] = []
    for answer in answers:
        if isinstance(answer, Mutant) and not answer.kinds:
            alone.append([answer])
        else:
            queues.setdefault(list(SHAPES).index(answer.node) % 3, {}).setdefault(answer.node, []).append(answer)
    together = [
        [each for each in row if each is not None] for queue in queues.values() for row in zip_longest(*queue.values())
    ]
    return [*together, *alone]


PROGRAMS = programs(MUTANTS[::EVERY])
RIGHT_PROGRAMS = programs(RIGHT[::EVERY])


class Judged:
    """The verdicts on programs, each judged once."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._verdicts: dict[int, list[Verdict]] = {}
        self._program = {answer: program for program in (*PROGRAMS, *RIGHT_PROGRAMS) for answer in program}

    def program(self, program: list[Mutant | Right]) -> list[Verdict]:
        if id(program) not in self._verdicts:
            self._verdicts[id(program)] = verdicts_on(self._bench, program_with(program))
        return self._verdicts[id(program)]

    def with_(self, answer: Mutant | Right) -> list[Mutant | Right]:
        """The program in which the answer stands."""
        return self._program[answer]

    def own(self, answer: Mutant | Right) -> list[Verdict]:
        """The verdicts at the answer's own node: more than one where it is assigned afresh."""
        return [verdict for verdict in self.program(self._program[answer]) if verdict.node == answer.node]


@pytest.fixture(scope="module")
def judged() -> Iterator[Judged]:
    bench = OneRunner(read_lesson("names"), Options())
    bench.open()
    yield Judged(bench)
    bench.close()


def kind_of(verdict: Verdict) -> str | None:
    return None if verdict.diagnosis is None else verdict.diagnosis.kind


def told(verdict: Verdict) -> tuple[str, str, str | None, tuple[str, ...]]:
    return verdict.node, str(verdict.status), kind_of(verdict), tuple(map(str, verdict.warnings))


# The tests.


def test_the_corpus_is_large_and_covers_every_node() -> None:
    wrong = [mutant for mutant in MUTANTS if mutant.kinds]
    assert len(wrong) >= FEWEST_MUTANTS
    assert len(RIGHT) >= FEWEST_RIGHT
    assert {mutant.node for mutant in wrong} == set(SHAPES) == {right.node for right in RIGHT}
    assert list(solution()) == list(SHAPES)


def test_the_tables_tell_the_lesson() -> None:
    lesson = read_lesson("names")
    for node in lesson.nodes:
        bound = {name for index in node.consumers for name in lesson.statements[index].binds}
        assert bound - {"loss"} == set(READERS[node.name])
        assert SHAPES[node.name] == tuple(universe(elsewhere=False).names[node.name].shape)
    for node_name, gradient in universe(elsewhere=False).true.items():
        assert (gradient.abs().max().item() < 1e-12) == (node_name in VACUOUS)


@each_mutant
def test_wrong_by_autograd(mutant: Mutant) -> None:
    """Where only the dtype is wrong, that is what is wrong; where another node is harmed, the answer is right."""
    if mutant.kinds == {"wrong-dtype"} and mutant.rule == "float64":
        assert mutant.code.endswith(".double()")
    elif not mutant.kinds:
        assert is_right(mutant.node, mutant.code)
    elif mutant.rule == "overwritten":
        *_, last = ast.parse(mutant.code).body
        assert not is_right(mutant.node, ast.unparse(last))
    else:
        assert not is_right(mutant.node, mutant.code)


@each_right
def test_right_by_autograd(right: Right) -> None:
    assert is_right(right.node, right.code)
    any_upstream = agrees(right.node, right.code, random=tuple(SHAPES))
    assert any_upstream == (not {"structure", "closed-form"} & set(right.warnings))


@each_mutant
def test_mutant_has_its_status_and_kind(mutant: Mutant, judged: Judged) -> None:
    own = judged.own(mutant)
    assert own
    for verdict in own:
        assert str(verdict.status) == mutant.status, verdict
        if mutant.kinds:
            assert kind_of(verdict) in mutant.kinds, verdict.diagnosis
        else:
            assert told(verdict) == (mutant.node, "pass", None, mutant.warnings)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: f"{program[0].node}-{len(program)}")
def test_mutants_are_told_at_no_other_node(program: list[Mutant | Right], judged: Judged) -> None:
    wrong = {mutant.node for mutant in program}
    others = [told(verdict) for verdict in judged.program(program) if verdict.node not in wrong]
    harms = [each for mutant in program if isinstance(mutant, Mutant) for each in mutant.elsewhere]
    harmed = {each.node: (each.node, each.status, each.kind, each.warnings) for each in harms}
    assert others == [harmed.get(node, (node, "pass", None, ())) for node in SHAPES if node not in wrong]


@each_mutant
def test_message_is_one_sentence_without_the_answer(mutant: Mutant, judged: Judged) -> None:
    gradients = universe(elsewhere=False).true
    alone = [] if mutant.kinds else judged.program(judged.with_(mutant))
    for verdict in (*judged.own(mutant), *alone):
        if verdict.diagnosis is None:
            continue
        message = verdict.diagnosis.message
        assert message and "\n" not in message
        assert not re.search(r"[.!?]\s+[A-Z]", message), message
        assert not message.endswith("."), message
        secrets = {f"{abs(entry):.3e}" for entry in gradients[verdict.node].flatten().tolist()}
        for number in re.findall(r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", message):
            value = float(number)
            if value != round(value) or value > SMALL:
                assert f"{value:.3e}" not in secrets, message


@each_right
def test_right_answer_passes(right: Right, judged: Judged) -> None:
    expected = {answer.node: answer.warnings for answer in judged.with_(right)}
    verdicts = [told(verdict) for verdict in judged.program(judged.with_(right))]
    assert [told(verdict) for verdict in judged.own(right)] == [(right.node, "pass", None, right.warnings)]
    assert verdicts == [(node, "pass", None, expected.get(node, ())) for node in SHAPES]


def test_no_mutant_escapes(judged: Judged) -> None:
    escaped = [
        (mutant.node, mutant.code)
        for mutant in MUTANTS[::EVERY]
        if mutant.kinds and any(verdict.passed for verdict in judged.own(mutant))
    ]
    assert escaped == []


def test_few_kinds_are_unknown(judged: Judged) -> None:
    wrong = [mutant for mutant in MUTANTS[::EVERY] if mutant.kinds]
    unknown = [
        (mutant.node, mutant.code)
        for mutant in wrong
        if any(kind_of(verdict) == "unknown" for verdict in judged.own(mutant))
    ]
    assert len(unknown) <= MOST_UNKNOWN * len(wrong), unknown


def false_alarms(seed: int) -> tuple[int, list[tuple[Right, str]]]:
    """With another seed for the lesson: the number of right answers judged, and those that did not just pass.

    Here a program holds answers to all nodes at once.
    """
    queues = [[right for right in RIGHT if right.node == node] for node in SHAPES]
    bench = OneRunner(read_lesson("names"), Options(seed=seed))
    bench.open()
    count = 0
    wrong: list[tuple[Right, str]] = []
    try:
        for row in zip_longest(*queues):
            rights = {right.node: right for right in row if right is not None}
            for verdict in verdicts_on(bench, program_with(list(rights.values()))):
                right = rights.get(verdict.node, Right(verdict.node, "solution", ""))
                count += verdict.node in rights
                if told(verdict) != (right.node, "pass", None, right.warnings):
                    wrong.append((right, str(verdict)))
    finally:
        bench.close()
    return count, wrong


@pytest.mark.skipif(EVERY > 1, reason="the sample is for another machine, not for other seeds")
@pytest.mark.parametrize("seed", SEEDS)
def test_right_answers_pass_with_other_seeds(seed: int) -> None:
    count, wrong = false_alarms(seed)
    assert count == len(RIGHT)
    assert wrong == []


@pytest.mark.skipif(EVERY > 1, reason="this is the sample that it would run")
@pytest.mark.parametrize("capability", CAPABILITIES)
def test_same_on_other_processors(capability: str) -> None:
    """A sample of the corpus with the kernels that other processors would be given."""
    environment = {**os.environ, "ATEN_CPU_CAPABILITY": capability, "CORPUS_EVERY": "5"}
    seen = "import torch; print(torch.backends.cpu.get_cpu_capability())"
    told_by_torch = subprocess.run(
        [sys.executable, "-c", seen], env=environment, capture_output=True, text=True, check=True
    )
    if told_by_torch.stdout.strip().lower() != capability:
        pytest.skip(f"this processor has no {capability}")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", __file__]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-6000:]
