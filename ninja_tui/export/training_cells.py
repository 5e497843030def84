"""The last cells of a notebook: a training on a person's own backward pass, and names of the trained network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ninja_tui.export.pieces import Piece
from ninja_tui.lesson.model import Cell, Lesson, gradient_name
from ninja_tui.lesson.syntax.standalone import indented

STEPS = 5_000
"""Of a notebook's training: some seconds of Python."""
RATE = "0.1 if step < steps / 2 else 0.01"
"""The learning rate of a lesson that has none."""
SAMPLING_SEED = 2147483647 + 10
"""The lecture's."""

SAMPLING = """\
g_sample = torch.Generator().manual_seed({seed})
with torch.no_grad():
    for _ in range({names}):
        out, context = [], [0] * block_size
        while len(out) < 40:
{predict}
            ix = torch.multinomial(torch.softmax(logits, 1), num_samples=1, generator=g_sample).item()
            context = context[1:] + [ix]
            if ix == 0:
                break
            out.append(itos[ix])
        print("".join(out))"""


@dataclass(frozen=True)
class TrainingCells:
    """The code of a training and, where the lesson can sample, of sampling; ``replaced`` get autograd's gradient."""

    training: str
    sampling: str | None
    replaced: tuple[str, ...]


def training_cells(lesson: Lesson, pieces: Sequence[Piece], names: int) -> TrainingCells:
    """How a notebook trains ``lesson`` on the answers ``pieces``."""
    replaced = _replaced(lesson, pieces)
    training = "\n".join([*_before(lesson), *_loop(lesson, pieces, replaced)])
    return TrainingCells(training, _sampling(lesson, names), replaced)


def _replaced(lesson: Lesson, pieces: Sequence[Piece]) -> tuple[str, ...]:
    """The nodes whose gradient autograd computes in each step: what is missing or wrong, and of use."""
    off = {verdict.node for piece in pieces for verdict in piece.replaced}
    answered = {node for piece in pieces for node in piece.nodes}
    read = {name for piece in pieces for name in piece.reads}
    trains = {node.name for node in lesson.nodes if node.gradient in read or node.name in lesson.parameters}
    absent = set(lesson.parameters) - answered
    return tuple(node.name for node in lesson.nodes if node.name in (off & trains) | absent)


def _before(lesson: Lesson) -> list[str]:
    lines = []
    own = lesson.numbers.get("steps")
    remark = f"  # the lesson's own training has {own:,}" if own else ""
    lines.append(f"steps = {min(STEPS, own or STEPS):_}{remark}")
    lines.append("losses = []")
    return lines


def _loop(lesson: Lesson, pieces: Sequence[Piece], replaced: tuple[str, ...]) -> list[str]:
    """The loop: minibatch, forward pass, backward pass, update."""
    forward = [
        *_part("# minibatch", lesson.minibatch),
        *_part("# forward pass", lesson.forward),
    ]
    backward = ["# backward pass, by hand", *_backward(pieces, replaced), *_update(lesson, pieces)]
    tail = [
        f"losses.append({lesson.loss}.item())",
        "if step % (steps // 10 or 1) == 0:",
        '    print(f"{step:7d}/{steps:7d}: {losses[-1]:.4f}")',
    ]
    last = 'print(f"mean loss of the last tenth: {sum(losses[-(steps // 10 or 1):]) / (steps // 10 or 1):.4f}")'
    if not replaced:
        body = ["for step in range(steps):", *_deeper([*forward, *backward, *tail])]
        return ["with torch.no_grad():", *_deeper(body), last]
    names = ", ".join(replaced)
    grads = f"autograd = dict(zip({list(replaced)!r}, torch.autograd.grad({lesson.loss}, [{names}])))"
    told = "# autograd's gradients, in the place of what is missing or not right yet"
    body = [*forward, told, grads, "with torch.no_grad():", *_deeper([*backward, *tail])]
    return ["for step in range(steps):", *_deeper(body), last]


def _part(title: str, cell: Cell) -> list[str]:
    source = cell.source.strip("\n")
    return [title, source] if source.strip() else []


def _backward(pieces: Sequence[Piece], replaced: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    for piece in pieces:
        lines += [piece.code] if piece.code else []
        for verdict in piece.replaced:
            if verdict.node in replaced:
                lines.append(f"{verdict.gradient} = autograd[{verdict.node!r}].clone()")
    return lines


def _update(lesson: Lesson, pieces: Sequence[Piece]) -> list[str]:
    """``p -= lr * dp`` for every parameter; lines of a gradient that nothing else binds come before."""
    bound = {verdict.node for piece in pieces for verdict in piece.verdicts}
    known = {node.name for node in lesson.nodes}
    trained = [name for name in lesson.parameters if name in known]
    lines = [f"{gradient_name(name)} = autograd[{name!r}]" for name in trained if name not in bound]
    gradients = ", ".join(map(gradient_name, trained))
    return [
        *lines,
        "# update",
        f"lr = {'learning_rate(step)' if _has_schedule(lesson) else RATE}",
        f"for p, gradient in zip([{', '.join(trained)}], [{gradients}]):",
        "    p -= lr * gradient.view(p.shape)",
    ]


def _has_schedule(lesson: Lesson) -> bool:
    return any(line.startswith("def learning_rate(") for line in lesson.setup.source.split("\n"))


def _deeper(lines: Sequence[str]) -> list[str]:
    return indented("\n".join(lines)).split("\n")


def _sampling(lesson: Lesson, names: int) -> str | None:
    """The cell that samples; None where the lesson cannot, or no names are wanted."""
    if lesson.predict is None or not lesson.predict.source.strip() or not names:
        return None
    predict = indented(lesson.predict.source.strip("\n"), " " * 12)
    sampling = SAMPLING.format(seed=SAMPLING_SEED, names=names, predict=predict)
    if lesson.calibrate is None or not lesson.calibrate.source.strip():
        return sampling
    calibrate = indented(lesson.calibrate.source.strip("\n"))
    return f"with torch.no_grad():\n{calibrate}\n\n{sampling}"
