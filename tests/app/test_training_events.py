"""Every event of a training, with real processes and files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ninja_tui.engine.events import (
    CatalogueRead,
    Opened,
    Rechecked,
    RunLoaded,
    RunSaved,
    TrainingFailed,
    TrainingOver,
)
from ninja_tui.engine.training.checkpoints import SavedRun
from ninja_tui.engine.training.config import Backward, Plan
from ninja_tui.engine.training.events import Begun, Checked, NameSampled, Previewed, Profiled, Progress, Trained
from ninja_tui.lesson.read import read_lesson
from tests.app.canned import solution_of
from tests.app.fake_backend import Fakes
from tests.app.real_backend import RealBackend, started

pytestmark = pytest.mark.processes


def trained(real: RealBackend, plan: Plan) -> list[object]:
    """The events of a training with the answers in the file, up to its end."""
    real.backend.train(plan, dict.fromkeys(solution_of("train"), True))
    return [event for event in real.events(TrainingOver) if not isinstance(event, CatalogueRead | Rechecked)]


@pytest.fixture(scope="module")
def train(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBackend]:
    """The lesson ``train`` with its own answers in the file."""
    path = tmp_path_factory.mktemp("train") / "solutions.py"
    solution = read_lesson("train").solution
    assert solution is not None
    path.write_text(solution.read_text(encoding="utf-8"), encoding="utf-8")
    with started(path, lesson="train") as real:
        real.event(Rechecked)
        yield real


def kinds(events: list[object]) -> list[type]:
    """The types of events, each as often as it stands beside others."""
    types = [type(event) for event in events]
    return [kind for before, kind in zip([None, *types], types, strict=False) if kind is not before]


def test_a_training_tells_of_its_start_its_steps_and_its_names(train: RealBackend) -> None:
    plan = Plan(steps=60, names=5)
    events = trained(train, plan)
    assert kinds(events) == [Begun, Checked, Profiled, Progress, Trained, NameSampled, TrainingOver]
    fakes = Fakes().answers("train", **solution_of("train"))
    canned: list[object] = []
    fakes("train", canned.append).train(plan, {})
    assert kinds(events) == kinds(canned)
    (checked,) = (event for event in events if isinstance(event, Checked))
    assert {check.node: check.fits for check in checked.checks} == dict.fromkeys(read_lesson("train").asks, True)
    progress = [event for event in events if isinstance(event, Progress)]
    assert [(each.first, each.step - each.first) for each in progress] == [
        (each.first, len(each.losses)) for each in progress
    ]
    (outcome,) = (event for event in events if isinstance(event, Trained))
    assert (outcome.side, outcome.steps, outcome.stop) == (Backward.MANUAL, 60, None)
    assert list(outcome.losses) == [loss for each in progress for loss in each.losses]
    assert any(cost.is_answer for cost in outcome.costs)
    assert sum(isinstance(event, NameSampled) for event in events) == 5


def test_names_come_while_it_trains(train: RealBackend) -> None:
    events = trained(train, Plan(steps=60, names=1, previews=2))
    fakes = Fakes().answers("train", **solution_of("train"))
    canned: list[object] = []
    fakes("train", canned.append).train(Plan(steps=60, names=1, previews=2), {})
    assert kinds(events) == kinds(canned)
    (preview,) = (event for event in events if isinstance(event, Previewed))
    assert (preview.side, preview.step, len(preview.names)) == (Backward.MANUAL, 0, 2)


def test_names_are_sampled_again_by_seed_and_a_saved_run_gives_the_same(train: RealBackend, tmp_path: Path) -> None:
    events = trained(train, Plan(steps=20, names=3, sampling_seed=7))
    (outcome,) = (event for event in events if isinstance(event, Trained))

    def names() -> list[str]:
        return [event.name for event in train.events(TrainingOver) if isinstance(event, NameSampled)]

    sampled = []
    for seed in (8, 7):
        train.backend.sample(3, seed)
        sampled.append(names())
    first = [event.name for event in events if isinstance(event, NameSampled)]
    assert sampled[1] == first
    assert sampled[0] != first

    run = SavedRun("train", Backward.MANUAL, 20, 1.0, 2.0, tuple(first), outcome.losses, outcome.parameters)
    train.backend.save_run(run)
    path = train.event(RunSaved).path
    assert path.name == "run-train-1.npz"
    assert train.backend.saved_runs("train") == [path]
    trained(train, Plan(steps=1, names=0))
    train.backend.load_run(path)
    loaded = train.event(RunLoaded)
    assert (loaded.path, loaded.run.names, loaded.run.steps) == (path, tuple(first), 20)
    train.event(TrainingOver)
    train.backend.sample(3, 7)
    assert names() == first


def test_a_training_pauses_continues_and_stops(train: RealBackend) -> None:
    train.backend.train(Plan(steps=5_000_000, names=2), {})
    train.event(Progress)
    train.backend.pause_training()
    train.pending(0.5)  # the steps that were under way
    assert train.pending(0.5) == []
    train.backend.continue_training()
    before = train.event(Progress)
    assert train.event(Progress).step > before.step
    train.backend.stop_training()
    events = train.events(TrainingOver)
    (outcome,) = (event for event in events if isinstance(event, Trained))
    assert outcome.stop is None
    assert sum(isinstance(event, NameSampled) for event in events) == 2


def test_without_any_answer_autograd_trains(tmp_path: Path) -> None:
    with started(tmp_path / "solutions.py", lesson="train") as real:
        real.event(Opened)
        real.backend.train(Plan(steps=60, names=0), {})
        assert real.event(Trained).steps == 60


def test_a_run_that_cannot_be_read_is_a_sentence(train: RealBackend, tmp_path: Path) -> None:
    path = tmp_path / "run-train-1.npz"
    path.write_text("no run")
    train.backend.load_run(path)
    assert "is no saved run" in train.event(TrainingFailed).reason
    train.event(TrainingOver)
