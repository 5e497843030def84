"""What locking a worker costs: each wall by itself, in processes forked from one that has PyTorch.

``python -m tests.benchmarks.lock [--processes N]``
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table

from ninja_tui.engine.workers.lock import Lock, limits


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=100)
    processes = parser.parse_args().processes
    torch.set_num_threads(1)
    torch.ones(64, 64) @ torch.ones(64, 64)
    began = time.perf_counter()
    lock = Lock.build()
    built = 1000 * (time.perf_counter() - began)
    walls: dict[str, Callable[[], object]] = {"nothing: the fork alone": lambda: None, "limits": limits.limit}
    if lock.ruleset is not None:
        walls["Landlock"] = lock.ruleset.apply
    if lock.computing is not None:
        walls["seccomp"] = lock.computing.load
    table = Table(title=f"A lock, over {processes} processes; building it once takes {built:.0f} ms")
    for column in ("wall", "median", "p95"):
        table.add_column(column, justify="left" if column == "wall" else "right")
    for name, wall in walls.items():
        times = sorted(_in_a_child(wall) for _ in range(processes))
        table.add_row(name, f"{statistics.median(times):.2f} ms", f"{times[int(0.95 * processes)]:.2f} ms")
    Console().print(table)


def _in_a_child(wall: Callable[[], object]) -> float:
    """Milliseconds that ``wall`` takes in a new process; those of the fork where it is nothing."""
    reading, writing = os.pipe()
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        forked = time.perf_counter()
        wall()
        taken = time.perf_counter() - forked
        os.write(writing, repr(1000 * taken).encode())
        os._exit(0)
    os.close(writing)
    taken = float(os.read(reading, 100))
    os.close(reading)
    os.waitpid(child, 0)
    return taken if taken > 0.05 else 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
