"""The side that has no PyTorch: what it reports of a training that runs in processes of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.training.config import Backward, Engine, Plan, Sources
from ninja_tui.engine.training.events import (
    Begun,
    Checked,
    NameSampled,
    Previewed,
    Profiled,
    Progress,
    Trained,
    TrainingEvent,
)
from ninja_tui.engine.training.messages import SampledNames, StepsTrained, TrainSteps
from ninja_tui.engine.training.trainer import Side, Trainer
from ninja_tui.errors import UsageError
from ninja_tui.lesson.model import Lesson
from tests.engine.training_support import ANSWERS, answers, lesson_of
from tests.helpers import some_names

pytestmark = pytest.mark.processes

PLAN = Plan(steps=60, rates=(0.1, 0.01), names=3)


class Recorded(Trainer):
    """A trainer with its events."""

    def __init__(self, lesson: Lesson | None = None) -> None:
        self.events: list[TrainingEvent] = []
        super().__init__(lesson or lesson_of(), None, {"names.txt": some_names()}, self.events.append)


@pytest.fixture
def trainer() -> Iterator[Recorded]:
    recorded = Recorded()
    yield recorded
    recorded.close()


def sources(**changes: str) -> Sources:
    return Sources(answers(**changes), (), (), ())


def test_two_sides_train_side_by_side_and_each_invents_names(trainer: Recorded) -> None:
    results = trainer.run(Plan(60, backward=Backward.BOTH, names=3), sources())
    kinds = [type(event) for event in trainer.events]
    assert kinds[:5] == [Begun, Begun, Checked, Profiled, Profiled]
    assert kinds[-8:] == [Trained] * 2 + [NameSampled] * 6
    assert set(kinds[5:-8]) == {Progress}
    assert [each.side for each in results] == [Backward.MANUAL, Backward.AUTOGRAD]
    assert results[0].losses.tolist() == pytest.approx(results[1].losses.tolist(), abs=1e-4)
    assert all(each.steps == 60 and each.stop is None and each.train_loss for each in results)
    assert {cost.code.split()[0] for cost in results[0].costs} >= {"dlogits", "dW1"}


def test_every_loss_is_reported_once_and_in_order(trainer: Recorded) -> None:
    (result,) = trainer.run(PLAN, sources())
    progress = [event for event in trainer.events if isinstance(event, Progress)]
    assert [loss for event in progress for loss in event.losses] == list(result.losses)
    assert [event.first for event in progress] == [0, *(event.step for event in progress[:-1])]
    assert progress[-1].step == 60


def test_the_checks_before_the_first_step_name_the_gradient_that_is_off(trainer: Recorded) -> None:
    trainer.run(PLAN, sources(h="dh = -dlogits @ W2.T"))
    (checked,) = [event for event in trainer.events if isinstance(event, Checked)]
    assert {check.node for check in checked.checks} == set(ANSWERS)
    assert [check.node for check in checked.checks if not check.fits] == ["h"]


def test_names_come_while_it_trains_and_change_nothing_of_the_training(
    trainer: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ninja_tui.engine.training.trainer.PREVIEW_EVERY", 0.05)
    monkeypatch.setattr("ninja_tui.engine.training.trainer.PREVIEW_SHARE", 1.0)
    plan = replace(PLAN, steps=20_000, previews=2)
    (watched,) = trainer.run(plan, sources())
    previews = [event for event in trainer.events if isinstance(event, Previewed)]
    names = [event.name for event in trainer.events if isinstance(event, NameSampled)]
    trainer.events.clear()
    (unwatched,) = trainer.run(replace(plan, previews=0), sources())
    assert previews[0].step == 0
    assert previews[-1].step > 0
    assert all(len(preview.names) == 2 for preview in previews)
    assert watched.losses == unwatched.losses
    assert watched.parameters == unwatched.parameters
    assert (watched.train_loss, watched.val_loss) == (unwatched.train_loss, unwatched.val_loss)
    assert [event.name for event in trainer.events if isinstance(event, NameSampled)] == names
    assert not any(isinstance(event, Previewed) for event in trainer.events)


@pytest.mark.parametrize(("seconds", "fewest", "most"), [(0.0, 20, 60), (0.02, 1, 1)])
def test_previews_take_a_small_part_of_the_time(
    monkeypatch: pytest.MonkeyPatch, seconds: float, fewest: int, most: int
) -> None:
    """Those that take no time come as often as they may; those that take 20 ms wait more than a second."""

    def ask(_side: Side, _request: object) -> SampledNames:
        time.sleep(seconds)
        return SampledNames(("mona",))

    monkeypatch.setattr(Side, "_ask", ask)
    monkeypatch.setattr("ninja_tui.engine.training.trainer.PREVIEW_EVERY", 0.01)
    side = Side(Backward.MANUAL)
    side.samples = True
    side.losses.append(3.0)
    previews = []
    until = time.perf_counter() + 0.6
    while time.perf_counter() < until:
        previews.append(side.preview(1))
        time.sleep(0.001)
    side.close()
    assert fewest <= sum(preview is not None for preview in previews) <= most


def test_a_lesson_that_cannot_sample_trains_without_names() -> None:
    recorded = Recorded(replace(lesson_of(), predict=None))
    recorded.run(replace(PLAN, previews=2), sources())
    recorded.close()
    assert {type(event) for event in recorded.events} == {Begun, Checked, Profiled, Progress, Trained}


def test_a_side_says_what_its_answers_rebind_change_and_reshape(trainer: Recorded) -> None:
    changes = {
        "b2": ANSWERS["b2"] + "\nn = 3",
        "b1": "db1 = dhprebn.sum(0, keepdim=True)",
        "W2": ANSWERS["W2"] + "\nW2.mul_(1.0)",
    }
    trainer.run(PLAN, sources(**changes))
    begun = trainer.events[0]
    assert isinstance(begun, Begun)
    for part in ("rebind n:", "change W2 themselves", "db1: reshaped"):
        assert part in begun.message


def test_an_answer_that_raises_stops_the_training_before_its_first_step(trainer: Recorded) -> None:
    (result,) = trainer.run(PLAN, sources(h="dh = dlogits @ W3.T"))
    assert result.stop is not None
    assert (result.steps, result.stop.step, result.stop.line) == (0, 0, 4)
    assert "W3" in result.stop.message
    assert [type(event) for event in trainer.events] == [Begun, Trained]


def test_what_was_trained_can_be_loaded_and_samples_the_same_names(trainer: Recorded) -> None:
    (result,) = trainer.run(PLAN, sources())
    names = [event.name for event in trainer.events if isinstance(event, NameSampled)]
    trainer.events.clear()
    trainer.load(result.parameters, result.steps)
    trainer.sample(PLAN.names, PLAN.sampling_seed)
    assert [event.name for event in trainer.events if isinstance(event, NameSampled)] == names


FORGED = {
    "no losses": TensorData("float32", (0,), b""),
    "another dtype": TensorData("int64", (1,), bytes(8)),
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_reply_that_holds_no_steps_ends_the_training(
    trainer: Recorded, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Side._ask

    def forged(side: Side, request: object) -> object:
        if isinstance(request, TrainSteps):
            return StepsTrained(8, FORGED[kind], 0.1, Engine.EAGER, None)
        return ask(side, request)  # type: ignore[arg-type]  # whatever was asked

    monkeypatch.setattr(Side, "_ask", forged)
    with pytest.raises(UsageError, match="training: the process"):
        trainer.run(PLAN, sources())
