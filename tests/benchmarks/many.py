"""How fast many files are judged, and what they take: one table, all figures of one run.

Run by hand, on a machine that does nothing else: ``python -m tests.benchmarks.many`` (about a minute); for memory
``--files 1000``; ``--against FOLDER`` measures another checkout in turn with this one.

Copies of a solutions file for the lesson ``names`` are replayed in one run with one job. In one kind of file all 26
answers are right; in the other six are wrong, each in a way of its own, and explained. A file's time runs from the
verdicts on the file before to its own, so it holds all that a file costs: reading it, a process of its own, judging.
CPU time is that of all processes together, which a machine that does something else as well cannot stretch as far.

Start-up is the time from the start of the process to the end of the first file. Memory is the resident set of the main
process and of the reference, and the share (PSS) of all processes together, after the first file, half of them and all.
Processes afterwards are those that are still there when the run has ended.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parents[2]
SOLUTION = Path("ninja_tui") / "lessons" / "names" / "solution.py"
MISTAKES = {
    "dlogprobs[range(n), Yb] = -1.0 / n": "dlogprobs[range(n), Yb] = 1.0 / n",
    "dprobs = (1.0 / probs) * dlogprobs": "dprobs = 1.0 / probs",
    "dcounts += torch.ones_like(counts) * dcounts_sum": "dcounts += 0.0",
    "db2 = dlogits.sum(0)": "db2 = dlogits.sum(1)",
    "dW1 = embcat.T @ dhprebn": "dW1 = (embcat.T @ dhprebn) / n",
    "dC.index_put_((Xb,), demb, accumulate=True)": "dC[Xb] = demb",
}
"""Right statements, and what stands in their place in a file with mistakes."""
WARM = 3
"""Files before the first that counts."""
SUBREAPER = 36
MEASURED = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='many')['measure'](sys.argv[2:])"
"""Run so, and not as a script, the module is not imported by each worker anew."""


@dataclass(frozen=True)
class Memory:
    """Mebibytes: of the main process, of the reference, and of all."""

    main: float
    reference: float
    all: float


@dataclass(frozen=True)
class Measured:
    """Seconds to the end of the first file, of each file after the warm ones, and of CPU a file; memory on the way."""

    startup: float
    files: list[float]
    cpu: float
    passed: int
    memory: list[Memory]


# In the process that is measured


def measure(arguments: Sequence[str]) -> None:
    """Replays the files, and writes what was measured to the first of the ``arguments``."""
    from ninja_tui.engine.evaluate.program import ProgramJudge
    from ninja_tui.replay import Request, replay

    result, began, *files = arguments
    ends: list[float] = []
    cpu: list[float] = []
    memory: list[Memory] = []
    judged: Callable[..., list[Any]] = ProgramJudge.judge_all

    def judge_all(self: Any, *rest: Any) -> list[Any]:
        verdicts = judged(self, *rest)
        ends.append(time.monotonic())
        if len(ends) in (WARM, len(files)):
            cpu.append(sum(map(_cpu_of, [os.getpid(), *_descendants(os.getpid())])))
        if len(ends) in (1, len(files) // 2, len(files)):
            memory.append(_memory(_pid_of(self._bench._reference)))
        return verdicts

    setattr(ProgramJudge, "judge_all", judge_all)  # noqa: B010 - a method, for a type checker
    report = replay(Request(tuple(map(Path, files))))
    measured = Measured(
        ends[0] - float(began),
        [after - before for before, after in zip(ends[WARM - 1 :], ends[WARM:], strict=False)],
        (cpu[-1] - cpu[0]) / (len(files) - WARM),
        sum(each.passed for file in report.files for each in file.lessons),
        memory,
    )
    Path(result).write_text(json.dumps(asdict(measured)), encoding="utf-8")


def _pid_of(endpoint: Any) -> int:
    """The process of a worker, also of one that is held to a time."""
    pid: int = getattr(getattr(endpoint, "_worker", endpoint), "pid", 0)
    return pid


def _memory(reference: int) -> Memory:
    main = os.getpid()
    everything = sum(_kibibytes(pid, "smaps_rollup", "Pss:") for pid in [main, *_descendants(main)])
    return Memory(_kibibytes(main, "status", "VmRSS:") / 1024, _kibibytes(reference, "status", "VmRSS:") / 1024,
                  everything / 1024)  # fmt: skip


def _kibibytes(pid: int, file: str, key: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(key)), 0)


def _cpu_of(pid: int) -> float:
    """Seconds of CPU of a process, and of its children that have ended."""
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _stat(pid: int) -> list[str]:
    """What the system tells of a process, from its state on; nothing where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _descendants(of: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    waiting = [of]
    while waiting:
        new = children.get(waiting.pop(), [])
        found += new
        waiting += new
    return found


# In the process that prints


def run(checkout: Path, files: Sequence[Path], folder: Path) -> tuple[Measured, int]:
    """What replaying ``files`` with the code of a ``checkout`` takes, and how many processes it leaves behind."""
    result = folder / "measured.json"
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [sys.executable, "-c", MEASURED, str(Path(__file__).resolve()), str(result), str(time.monotonic())]
    subprocess.run([*command, *map(str, files)], check=True, cwd=folder, env=environment)
    time.sleep(0.5)
    left = sum(_stat(pid)[:1] != ["Z"] for pid in _descendants(os.getpid()))
    read = json.loads(result.read_text(encoding="utf-8"))
    return Measured(**{**read, "memory": [Memory(**each) for each in read["memory"]]}), left


def copies(folder: Path, kind: str, count: int) -> list[Path]:
    """Files that are alike, with 26 right answers, or six wrong ones among them."""
    text = (HERE / SOLUTION).read_text(encoding="utf-8")
    if kind == "6 wrong":
        for right, wrong in MISTAKES.items():
            assert right in text, right
            text = text.replace(right, wrong)
    paths = [folder / f"{kind.replace(' ', '_')}_{number:04}.py" for number in range(count)]
    for path in paths:
        path.write_text(text, encoding="utf-8")
    return paths


def main() -> int:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args()
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)  # what a run leaves behind becomes ours, and is counted
    checkouts = {"this": HERE} | ({} if chosen.against is None else {"other": chosen.against.resolve()})
    table = Table(title=f"{chosen.files} files of 26 answers, one job")
    for heading in ("files", "checkout", "start-up", "ms a file", "p95", "CPU ms a file", "main MB", "reference MB",
                    "all MB (PSS)", "processes left"):  # fmt: skip
        table.add_column(heading, justify="left" if heading in ("files", "checkout") else "right")
    for kind in ("right", "6 wrong"):
        runs: dict[str, list[tuple[Measured, int]]] = {name: [] for name in checkouts}
        with tempfile.TemporaryDirectory() as name:
            files = copies(Path(name), kind, chosen.files)
            for _ in range(chosen.rounds):
                for which, checkout in checkouts.items():
                    runs[which].append(run(checkout, files, Path(name)))
        for which, measured in runs.items():
            table.add_row(kind, which, *_cells(measured))
    Console(width=150).print(table)
    return 0


def _cells(runs: Sequence[tuple[Measured, int]]) -> list[str]:
    every = sorted(seconds for measured, _ in runs for seconds in measured.files)
    last = runs[-1][0].memory

    def told(part: Callable[[Memory], float]) -> str:
        return " → ".join(f"{part(each):.0f}" for each in last)

    return [
        f"{statistics.median(measured.startup for measured, _ in runs):.1f} s",
        f"{statistics.median(every) * 1e3:.0f}",
        f"{every[int(len(every) * 0.95)] * 1e3:.0f}",
        f"{statistics.median(measured.cpu for measured, _ in runs) * 1e3:.0f}",
        told(lambda each: each.main),
        told(lambda each: each.reference),
        told(lambda each: each.all),
        str(max(left for _, left in runs)),
    ]


if __name__ == "__main__":
    sys.exit(main())
