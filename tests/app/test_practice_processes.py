"""Practice with worker processes: lessons with other numbers, and no file that is written."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from pathlib import Path

import pytest

from ninja_tui.engine.backend import Emit
from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.engine.events import LessonRead, Opened
from ninja_tui.engine.process_backend import ProcessBackend
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.lesson.practice.deck import Review, ReviewKind
from ninja_tui.lesson.practice.deck_file import read_deck, record
from ninja_tui.lesson.practice.variation import Round
from ninja_tui.lesson.solutions import SavedAnswer, read_solutions
from ninja_tui.tui.app import Practice
from ninja_tui.tui.practice.keeper import DeckKeeper
from tests.app.practice_support import TODAY
from tests.app.real_backend import RealBackend
from tests.app.support import (
    ANSWERS,
    SOME_NAMES,
    opened_app,
    press,
    ready,
    submit,
    wait_for_text,
)


@pytest.mark.slow
@pytest.mark.processes
def test_the_real_backend_asks_for_one_gradient_with_other_numbers_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    path.write_text(f"# %% lesson: names\n# %% probs\n{ANSWERS['probs']}\n", encoding="utf-8")
    before = path.read_text(encoding="utf-8")
    real = RealBackend("names", path, SOME_NAMES, Round("names", "W2", 4321, other_sizes=True))
    with contextlib.closing(real.backend):
        real.backend.start()
        read, opened = real.event(LessonRead), real.event(Opened)
        assert read.variation is not None
        assert (read.lesson.asks, read.saved, opened.facts.seed) == (("W2",), {}, 4321)
        shape = (read.variation.sizes["n_hidden"][1], 27)
        assert opened.facts.shapes["W2"] == shape != (64, 27)
        right, hard_coded = "dW2 = h.T @ dlogits", "dW2 = h.view(32, 64).T @ dlogits"
        assert real.verdict("W2", right).passed
        verdict: Verdict = real.verdict("W2", hard_coded)
        assert verdict.status is Status.ERROR
        real.backend.save("W2", SavedAnswer(right), ("W2",))
    assert path.read_text(encoding="utf-8") == before
    assert read_solutions(path, "names").text == before
    assert [each.name for each in tmp_path.iterdir()] == ["solutions.py"]


@pytest.mark.slow
@pytest.mark.processes
async def test_on_real_workers_practice_is_a_few_keys(tmp_path: Path) -> None:
    path, deck = tmp_path / "solutions.py", tmp_path / "deck.json"
    record(deck, [Review(ReviewKind.PASSED, "micrograd", "n1", TODAY - timedelta(9))])
    keeper = DeckKeeper.opened(deck, lambda: TODAY)

    def make(name: str, emit: Emit) -> ProcessBackend:
        return ProcessBackend(name, path, Options(), emit)

    def practise(round_: Round, emit: Emit) -> ProcessBackend:
        return ProcessBackend(round_.lesson, path, Options(), emit, round_)

    start = Round.of(keeper.due()[0], other_sizes=True)
    async with opened_app(make, "micrograd", practice=Practice(keeper, practise, start)) as pilot:
        await ready(pilot, "practice", lambda now: now.practice is not None)
        await wait_for_text(pilot, "no other sizes: its set-up names no sizes", "prompt")
        await submit(pilot, "dn1 = (1 - a**2) * da")
        await press(pilot, "enter")
        await wait_for_text(pilot, "dn1 passes, and is asked again in 14 days. Nothing more is due", "prompt")
    keeper.close()
    assert not path.exists()
    assert [(card.node, card.box) for card in read_deck(deck).deck.cards] == [("n1", 4)]


BROKEN_BY_SIZES = """\
# %% setup
seed = 3
n_in = 4
g = torch.Generator().manual_seed(seed)
w = torch.randn(n_in, 2, generator=g)
assert n_in == 4
batch_size = {size}
parameters = [w]
w.requires_grad = True

# %% minibatch
x = torch.randn(batch_size, n_in, generator=g)

# %% forward
y = x @ w
loss = y.view(-1).sum()
"""


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.parametrize(
    ("size", "changed", "problem"),
    [("6", ["batch_size"], ""), ("int(6)", [], "it does not run with other sizes")],
)
def test_a_lesson_that_does_not_run_with_other_sizes_has_fewer_or_its_own(
    tmp_path: Path, size: str, changed: list[str], problem: str
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "forward.py").write_text(BROKEN_BY_SIZES.format(size=size), encoding="utf-8")
    asked_for = Round(str(folder), "w", 99, other_sizes=True)
    real = RealBackend(str(folder), tmp_path / "solutions.py", SOME_NAMES, asked_for)
    with contextlib.closing(real.backend):
        real.backend.start()
        reads = [event for event in real.events(Opened) if isinstance(event, LessonRead)]
        variation = reads[-1].variation
        assert len(reads) == 2
        assert variation is not None
        assert (variation.seed, [*variation.sizes], variation.problem) == (99, changed, problem)
