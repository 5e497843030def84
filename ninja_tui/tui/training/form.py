"""The choices for a training, as they are typed."""

from __future__ import annotations

from dataclasses import dataclass

from ninja_tui.engine.training.config import SAMPLING_SEED, Backward, Plan, Wrong
from ninja_tui.lesson.model import Lesson

DEFAULT_STEPS = 10_000
MOST_STEPS = 100_000_000
PREVIEWS = 3
"""Names that are sampled at once while it trains."""


@dataclass(frozen=True)
class Form:
    """The choices as they are typed."""

    steps: str
    batch_size: str
    first_rate: str = "0.1"
    second_rate: str = "0.01"
    seed: str = ""
    sampling_seed: str = str(SAMPLING_SEED)
    backward: Backward = Backward.MANUAL
    wrong: Wrong = Wrong.AUTOGRAD

    @classmethod
    def for_lesson(cls, lesson: Lesson) -> Form:
        """The lesson's own number of steps and batch size."""
        return cls(lesson.number("steps", DEFAULT_STEPS), lesson.number("batch_size", ""))

    def plan(self) -> Plan:
        """The plan; raises ValueError with a sentence on what is no number."""
        return Plan(
            steps=_whole(self.steps, "steps", 1, MOST_STEPS),
            batch_size=_whole(self.batch_size, "batch size", 1) if self.batch_size.strip() else None,
            rates=(_positive(self.first_rate, "learning rate"), _positive(self.second_rate, "second half")),
            seed=_whole(self.seed, "seed", 0) if self.seed.strip() else None,
            backward=self.backward,
            wrong=self.wrong,
            previews=PREVIEWS,
            sampling_seed=_whole(self.sampling_seed, "sampling seed", 0),
        )


def _whole(text: str, name: str, least: int, most: int = 2**63 - 2) -> int:
    try:
        number = int(text.replace(",", "").replace("_", ""))
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise ValueError(f"{name}: {text!r} is not a whole number between {least:,} and {most:,}")
    return number


def _positive(text: str, name: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < 1e6:
        raise ValueError(f"{name}: {text!r} is not a positive number")
    return number
