"""A training as one immutable snapshot, and its transitions. No widgets and no PyTorch here."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ninja_tui.engine.events import RunLoaded, RunSaved, TrainingFailed, TrainingOver, TrainingUpdate
from ninja_tui.engine.training.checkpoints import SavedRun
from ninja_tui.engine.training.config import Backward, Plan
from ninja_tui.engine.training.events import Begun, Checked, NameSampled, Previewed, Profiled, Progress, Trained
from ninja_tui.engine.training.messages import GradientCheck, StatementCost

POINTS = 400
"""The curve has at most so many: of 200,000 steps each is the mean of about 1,000 losses, as in the lecture."""
PREVIEWS = 100
"""The last so many previews are kept."""
NO_PLAN = Plan(0)


class Stage(enum.Enum):
    """The stages of a training, in their order."""

    IDLE = "idle"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    MEASURING = "measuring"
    SAMPLING = "sampling"
    OVER = "over"


@dataclass(frozen=True)
class Curve:
    """The losses of one side, each point the mean of ``width`` steps; ``rest`` are not yet a point."""

    width: int = 1
    points: tuple[float, ...] = ()
    rest: tuple[float, ...] = ()

    @classmethod
    def over(cls, steps: int) -> Curve:
        """Empty, with points as wide as so many steps will need."""
        return cls(1 << max(0, math.ceil(math.log2(max(1, steps) / POINTS))))

    def with_losses(self, losses: Sequence[float]) -> Curve:
        """Longer by these losses, without those that are no number; wider points where they become too many."""
        all_of_them = [*self.rest, *(loss for loss in losses if math.isfinite(loss))]
        whole = len(all_of_them) // self.width
        starts = range(0, whole * self.width, self.width)
        points = (math.fsum(all_of_them[start : start + self.width]) / self.width for start in starts)
        curve = replace(self, points=(*self.points, *points), rest=tuple(all_of_them[whole * self.width :]))
        while len(curve.points) > POINTS:
            curve = curve._halved()
        return curve

    @property
    def line(self) -> tuple[tuple[float, float], ...]:
        """Points of step and loss, up to the last step.

        The last one is as wide as the others: the mean of a few losses is far from theirs by chance.
        """
        points = [((number + 0.5) * self.width, loss) for number, loss in enumerate(self.points)]
        if self.rest:
            shared = self.width - len(self.rest) if self.points else 0
            total = math.fsum(self.rest) + shared * (self.points[-1] if shared else 0.0)
            count = len(self.rest) + shared
            end = len(self.points) * self.width + len(self.rest)
            points.append((end - count / 2, total / count))
        return tuple(points)

    def _halved(self) -> Curve:
        """With one point in the place of two."""
        pairs = zip(self.points[::2], self.points[1::2], strict=False)
        odd = self.points[len(self.points) // 2 * 2 :]
        rest = (*(loss for loss in odd for _ in range(self.width)), *self.rest)
        return Curve(2 * self.width, tuple((one + two) / 2 for one, two in pairs), rest)


@dataclass(frozen=True)
class SideState:
    """One network in training: its progress, its curve, and, at the end, its outcome. ``previews``: the last first."""

    step: int = 0
    loss: float | None = None
    rate: float = 0.0
    speed: float = 0.0
    engine: str = ""
    curve: Curve = Curve()
    names: tuple[str, ...] = ()
    previews: tuple[Previewed, ...] = ()
    costs: tuple[StatementCost, ...] = ()
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
        sides = {backward: SideState() for backward in plan.sides}
        return cls(Stage.STARTING, plan, sides, message=message)

    @property
    def busy(self) -> bool:
        """Whether something runs, or is paused."""
        return self.stage not in (Stage.IDLE, Stage.OVER)

    @property
    def trained(self) -> list[Trained]:
        """The outcomes of the sides that have come to their end."""
        return [side.trained for side in self.sides.values() if side.trained is not None]

    @property
    def may_stop(self) -> bool:
        """Whether there are steps to come."""
        return self.stage in (Stage.STARTING, Stage.RUNNING, Stage.PAUSED)

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
            case Profiled(backward, engine, costs):
                return self._with_side(backward, replace(self.sides[backward], engine=engine, costs=costs))
            case Previewed(backward) as preview:
                side = self.sides[backward]
                return self._with_side(backward, replace(side, previews=(preview, *side.previews[: PREVIEWS - 1])))
            case Progress() as progress:
                return self._with_progress(progress)
            case Trained(backward) as trained:
                ended = self._with_side(backward, replace(self.sides[backward], trained=trained))
                return replace(ended, stage=Stage.MEASURING)
            case NameSampled(backward, name):
                side = self.sides.get(backward, SideState())
                named = self._with_side(backward, replace(side, names=(*side.names, name)))
                return replace(named, stage=Stage.SAMPLING)
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

    @property
    def step(self) -> int:
        """The steps of the side that is furthest."""
        return max((side.step for side in self.sides.values()), default=0)

    def _with_side(self, backward: Backward, side: SideState) -> TrainState:
        return replace(self, sides={**self.sides, backward: side})

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
