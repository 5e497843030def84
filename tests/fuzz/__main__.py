"""``make fuzz``: so many files through all readers, other ones each time, and a table of what became of them."""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.readers import READERS
from tests.fuzz.trying import MOST_SECONDS, trial

A_ROUND = 100
"""Files of one reader that are made from one seed."""


@dataclass
class Row:
    """What became of one reader's files."""

    files: int = 0
    uncaught: int = 0
    slow: int = 0
    slowest: float = 0.0
    faults: dict[str, bytes] = field(default_factory=dict)

    def round(self, name: str, number: int, files: int) -> None:
        """Reads so many files that are made from the seed ``number``."""
        reader = READERS[name]

        @seed(number)
        @settings(
            max_examples=files,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(reader.contents)
        def each(content: bytes) -> None:
            result = trial(reader, content)
            self.files += 1
            self.slowest = max(self.slowest, result.seconds)
            self.uncaught += bool(result.fault)
            self.slow += result.seconds > MOST_SECONDS
            if not result.passed:
                kind = result.fault.strip().rpartition("\n")[2][:60] + "".join(result.fault.strip().split("\n")[-3:-2])
                self.faults.setdefault(kind or "slow", content)

        each()


def main() -> int:
    """Prints the table; the files at fault are kept in the folder that is named. 1 where there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--files", type=int, default=100_000, help="in all, shared among the readers")
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    parser.add_argument("--keep", type=Path, default=Path("fuzz-faults"))
    parser.add_argument("--only", action="append", choices=READERS)
    arguments = parser.parse_args()
    rows = {name: Row() for name in arguments.only or READERS}
    share = -(-arguments.files // len(rows))
    started = time.monotonic()
    print(f"seed {arguments.seed}", file=sys.stderr)
    with contextlib.suppress(KeyboardInterrupt):  # what is done is told
        for first in range(0, share, A_ROUND):
            for name, row in rows.items():
                row.round(name, arguments.seed + first, min(A_ROUND, share - first))
            print(f"{sum(row.files for row in rows.values())} files", file=sys.stderr)
    print(f"{'reader':<20}{'files':>10}{'uncaught':>10}{'over 2 s':>10}{'slowest':>10}")
    for name, row in rows.items():
        print(f"{name:<20}{row.files:>10,}{row.uncaught:>10}{row.slow:>10}{row.slowest:>8.2f} s")
        for number, (kind, content) in enumerate(row.faults.items()):
            arguments.keep.mkdir(exist_ok=True)
            kept = arguments.keep / f"{name}-{number}{Path(READERS[name].name).suffix}"
            kept.write_bytes(content)
            print(f"    {kept}: {kind}")
    files, bad = (sum(getattr(row, each) for row in rows.values()) for each in ("files", "uncaught"))
    slow = sum(row.slow for row in rows.values())
    print(f"{'all':<20}{files:>10,}{bad:>10}{slow:>10}   in {time.monotonic() - started:.0f} s, seed {arguments.seed}")
    return 1 if bad or slow else 0


if __name__ == "__main__":
    sys.exit(main())
