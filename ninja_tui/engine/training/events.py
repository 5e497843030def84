"""What a training reports while it runs."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.training.config import Backward, Engine
from ninja_tui.engine.training.messages import GradientCheck, StatementCost, Stop


@dataclass(frozen=True)
class Begun:
    """A side is ready; ``message`` is about its answers and how its steps run, and may be empty."""

    side: Backward
    message: str


@dataclass(frozen=True)
class Checked:
    """The person's gradients were compared with autograd's on fresh minibatches."""

    checks: tuple[GradientCheck, ...]


@dataclass(frozen=True)
class Profiled:
    """The costs of a side's statements, as Python runs them; ``engine`` is how its steps will run."""

    side: Backward
    engine: Engine
    costs: tuple[StatementCost, ...]


@dataclass(frozen=True)
class Previewed:
    """Names that a side's network invents after ``step`` steps, while it trains."""

    side: Backward
    step: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Progress:
    """``losses`` are those of the steps from ``first`` on, up to ``step`` (excluded), of ``steps``."""

    side: Backward
    first: int
    step: int
    steps: int
    losses: array[float]
    rate: float
    steps_per_second: float
    engine: Engine


@dataclass(frozen=True)
class Trained:
    """The end of one side's training; its ``seconds`` hold those of compiling.

    ``stop`` is None where it came to its end, or was ended by the person.
    """

    side: Backward
    steps: int
    seconds: float
    losses: array[float]
    train_loss: float | None
    val_loss: float | None
    costs: tuple[StatementCost, ...]
    parameters: Mapping[str, TensorData]
    stop: Stop | None

    @property
    def steps_per_second(self) -> float:
        """Over all the time that the steps took."""
        return self.steps / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class NameSampled:
    """One name that a side's network invented."""

    side: Backward
    name: str


TrainingEvent = Begun | Checked | Profiled | Previewed | Progress | Trained | NameSampled
Listener = Callable[[TrainingEvent], None]
