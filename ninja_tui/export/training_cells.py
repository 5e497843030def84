"""The last cells of a notebook: a training on a person's own backward pass, and names of the trained network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ninja_tui.export.names import STEPS, kept_names, names_beside, names_of_each_step
from ninja_tui.export.pieces import COMPARING, Piece
from ninja_tui.lesson.model import Cell, Lesson, gradient_name
from ninja_tui.lesson.syntax.standalone import indented, with_none_for_calls_of, without_calls_of

MOST_STEPS = 5_000
"""Of a notebook's training: some seconds of Python."""
RATE = "0.1 if {step} < steps / 2 else 0.01"
"""The learning rate of a lesson that has none."""
SAMPLING_SEED = 2147483647 + 10
"""The lecture's."""

RECORDING = "torch.set_grad_enabled(True)"
BY_HAND = "torch.set_grad_enabled(False)"
"""Before answers: as where they are judged, PyTorch records nothing of them, and they may be computed in NumPy."""

TELLING = ("print", COMPARING)
"""What answers call to see something, and not again in each step."""

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
    training = "\n".join(_Loop(lesson, pieces, replaced).lines())
    return TrainingCells(training, _sampling(lesson, names), replaced)


def _replaced(lesson: Lesson, pieces: Sequence[Piece]) -> tuple[str, ...]:
    """The nodes whose gradient autograd computes in each step: what is missing or wrong, and of use."""
    off = {verdict.node for piece in pieces for verdict in piece.replaced}
    answered = {node for piece in pieces for node in piece.nodes}
    read = {name for piece in pieces for name in piece.reads}
    trains = {node.name for node in lesson.nodes if node.gradient in read or node.name in lesson.parameters}
    absent = set(lesson.parameters) - answered
    return tuple(node.name for node in lesson.nodes if node.name in (off & trains) | absent)


class _Loop:
    """The loop of a training: minibatch, forward pass, backward pass, update."""

    def __init__(self, lesson: Lesson, pieces: Sequence[Piece], replaced: tuple[str, ...]) -> None:
        self._lesson, self._pieces, self._replaced = lesson, pieces, replaced
        names = names_beside(lesson, pieces)
        self._step, self._losses, self._reference, self._rate, self._p, self._gradient = map(
            names.fresh, ("step", "losses", "autograd", "lr", "p", "gradient")
        )
        each_step = names_of_each_step(lesson)
        self._kept = {name: kept for name, kept in kept_names(lesson, pieces).items() if name not in each_step}

    def lines(self) -> list[str]:
        """All of its cell."""
        own = self._lesson.numbers.get("steps")
        remark = f"  # the lesson's own training has {own:,}" if own else ""
        forward = [*_part("# minibatch", self._lesson.minibatch), *_part("# forward pass", self._lesson.forward)]
        backward = ["# backward pass, by hand", *self._backward(), *self._restored(), *self._update()]
        backward += self._told()
        head = f"for {self._step} in range(steps):"
        if self._replaced:
            body = [*forward, *self._autograd(), "with torch.no_grad():", *_deeper(backward)]
            loop = [head, *_deeper(body)]
        else:
            loop = ["with torch.no_grad():", *_deeper([head, *_deeper([*forward, *backward])])]
        tenth = "(steps // 10 or 1)"
        mean = f"sum({self._losses}[-{tenth}:]) / {tenth}"
        last = f'print(f"mean loss of the last tenth: {{{mean}:.4f}}")'
        steps = [f"{STEPS} = {min(MOST_STEPS, own or MOST_STEPS):_}{remark}"]
        steps += [f"{self._kept[STEPS]} = {STEPS}"] if STEPS in self._kept else []
        return [*steps, *self._restored(), f"{self._losses} = []", RECORDING, *loop, last]

    def _restored(self) -> list[str]:
        """What the answers bind anew as it was before them."""
        if not self._kept:
            return []
        return [f"{', '.join(self._kept)} = {', '.join(self._kept.values())}  # as before the answers"]

    def _autograd(self) -> list[str]:
        nodes = ", ".join(self._replaced)
        return [
            "# autograd's gradients, in the place of what is missing or not right yet",
            f"{self._reference} = torch.autograd.grad({self._lesson.loss}, [{nodes}])",
        ]

    def _backward(self) -> list[str]:
        lines: list[str] = []
        for piece in self._pieces:
            code = with_none_for_calls_of(without_calls_of(piece.code, TELLING), COMPARING)
            lines += [code] if code else []
            lines += [self._instead(each.node, each.gradient) for each in piece.replaced if each.node in self._replaced]
        answered = {node for piece in self._pieces for node in piece.nodes}
        return lines + [self._instead(node, gradient_name(node)) for node in self._replaced if node not in answered]

    def _instead(self, node: str, gradient: str) -> str:
        return f"{gradient} = {self._reference}[{self._replaced.index(node)}].clone()  # autograd's"

    def _update(self) -> list[str]:
        """``p -= lr * dp`` for every parameter that the loss depends on."""
        nodes = {node.name for node in self._lesson.nodes}
        trained = [name for name in self._lesson.parameters if name in nodes]
        gradients = ", ".join(map(gradient_name, trained))
        rate = f"learning_rate({self._step})" if _has_schedule(self._lesson) else RATE.format(step=self._step)
        return [
            "# update",
            f"{self._rate} = {rate}",
            f"for {self._p}, {self._gradient} in zip([{', '.join(trained)}], [{gradients}]):",
            f"    {self._p} -= {self._rate} * {self._gradient}.view({self._p}.shape)",
        ]

    def _told(self) -> list[str]:
        return [
            f"{self._losses}.append({self._lesson.loss}.item())",
            f"if {self._step} % (steps // 10 or 1) == 0:",
            f'    print(f"{{{self._step}:7d}}/{{steps:7d}}: {{{self._losses}[-1]:.4f}}")',
        ]


def _part(title: str, cell: Cell) -> list[str]:
    source = cell.source.strip("\n")
    return [title, source] if source.strip() else []


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
