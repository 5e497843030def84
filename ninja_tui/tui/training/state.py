"""A training as one immutable snapshot, and its transitions. No widgets and no PyTorch here."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ninja_tui.engine.events import RunLoaded, RunSaved, TrainingFailed, TrainingOver, TrainingUpdate
from ninja_tui.engine.training.checkpoints import SavedRun
from ninja_tui.engine.training.config import Backward, Plan
from ninja_tui.engine.training.events import Begun, Checked, NameSampled, Progress, Trained
from ninja_tui.engine.training.messages import GradientCheck

POINTS = 200
"""The curve has about so many: with 200,000 steps each is the mean of 1,000 losses, as in the lecture."""
NO_PLAN = Plan(0)


class Stage(enum.Enum):
    """The stages of a training, in their order."""

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
        """Empty, with a point for each ``steps / POINTS`` steps."""
        return cls(max(1, steps // POINTS))

    def with_losses(self, losses: Iterable[float]) -> Curve:
        """Longer by these losses, without those that have no logarithm."""
        logs = [*self.rest, *(math.log10(loss) for loss in losses if 0 < loss < math.inf)]
        whole = len(logs) // self.width
        starts = range(0, whole * self.width, self.width)
        points = (math.fsum(logs[start : start + self.width]) / self.width for start in starts)
        return replace(self, points=(*self.points, *points), rest=tuple(logs[whole * self.width :]))


@dataclass(frozen=True)
class SideState:
    """One network in training: its progress, its curve, and, at the end, its outcome."""

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
    """``message`` is about the answers and the run; ``error`` is the last failure."""

    stage: Stage = Stage.IDLE
    plan: Plan = NO_PLAN
    sides: Mapping[Backward, SideState] = field(default_factory=dict)
    checks: tuple[GradientCheck, ...] = ()
    message: str = ""
    error: str = ""

    @classmethod
    def started(cls, plan: Plan, message: str) -> TrainState:
        """A training that was just requested."""
        sides = {backward: SideState(curve=Curve.over(plan.steps)) for backward in plan.sides}
        return cls(Stage.STARTING, plan, sides, message=message)

    @property
    def busy(self) -> bool:
        """Whether something runs, or is paused."""
        return self.stage not in (Stage.IDLE, Stage.OVER)

    @property
    def trained(self) -> list[Trained]:
        """The outcomes of the sides that have come to their end."""
        return [side.trained for side in self.sides.values() if side.trained is not None]

    def paused(self) -> TrainState:
        """With its steps paused."""
        return replace(self, stage=Stage.PAUSED)

    def continued(self) -> TrainState:
        """With its steps running again."""
        return replace(self, stage=Stage.RUNNING)

    def resampled(self, seed: int) -> TrainState:
        """With no names, until others are sampled from ``seed``."""
        sides = {backward: replace(side, names=()) for backward, side in self.sides.items()}
        return replace(self, stage=Stage.SAMPLING, sides=sides, plan=replace(self.plan, sampling_seed=seed), error="")

    def after(self, event: TrainingUpdate) -> TrainState:
        """The state after an event."""
        match event:
            case Begun(_, message):
                known = message in self.message
                return self if known else replace(self, message="; ".join(filter(None, (self.message, message))))
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
                return TrainState(
                    Stage.OVER, Plan(run.steps), {Backward.MANUAL: _loaded(run)}, message=f"loaded from {path.name}"
                )
            case RunSaved(path):
                return replace(self, message=f"saved as {path.name}")
            case TrainingFailed(reason):
                return replace(self, stage=Stage.OVER, error=reason)
            case TrainingOver():
                return replace(self, stage=Stage.OVER)

    def _with_progress(self, progress: Progress) -> TrainState:
        side = self.sides[progress.side]
        side = replace(
            side,
            step=progress.step,
            loss=progress.losses[-1] if progress.losses else side.loss,
            rate=progress.rate,
            speed=progress.steps_per_second,
            engine=progress.engine,
            curve=side.curve.with_losses(progress.losses),
        )
        ended = progress.step >= progress.steps
        stage = self.stage if self.stage is Stage.PAUSED else Stage.MEASURING if ended else Stage.RUNNING
        return replace(self, stage=stage, sides={**self.sides, progress.side: side})


def _loaded(run: SavedRun) -> SideState:
    """The network of a saved run, at its end."""
    trained = Trained(
        Backward.MANUAL, run.steps, 0.0, run.losses, run.train_loss, run.val_loss, (), run.parameters, None
    )
    return SideState(
        step=run.steps,
        loss=run.losses[-1] if run.losses else None,
        curve=Curve.over(len(run.losses)).with_losses(run.losses),
        names=run.names,
        trained=trained,
    )


def summary(state: TrainState) -> str:
    """One line: the progress, or the outcome."""
    if not state.sides:
        return ""
    side = next(iter(state.sides.values()))
    if state.stage is Stage.STARTING:
        return "starting: gradients are checked on fresh minibatches"
    if side.trained is None or state.stage in (Stage.RUNNING, Stage.PAUSED):
        return f"{'paused at ' if state.stage is Stage.PAUSED else ''}{progress_text(state, side)}"
    return losses(side.trained)


def progress_text(state: TrainState, side: SideState) -> str:
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


def gradcheck_text(checks: tuple[GradientCheck, ...], gradients: Mapping[str, str]) -> str:
    """The outcome of the check before the first step; ``gradients`` maps nodes to the names of their gradients."""
    if not checks:
        return ""
    wrong = [check for check in checks if not check.fits]
    if not wrong:
        return f"your {len(checks)} gradients agree with autograd's on fresh minibatches"
    listed = ", ".join(gradients[check.node] + (f" ({check.error})" if check.error else "") for check in wrong[:3])
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return f"not autograd's on fresh minibatches: {listed}{more}"
