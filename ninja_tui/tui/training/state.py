"""A training as one immutable snapshot, and how news change it. No widgets and no PyTorch here."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ninja_tui.engine.events import RunLoaded, RunSaved, Training, TrainingFailed, TrainingOver
from ninja_tui.engine.training.config import Backward, Plan
from ninja_tui.engine.training.events import Begun, Checked, NameSampled, Progress, Trained
from ninja_tui.engine.training.messages import GradientCheck

POINTS = 200
"""The curve has about so many: with 200,000 steps each is the mean of 1,000 losses, as in the lecture."""


NOTHING = Plan(0)


class Stage(enum.Enum):
    """What is going on."""

    IDLE = "idle"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    MEASURING = "measuring"
    SAMPLING = "sampling"
    OVER = "done"


@dataclass(frozen=True)
class Curve:
    """The losses (log10) of one side, each point the mean of ``width`` steps; ``rest`` is not yet a point."""

    width: int = 1
    points: tuple[float, ...] = ()
    rest: tuple[float, ...] = ()

    @classmethod
    def over(cls, steps: int) -> Curve:
        """Empty, of as many steps a point as suits so many steps."""
        return cls(max(1, steps // POINTS))

    def with_losses(self, losses: Iterable[float]) -> Curve:
        """Longer by these losses; what is no positive number has no logarithm, and is left out."""
        logs = [*self.rest, *(math.log10(loss) for loss in losses if 0 < loss < math.inf)]
        whole = len(logs) // self.width
        starts = range(0, whole * self.width, self.width)
        points = (math.fsum(logs[start : start + self.width]) / self.width for start in starts)
        return replace(self, points=(*self.points, *points), rest=tuple(logs[whole * self.width :]))


@dataclass(frozen=True)
class SideState:
    """One network in training: how far it is, its curve, and, at the end, what has become of it."""

    step: int = 0
    loss: float | None = None
    rate: float = 0.0
    speed: float = 0.0
    engine: str = ""
    curve: Curve = Curve()
    names: tuple[str, ...] = ()
    trained: Trained | None = None


@dataclass(frozen=True)
class TrainState:
    """``word`` is the last thing said that a person should know; ``error`` the last that went wrong."""

    stage: Stage = Stage.IDLE
    plan: Plan = NOTHING
    sides: Mapping[Backward, SideState] = field(default_factory=dict)
    checks: tuple[GradientCheck, ...] = ()
    word: str = ""
    error: str = ""

    @classmethod
    def started(cls, plan: Plan, word: str) -> TrainState:
        """A training that was asked for."""
        sides = {backward: SideState(curve=Curve.over(plan.steps)) for backward in plan.sides}
        return cls(Stage.STARTING, plan, sides, word=word)

    @property
    def busy(self) -> bool:
        """Whether something is going on."""
        return self.stage not in (Stage.IDLE, Stage.OVER)

    @property
    def trained(self) -> list[Trained]:
        """The sides that are through."""
        return [side.trained for side in self.sides.values() if side.trained is not None]

    def paused(self) -> TrainState:
        """Waiting."""
        return replace(self, stage=Stage.PAUSED)

    def going(self) -> TrainState:
        """No longer waiting."""
        return replace(self, stage=Stage.RUNNING)

    def resampled(self, seed: int) -> TrainState:
        """Other names were asked for."""
        sides = {backward: replace(side, names=()) for backward, side in self.sides.items()}
        return replace(self, stage=Stage.SAMPLING, sides=sides, plan=replace(self.plan, sampling_seed=seed), error="")

    def heard(self, told: Training) -> TrainState:
        """With news in it."""
        match told:
            case Begun(_, word):
                joined = "; ".join(filter(None, (self.word, word))) if word not in self.word else self.word
                return replace(self, word=joined)
            case Checked(checks):
                return replace(self, checks=checks)
            case Progress() as progress:
                return self._with_progress(progress)
            case Trained(backward) as trained:
                sides = {**self.sides, backward: replace(self.sides[backward], trained=trained)}
                return replace(self, stage=Stage.MEASURING, sides=sides)
            case NameSampled(backward, name):
                side = self.sides.get(backward, SideState())
                named = {**self.sides, backward: replace(side, names=(*side.names, name))}
                return replace(self, stage=Stage.SAMPLING, sides=named)
            case RunLoaded(path, run):
                steps = run.steps
                curve = Curve.over(len(run.losses)).with_losses(run.losses)
                loaded = SideState(step=steps, loss=run.losses[-1] if run.losses else None, curve=curve)
                trained = Trained(
                    Backward.MANUAL, steps, 0.0, run.losses, run.train_loss, run.val_loss, (), run.parameters, None
                )
                loaded = replace(loaded, names=run.names, trained=trained)
                return TrainState(Stage.OVER, Plan(steps), {Backward.MANUAL: loaded}, word=f"loaded from {path.name}")
            case RunSaved(path):
                return replace(self, word=f"saved as {path.name}")
            case TrainingFailed(reason):
                return replace(self, stage=Stage.OVER, error=reason)
            case TrainingOver():
                return replace(self, stage=Stage.OVER)

    def _with_progress(self, told: Progress) -> TrainState:
        side = self.sides[told.side]
        side = replace(
            side,
            step=told.step,
            loss=told.losses[-1] if told.losses else side.loss,
            rate=told.rate,
            speed=told.steps_per_second,
            engine=told.engine,
            curve=side.curve.with_losses(told.losses),
        )
        through = told.step >= told.steps
        stage = self.stage if self.stage is Stage.PAUSED else Stage.MEASURING if through else Stage.RUNNING
        return replace(self, stage=stage, sides={**self.sides, told.side: side})


def summary(state: TrainState) -> str:
    """One line: how far it is, or what has come of it."""
    if not state.sides:
        return ""
    side = next(iter(state.sides.values()))
    if state.stage in (Stage.STARTING,):
        return "starting: gradients are checked on fresh minibatches"
    if side.trained is None or state.stage in (Stage.RUNNING, Stage.PAUSED):
        return f"{'paused at ' if state.stage is Stage.PAUSED else ''}{progress(state, side)}"
    return losses(side.trained)


def progress(state: TrainState, side: SideState) -> str:
    """``step 1,200 of 200,000 · 4,100 steps/s · 0:48 left · rate 0.1 · loss 2.31``."""
    parts = [f"step {side.step:,} of {state.plan.steps:,}"]
    if side.speed:
        parts.append(f"{side.speed:,.0f} steps/s")
        parts.append(f"{clock((state.plan.steps - side.step) / side.speed)} left")
    if side.rate:
        parts.append(f"rate {side.rate:g}")
    if side.loss is not None:
        parts.append(f"loss {side.loss:.4f}")
    return " · ".join(parts)


def losses(trained: Trained) -> str:
    """``train 2.0712  val 2.1101``, or where it stopped."""
    if trained.stop is not None:
        where = f", line {trained.stop.line}: {trained.stop.code}" if trained.stop.line else ""
        return f"stopped at step {trained.stop.step:,}: {trained.stop.message}{where}"
    parts = [
        f"{name} {value:.4f}" for name, value in (("train", trained.train_loss), ("val", trained.val_loss)) if value
    ]
    return f"{trained.steps:,} steps: loss {'  '.join(parts)}" if parts else f"{trained.steps:,} steps"


def clock(seconds: float) -> str:
    """``1:05``, ``1:02:30``."""
    whole = max(0, round(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def check_word(checks: tuple[GradientCheck, ...]) -> str:
    """What the check before the first step found."""
    if not checks:
        return ""
    off = [check for check in checks if not check.fits]
    if not off:
        return f"your {len(checks)} gradients agree with autograd's on fresh minibatches"
    told = ", ".join(f"d{check.node}" + (f" ({check.error})" if check.error else "") for check in off[:3])
    more = f" and {len(off) - 3} more" if len(off) > 3 else ""
    return f"not autograd's on fresh minibatches: {told}{more}"
