"""All right answers of the corpus on many seeds: ``python -m tests.benchmarks.seeds [FIRST] [COUNT]``."""

from __future__ import annotations

import argparse
import sys
import time

from tests.engine.corpus.judged import false_alarms


def main() -> int:
    """Prints a line for each seed, and a sum; the exit status is 1 where a right answer did not pass."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.seeds", description="Judges all right answers of the corpus on many seeds."
    )
    parser.add_argument("first", nargs="?", type=int, default=1, help="seed (1)")
    parser.add_argument("count", nargs="?", type=int, default=200, help="of seeds (200)")
    arguments = parser.parse_args()
    first, count = arguments.first, arguments.count
    answers = alarms = 0
    print(f"{'seed':>6} {'answers':>8} {'alarms':>7} {'s':>6}")
    for seed in range(first, first + count):
        started = time.monotonic()
        judged, wrong = false_alarms(seed)
        answers, alarms = answers + judged, alarms + len(wrong)
        print(f"{seed:>6} {judged:>8} {len(wrong):>7} {time.monotonic() - started:>6.1f}", flush=True)
        for right, verdict in wrong:
            print(f"       {right.node} {right.name}: {verdict}", flush=True)
    print(f"{count} seeds, {answers} right answers judged, {alarms} false alarms")
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main())
