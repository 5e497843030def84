"""What a person chooses before training, as it is typed."""

from __future__ import annotations

from dataclasses import dataclass

from ninja_tui.engine.training.config import MOST_STEPS, SAMPLING_SEED, Backward, Plan, Wrong


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

    def plan(self) -> Plan:
        """The plan; raises ValueError, whose text is for a person."""
        return Plan(
            steps=_whole(self.steps, "steps", 1, MOST_STEPS),
            batch_size=_whole(self.batch_size, "batch", 1) if self.batch_size.strip() else None,
            rates=(_positive(self.first_rate, "rate"), _positive(self.second_rate, "then")),
            seed=_whole(self.seed, "seed", 0) if self.seed.strip() else None,
            backward=self.backward,
            wrong=self.wrong,
            sampling_seed=_whole(self.sampling_seed, "names' seed", 0),
        )


def _whole(text: str, name: str, least: int, most: int = 2**63 - 2) -> int:
    try:
        number = int(text.replace(",", "").replace("_", ""))
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise ValueError(f"{name}: {text!r} is no whole number between {least:,} and {most:,}")
    return number


def _positive(text: str, name: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < 1e6:
        raise ValueError(f"{name}: {text!r} is no positive number")
    return number
