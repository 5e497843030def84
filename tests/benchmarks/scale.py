"""What grows with the length of a lesson, and with the size of a tensor: one table, all ratios of one run.

Run by hand, on a machine that does nothing else: ``python tests/benchmarks/scale.py`` (about a minute).

Lessons of 20, 200 and 2,000 statements are generated, all of the same small shapes, and opened: reading the files, and
running the lesson in its worker. Then two answers are evaluated some times in a row, as at key presses, the three
lessons in turn, again and again: the first of the walk back, to the node at the end of the forward pass, with nothing
before it in the file; and the last, with the answers to all other nodes before it. Making ready for it runs all of
these once. Opening is told per statement besides, and should not grow more than in proportion; an evaluation should
stay within 1.5 × of that at 20.

The tensor of 4096×4096 is looked at as the node pane does: summary, heatmap and window in one request. It is carried
out in the reference worker, so what the app waits for is the reply alone.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.typing import LiveJudge, Place
from ninja_tui.engine.protocol.views import Frame, Slice, View, ViewRequest
from ninja_tui.engine.workers.client import start_server
from ninja_tui.lesson.program import read_program
from ninja_tui.lesson.read import read_lesson

LENGTHS = (20, 200, 2000)
ROUNDS, IN_A_ROW = 8, 10
LIMIT = 1.5
SETUP = """# %% setup
import torch

g = torch.Generator().manual_seed(1)
w = torch.randn((6, 8), generator=g)
b = torch.randn(8, generator=g) * 0.1
parameters = [w, b]

# %% minibatch
x = torch.randn((4, 6), generator=g)

# %% forward
h0 = x @ w + b
"""
LARGE = """# %% setup
import torch

g = torch.Generator().manual_seed(1)
w = torch.randn((4096, 4096), generator=g)
parameters = [w]

