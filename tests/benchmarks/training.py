"""How fast a network trains on a person's own backward pass: one table, all ratios measured side by side in one run.

Run by hand, on a machine that does nothing else: ``python tests/benchmarks/training.py`` (about a minute; with
``--full`` another, in which the 200,000 steps are really made, and the losses and some names are printed).

The network is that of the lesson ``train``: 12,297 parameters, minibatches of 32, one thread. Each variant trains on
from where it was in the last round; the rounds are interleaved, so that a machine that slows down slows all of them.
The table gives the median time of a step, and medians of the rounds' ratios. Ours are the lesson's own solution by way
of the session that the app asks, in this process. What compiling takes counts in the total.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any, TypeVar

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Request
from ninja_tui.engine.training.config import Engine
from ninja_tui.engine.training.messages import BeginTraining, EvaluateSplits, OpenLesson, SampleNames, TrainSteps
from ninja_tui.engine.training.service import handlers_of
from ninja_tui.engine.training.session import TrainingSession
from ninja_tui.engine.workers.setup import set_up
from ninja_tui.lesson.read import read_lesson
from ninja_tui.lesson.solutions import read_solutions
from ninja_tui.lesson.syntax.fragment import Fragment

STEPS = 200_000
ROUNDS = 9
BATCH = 32

R = TypeVar("R")
Train = Callable[[int], None]


class Ours:
    """A training by way of the session."""

    def __init__(self, engine: Engine) -> None:
        lesson = read_lesson("train")
        assert lesson.calibrate is not None and lesson.predict is not None and lesson.solution is not None
        cells = [Fragment.at(cell.source, cell.line) for cell in (lesson.calibrate, lesson.predict)]
        self._handlers = handlers_of(TrainingSession())
        self.ask(OpenLesson(LessonCode.of(lesson, None, {}), cells[0], cells[1]))
        program = read_solutions(lesson.solution, "train").program("train", [node.name for node in lesson.nodes])
        answers = tuple(Fragment(step.code, step.line, step.end_line) for step in program.steps)
        self.begun = self.ask(BeginTraining(STEPS, answers, engine=engine))

    def ask(self, request: Request[R]) -> R:
        reply: R = self._handlers[type(request)](request)  # type: ignore[assignment]  # the handler of this request
        return reply

    def train(self, steps: int) -> None:
        assert self.ask(TrainSteps(steps)).stop is None


def lecture(setup: dict[str, Any], *, index_add: bool) -> Train:
    """The training loop of Exercise 4 as the lecture prints it, the gradient of C by a loop over the batch."""
    Xtr, Ytr, g = setup["Xtr"], setup["Ytr"], setup["g"]  # noqa: N806 - the lecture's names
    C, W1, b1, W2, b2, bngain, bnbias = parameters = setup["parameters"]  # noqa: N806
    n = batch_size = BATCH
    lossi: list[float] = []

    def train(steps: int) -> None:
        with torch.no_grad():
            for i in range(steps):
                ix = torch.randint(0, Xtr.shape[0], (batch_size,), generator=g)
                Xb, Yb = Xtr[ix], Ytr[ix]  # noqa: N806
                emb = C[Xb]
                embcat = emb.view(emb.shape[0], -1)
                hprebn = embcat @ W1 + b1
                bnmean = hprebn.mean(0, keepdim=True)
                bnvar = hprebn.var(0, keepdim=True, unbiased=True)
                bnvar_inv = (bnvar + 1e-5) ** -0.5
                bnraw = (hprebn - bnmean) * bnvar_inv
                hpreact = bngain * bnraw + bnbias
                h = torch.tanh(hpreact)
                logits = h @ W2 + b2
                loss = F.cross_entropy(logits, Yb)
                for p in parameters:
                    p.grad = None
                dlogits = F.softmax(logits, 1)
                dlogits[range(n), Yb] -= 1
                dlogits /= n
                dh = dlogits @ W2.T
                dW2 = h.T @ dlogits  # noqa: N806
                db2 = dlogits.sum(0)
                dhpreact = (1.0 - h**2) * dh
                dbngain = (bnraw * dhpreact).sum(0, keepdim=True)
                dbnbias = dhpreact.sum(0, keepdim=True)
                dhprebn = (
                    bngain * bnvar_inv / n
                    * (n * dhpreact - dhpreact.sum(0) - n / (n - 1) * bnraw * (dhpreact * bnraw).sum(0))
                )  # fmt: skip
                dembcat = dhprebn @ W1.T
                dW1 = embcat.T @ dhprebn  # noqa: N806
                db1 = dhprebn.sum(0)
                demb = dembcat.view(emb.shape)
                dC = torch.zeros_like(C)  # noqa: N806
                if index_add:
                    dC.index_add_(0, Xb.view(-1), demb.view(-1, C.shape[1]))
                else:
                    for k in range(Xb.shape[0]):
                        for j in range(Xb.shape[1]):
                            ix = Xb[k, j]
                            dC[ix] += demb[k, j]
                for p, grad in zip(parameters, [dC, dW1, db1, dW2, db2, dbngain, dbnbias], strict=True):
                    lr = 0.1 if i < 100_000 else 0.01
                    p.data += -lr * grad
                lossi.append(loss.log10().item())

    return train


def autograd(setup: dict[str, Any]) -> Train:
    """The same network by autograd and ``torch.optim.SGD``."""
    Xtr, Ytr, g = setup["Xtr"], setup["Ytr"], setup["g"]  # noqa: N806
    C, W1, b1, W2, b2, bngain, bnbias = setup["parameters"]  # noqa: N806
    optimizer = torch.optim.SGD(setup["parameters"], lr=0.1)
    lossi: list[float] = []

    def train(steps: int) -> None:
        for _ in range(steps):
            ix = torch.randint(0, Xtr.shape[0], (BATCH,), generator=g)
            Xb, Yb = Xtr[ix], Ytr[ix]  # noqa: N806
            emb = C[Xb]
            hprebn = emb.view(emb.shape[0], -1) @ W1 + b1
            bnmean = hprebn.mean(0, keepdim=True)
            bnvar = hprebn.var(0, keepdim=True, unbiased=True)
            hpreact = bngain * (hprebn - bnmean) * (bnvar + 1e-5) ** -0.5 + bnbias
            loss = F.cross_entropy(torch.tanh(hpreact) @ W2 + b2, Yb)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]  # PyTorch has no types for it
            optimizer.step()
            lossi.append(loss.log10().item())

    return train


def in_numpy(setup: dict[str, Any]) -> Train:
    """The same step by hand: float32, in place where it can be, indices drawn ahead, no Python loop over the batch."""
    f = np.float32
    X, Y = setup["Xtr"].numpy(), setup["Ytr"].numpy()  # noqa: N806
    C, W1, b1, W2, b2, gain, bias = (p.detach().numpy().copy() for p in setup["parameters"])  # noqa: N806
    random, rows, lr, n = np.random.default_rng(0), np.arange(BATCH), f(0.1), f(BATCH)
    one_hot = np.eye(C.shape[0], dtype=f)
    losses: list[Any] = []

    def train(steps: int) -> None:
        nonlocal C, W1, b1, W2, b2, gain, bias
        for ix in random.integers(0, len(X), (steps, BATCH)):
            x, y = X[ix], Y[ix]
            e = C[x].reshape(BATCH, -1)
            z = e @ W1
            z += b1
            z -= z.sum(0) * (1 / n)
            inverse = (np.einsum("ij,ij->j", z, z) * (1 / (n - 1)) + f(1e-5)) ** f(-0.5)
            z *= inverse
            h = z * gain
            h += bias
            np.tanh(h, out=h)
            p = h @ W2
            p += b2
            p -= p.max(1, keepdims=True)
            np.exp(p, out=p)
            p *= 1 / p.sum(1, keepdims=True)
            losses.append(-np.log(p[rows, y]).sum() / n)
            p[rows, y] -= 1
            p *= 1 / n
            d = p @ W2.T
            dW2, db2 = h.T @ p, p.sum(0)  # noqa: N806
            h *= h
            np.subtract(1, h, out=h)
            d *= h
            dgain, dbias = np.einsum("ij,ij->j", z, d), d.sum(0)
            d -= dbias * (1 / n)
            z *= dgain * (1 / (n - 1))
            d -= z
            d *= gain[0] * inverse
            dW1, db1 = e.T @ d, d.sum(0)  # noqa: N806
            dC = one_hot[x.reshape(-1)].T @ (d @ W1.T).reshape(-1, C.shape[1])  # noqa: N806
            for parameter, gradient in ((W1, dW1), (W2, dW2), (C, dC)):
                np.multiply(gradient, lr, out=gradient)
                np.subtract(parameter, gradient, out=parameter)
            b1 -= lr * db1
            b2 -= lr * db2
            gain -= lr * dgain
            bias -= lr * dbias

    return train


def variants() -> tuple[dict[str, tuple[Train, int]], Ours]:
    """By name: what trains, and how many steps a round; and ours compiled."""
    lesson = read_lesson("train")

    def setup() -> dict[str, Any]:
        return set_up(LessonCode.of(lesson, None, {}))

    torch.set_num_threads(1)
    eager, compiled = Ours(Engine.EAGER), Ours(Engine.COMPILED)
    return {
        "the lecture's loop": (lecture(setup(), index_add=False), 150),
        "the same with index_add_": (lecture(setup(), index_add=True), 500),
        "autograd and SGD": (autograd(setup()), 500),
        "by hand in NumPy": (in_numpy(setup()), 1000),
        "ours, eager": (eager.train, 1000),
        "ours, compiled": (compiled.train, 2000),
    }, compiled


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="make the 200,000 steps too")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    trainings, compiled = variants()
    spent: dict[str, list[float]] = {name: [] for name in trainings}
    for number in range(options.rounds + 1):
        for name, (train, steps) in trainings.items():
            began = time.perf_counter()
            train(steps)
            if number:  # the first round warms up
                spent[name].append((time.perf_counter() - began) / steps)
    compiling = compiled.begun.seconds

    def ratio(name: str, to: str) -> float:
        return statistics.median(one / other for one, other in zip(spent[name], spent[to], strict=True))

    table = Table(title=f"12,297 parameters, minibatches of {BATCH}, one thread, {options.rounds} rounds")
    columns = ("", "µs a step", "steps/s", "× lecture", "× autograd", "× NumPy", f"{STEPS:,} steps", "of lecture's")
    for column in columns:
        table.add_column(column, justify="right" if column else "left")
    whole = {name: statistics.median(times) * STEPS for name, times in spent.items()}
    whole["ours, compiled"] += compiling
    for name, times in spent.items():
        step = statistics.median(times)
        speeds = [f"{ratio(to, name):.2f}" for to in ("the lecture's loop", "autograd and SGD", "by hand in NumPy")]
        share = f"{whole[name] / whole[next(iter(whole))]:.3f}"
        table.add_row(name, f"{step * 1e6:.0f}", f"{1 / step:,.0f}", *speeds, f"{whole[name]:.0f} s", share)
    console = Console(width=110)
    console.print(table)
    engine, reason = compiled.begun.engine, compiled.begun.not_compiled
    console.print(f"Compiling took {compiling:.1f} s, which the total counts. Ran: {engine} {reason}".rstrip())
    if options.full:
        ours = Ours(Engine.COMPILED)
        began = time.perf_counter()
        for _ in range(100):
            ours.train(STEPS // 100)
        seconds = time.perf_counter() - began + ours.begun.seconds
        losses = ours.ask(EvaluateSplits())
        names = ours.ask(SampleNames(20)).names
        console.print(f"{STEPS:,} steps in {seconds:.1f} s: train loss {losses.train:.4f}, val {losses.val:.4f}")
        console.print(" ".join(names))


if __name__ == "__main__":
    main()
