"""A small network to train, with its answers, and a way to ask the session that trains it."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any, TypeVar

import torch

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Request, checked, decode, encode
from ninja_tui.engine.recording.packing import unpack
from ninja_tui.engine.training.messages import (
    BeginTraining,
    CheckGradients,
    GradientCheck,
    OpenLesson,
    SaveParameters,
    TrainingBegun,
    TrainSteps,
)
from ninja_tui.engine.training.service import handlers_of
from ninja_tui.engine.training.session import TrainingSession
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.program import read_program
from ninja_tui.lesson.read import read_folder
from ninja_tui.lesson.syntax.fragment import Fragment
from tests.helpers import some_names

R = TypeVar("R")
SETUP = """\
# %% setup
import torch
import torch.nn.functional as F

from ninja_tui.lesson.words import read_words

seed = 2147483647
words = read_words("names.txt")
chars = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
itos = {i: s for s, i in stoi.items()}
vocab_size = len(itos)
block_size = 3


def build_dataset(words):
    rows = [([0] * block_size + [stoi[c] for c in word], [stoi[c] for c in word] + [0]) for word in words]
    X = [padded[at : at + block_size] for padded, targets in rows for at in range(len(targets))]
    return torch.tensor(X), torch.tensor([target for _, targets in rows for target in targets])


split = int(0.9 * len(words))
Xtr, Ytr = build_dataset(words[:split])
Xdev, Ydev = build_dataset(words[split:])
g = torch.Generator().manual_seed(seed)
C = torch.randn((vocab_size, 4), generator=g)
W1 = torch.randn((4 * block_size, 20), generator=g) * 0.3
b1 = torch.randn(20, generator=g) * 0.1
W2 = torch.randn((20, vocab_size), generator=g) * 0.1
b2 = torch.randn(vocab_size, generator=g) * 0.1
bngain = torch.randn((1, 20), generator=g) * 0.1 + 1.0
bnbias = torch.randn((1, 20), generator=g) * 0.1
parameters = [C, W1, b1, W2, b2, bngain, bnbias]
for p in parameters:
    p.requires_grad = True
asks = ["logits", "h", "W2", "b2", "hpreact", "bngain", "bnbias", "hprebn", "embcat", "W1", "b1", "emb", "C"]
steps = 200_000
batch_size = 32
n = batch_size


def learning_rate(step):
    return 0.1 if step < steps // 2 else 0.01

"""
MINIBATCH = """\
ix = torch.randint(0, Xtr.shape[0], (batch_size,), generator=g)
Xb, Yb = Xtr[ix], Ytr[ix]
"""
FORWARD = """
# %% forward
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

# %% calibrate
with torch.no_grad():
    hprebn = C[Xtr].view(Xtr.shape[0], -1) @ W1 + b1
    bnmean = hprebn.mean(0, keepdim=True)
    bnvar = hprebn.var(0, keepdim=True, unbiased=True)

# %% predict
hprebn = C[context].view(len(context), -1) @ W1 + b1
hpreact = bngain * (hprebn - bnmean) * (bnvar + 1e-5) ** -0.5 + bnbias
logits = torch.tanh(hpreact) @ W2 + b2
"""
ANSWERS = {
    "logits": "dlogits = F.softmax(logits, 1)\ndlogits[range(n), Yb] -= 1\ndlogits /= n",
    "h": "dh = dlogits @ W2.T",
    "W2": "dW2 = h.T @ dlogits",
    "b2": "db2 = dlogits.sum(0)",
    "hpreact": "dhpreact = (1.0 - h**2) * dh",
    "bngain": "dbngain = (bnraw * dhpreact).sum(0, keepdim=True)",
    "bnbias": "dbnbias = dhpreact.sum(0, keepdim=True)",
    "hprebn": "dhprebn = bngain * bnvar_inv / n * (n * dhpreact - dbnbias - n / (n - 1) * bnraw * dbngain)",
    "embcat": "dembcat = dhprebn @ W1.T",
    "W1": "dW1 = embcat.T @ dhprebn",
    "b1": "db1 = dhprebn.sum(0)",
    "emb": "demb = dembcat.view(emb.shape)",
    "C": "dC = torch.zeros_like(C).index_add_(0, Xb.view(-1), demb.view(-1, demb.shape[2]))",
}
DOUBLE_LOOP = """\
dC = torch.zeros_like(C)
for k in range(Xb.shape[0]):
    for j in range(Xb.shape[1]):
        ix = Xb[k, j]
        dC[ix] += demb[k, j]
"""


@functools.cache
def lesson_of(minibatch: str = MINIBATCH, calibrate: str = "") -> Lesson:
    """The lesson; ``calibrate`` stands first in the cell of that name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "forward.py"
        forward = FORWARD.replace("# %% calibrate\n", f"# %% calibrate\n{calibrate}")
        path.write_text(f"{SETUP}# %% minibatch\n{minibatch}{forward}", encoding="utf-8")
        return read_folder(path.parent)


def opening(minibatch: str = MINIBATCH, calibrate: str = "") -> OpenLesson:
    """The request that opens the lesson."""
    lesson = lesson_of(minibatch, calibrate)
    assert lesson.calibrate is not None and lesson.predict is not None
    code = LessonCode.of(lesson, None, {"names.txt": some_names()})
    cells = [Fragment.at(cell.source, cell.line) for cell in (lesson.calibrate, lesson.predict)]
    return OpenLesson(code, cells[0], cells[1])


def answers(**changes: str) -> tuple[Fragment, ...]:
    """The statements of a solutions file; an empty text leaves a node out."""
    code = "\n".join(text for text in {**ANSWERS, **changes}.values() if text)
    steps = read_program(code, [node.name for node in lesson_of().nodes], "x.py").steps
    return tuple(Fragment(step.code, step.line, step.end_line) for step in steps)


class Trainer:
    """The session that trains, asked in this process by messages as they travel."""

    def __init__(self, minibatch: str = MINIBATCH, calibrate: str = "") -> None:
        self._handlers = handlers_of(TrainingSession())
        self.ask(opening(minibatch, calibrate))

    def ask(self, request: Request[R]) -> R:
        """The reply; raises Refused."""
        kind = type(request)
        reply: R = decode(encode(self._handlers[kind](decode(encode(request), kind))), kind.reply)
        return checked(reply)

    def begin(self, steps: int, **choices: Any) -> TrainingBegun:
        """Begins with the right answers, unless ``choices`` (of ``BeginTraining``) has others."""
        return self.ask(BeginTraining(steps, **{"answers": answers(), **choices}))

    def train(self, count: int) -> torch.Tensor:
        """The losses of ``count`` steps."""
        return unpack(self.ask(TrainSteps(count)).losses)

    def run(self, steps: int = 120, **choices: Any) -> torch.Tensor:
        """Begins, and trains all steps: the losses."""
        self.begin(steps, **choices)
        return self.train(steps)

    def parameters(self) -> dict[str, torch.Tensor]:
        """The parameters by name."""
        return {name: unpack(packed) for name, packed in self.ask(SaveParameters()).tensors.items()}

    def checks(self, *nodes: str) -> dict[str, GradientCheck]:
        """The checks of ``nodes`` (by default all that are answered) by node."""
        return {check.node: check for check in self.ask(CheckGradients(nodes or tuple(ANSWERS))).checks}