# %% forward
y = w * 2
loss = y.mean()
"""
FRAME = Frame(row=0, column=0, rows=12, columns=8, heat_rows=24, heat_columns=60)


def lesson_of(statements: int) -> str:
    """A forward pass of so many statements: sums, products and tanh in turn, each reading the one before."""
    forms = ("h{n} = torch.tanh(h{m})", "h{n} = h{m} * 0.9 + b", "h{n} = h{m} - h{m}.mean(1, keepdim=True)")
    lines = [forms[n % len(forms)].format(n=n, m=n - 1) for n in range(1, statements - 1)]
    return SETUP + "\n".join([*lines, f"loss = (h{statements - 2} ** 2).mean()"]) + "\n"


def answers_of(statements: int) -> str:
    """Right answers to all that lies between the loss and the first statement, in walk order."""
    forms = ("(1 - h{n} ** 2) * dh{n}", "dh{n} * 0.9", "dh{n} - dh{n}.mean(1, keepdim=True)")
    last = statements - 2
    lines = [f"dh{last} = 2 * h{last} / h{last}.numel()"]
    lines += [f"dh{n - 1} = " + forms[n % len(forms)].format(n=n) for n in range(last, 0, -1)]
    return "\n".join(lines)


def timed(job: Callable[[], object]) -> float:
    """Seconds that a job takes."""
    started = time.perf_counter()
    job()
    return time.perf_counter() - started


class Opened:
    """A generated lesson, opened; how long each part of that took; and times of evaluations."""

    def __init__(self, folder: Path, statements: int) -> None:
        self.statements = statements
        path = folder / f"long-{statements}"
        path.mkdir()
        (path / "forward.py").write_text(lesson_of(statements), encoding="utf-8")
        started = time.perf_counter()
        self.lesson = read_lesson(str(path))
        self.reading = time.perf_counter() - started
        self.bench = Workbench(self.lesson, Options())
        self.running = timed(self.bench.open)
        program = read_program(answers_of(statements), self.lesson.asks, "answers")
        own = frozenset(self.lesson.asks)
        first = self.lesson.asks[0]
        self.ends = (
            End(self.bench, Place(first), f"d{first} = 2 * {first} / {first}.numel()"),
            End(self.bench, Place.after("w", program.steps, program.answers, own), "dw = x.T @ dh0"),
        )

    @property
    def opening(self) -> float:
        """All of it."""
        return self.reading + self.running

    def close(self) -> None:
        """Ends its processes."""
        for end in self.ends:
            end.close()
        self.bench.close()


class End:
    """One place at which an answer is typed, and the times of evaluating it."""

    def __init__(self, bench: Workbench, place: Place, code: str) -> None:
        self._judge, self._place, self._code = LiveJudge(bench), place, code
        self.preparing = timed(lambda: self._judge.prepare(place))
        self.times: list[float] = []

    def evaluate(self) -> None:
        """Some key presses in a row; the first, before which other processes had the processor, is not counted."""
        times = [timed(self._passes) for _ in range(1 + IN_A_ROW)]
        self.times += times[1:]

    def _passes(self) -> None:
        if not self._judge.evaluate(self._code, self._place).passed:
            raise SystemExit("the right answer does not pass")

    def close(self) -> None:
        """Ends its process."""
        self._judge.close()


def looking(folder: Path) -> dict[str, float]:
    """Seconds of looking at a large tensor: the first time, and later ones."""
    path = folder / "large"
    path.mkdir()
    (path / "forward.py").write_text(LARGE, encoding="utf-8")
    bench = Workbench(read_lesson(str(path)), Options())
    bench.open()
    request = ViewRequest("y", View.VALUE, (), FRAME)
    moved = replace(request, frame=replace(FRAME, row=2000))
    sliced = replace(request, slices=(Slice(0, 64), 5))
    try:
        return {
            "4096×4096: summary, heatmap, window": timed(lambda: bench.inspect(request)),
            "the same again, scrolled": statistics.median(timed(lambda: bench.inspect(moved)) for _ in range(5)),
            "a slice of it": statistics.median(timed(lambda: bench.inspect(sliced)) for _ in range(5)),
        }
    finally:
        bench.close()


def opening(opened: list[Opened]) -> Table:
    """Times of opening, and ratios to the shortest lesson."""
    shown = Table(title="opening")
    for name in ("statements", "reading", "running", "both", "more per statement than before"):
        shown.add_column(name, justify="right")
    before: Opened | None = None
    for each in opened:
        times = (each.reading, each.running, each.opening)
        more = ""
        if before is not None:
            more = f"{(each.opening - before.opening) / (each.statements - before.statements) * 1e3:.2f} ms"
        shown.add_row(f"{each.statements:,}", *(f"{seconds * 1e3:.0f} ms" for seconds in times), more)
        before = each
    return shown


def evaluating(opened: list[Opened], which: int, title: str) -> Table:
    """Times of evaluating an answer, and ratios to the shortest lesson."""
    shown = Table(title=title)
    for name in ("statements", "make ready", "evaluation, median", "90 %", "ratio", f"<= {LIMIT}"):
        shown.add_column(name, justify="right")
    shortest = statistics.median(opened[0].ends[which].times)
    for each in opened:
        end = each.ends[which]
        median = statistics.median(end.times)
        shown.add_row(
            f"{each.statements:,}",
            f"{end.preparing * 1e3:.0f} ms",
            f"{median * 1e3:.1f} ms",
            f"{statistics.quantiles(end.times, n=10)[-1] * 1e3:.1f} ms",
            f"{median / shortest:.2f}",
            "yes" if median / shortest <= LIMIT else "no",
        )
    return shown


def main() -> None:
    """Measures, and prints the tables."""
    description = "What grows with the length of a lesson, and with the size of a tensor."
    argparse.ArgumentParser(prog="python -m tests.benchmarks.scale", description=description).parse_args()
    start_server()
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        opened: list[Opened] = []
        try:
            Opened(folder, 3).close()  # loads what is loaded once
            for statements in LENGTHS:
                opened.append(Opened(folder, statements))
            for _ in range(ROUNDS):
                for end in (end for each in opened for end in each.ends):
                    end.evaluate()
            console.print(opening(opened))
            console.print(evaluating(opened, 0, "the first answer of the walk back"))
            console.print(evaluating(opened, 1, "the last, behind all others"))
        finally:
            for each in opened:
                each.close()
        large = Table(title="a large tensor")
        large.add_column("what")
        large.add_column("time", justify="right")
        for what, seconds in looking(folder).items():
            large.add_row(what, f"{seconds * 1e3:.0f} ms")
        console.print(large)


if __name__ == "__main__":
    main()
