"""The nodes of the names lesson: their shapes, what reads them, and the code of the lesson's own answers."""

from __future__ import annotations

import functools

from ninja_tui.lesson.read import read_lesson
from ninja_tui.lesson.solutions import read_solutions

FULL = (32, 27)
HIDDEN = (32, 64)
SHAPES: dict[str, tuple[int, ...]] = {
    "logprobs": FULL,
    "probs": FULL,
    "counts_sum_inv": (32, 1),
    "counts_sum": (32, 1),
    "counts": FULL,
    "norm_logits": FULL,
    "logit_maxes": (32, 1),
    "logits": FULL,
    "h": HIDDEN,
    "W2": (64, 27),
    "b2": (27,),
    "hpreact": HIDDEN,
    "bngain": (1, 64),
    "bnraw": HIDDEN,
    "bnbias": (1, 64),
    "bnvar_inv": (1, 64),
    "bnvar": (1, 64),
    "bndiff2": HIDDEN,
    "bndiff": HIDDEN,
    "bnmeani": (1, 64),
    "hprebn": HIDDEN,
    "embcat": (32, 30),
    "W1": (30, 64),
    "b1": (64,),
    "emb": (32, 3, 10),
    "C": (27, 10),
}
"""The nodes in walk order."""
READERS: dict[str, tuple[str, ...]] = {
    "logprobs": (),
    "probs": ("logprobs",),
    "counts_sum_inv": ("probs",),
    "counts_sum": ("counts_sum_inv",),
    "counts": ("probs", "counts_sum"),
    "norm_logits": ("counts",),
    "logit_maxes": ("norm_logits",),
    "logits": ("norm_logits", "logit_maxes"),
    "h": ("logits",),
    "W2": ("logits",),
    "b2": ("logits",),
    "hpreact": ("h",),
    "bngain": ("hpreact",),
    "bnraw": ("hpreact",),
    "bnbias": ("hpreact",),
    "bnvar_inv": ("bnraw",),
    "bnvar": ("bnvar_inv",),
    "bndiff2": ("bnvar",),
    "bndiff": ("bnraw", "bndiff2"),
    "bnmeani": ("bndiff",),
    "hprebn": ("bndiff", "bnmeani"),
    "embcat": ("hprebn",),
    "W1": ("hprebn",),
    "b1": ("hprebn",),
    "emb": ("embcat",),
    "C": ("emb",),
}
"""What is bound by the statements that read a node, but for the loss: the nodes whose gradients are upstream."""
MATRICES = {
    "h": ("dlogits", "W2.T"),
    "W2": ("h.T", "dlogits"),
    "embcat": ("dhprebn", "W1.T"),
    "W1": ("embcat.T", "dhprebn"),
}
SIZES = {"dlogits": FULL, "W2": (64, 27), "h": HIDDEN, "dhprebn": HIDDEN, "W1": (30, 64), "embcat": (32, 30)}
STANDARD = "n * dhpreact - dhpreact.sum(0) - n / (n - 1) * bnraw * (dhpreact * bnraw).sum(0)"
"""Of BatchNorm's gradient in one line: what ``bngain * bnvar_inv / n`` stands before."""


@functools.cache
def solution() -> dict[str, str]:
    """The code of the lesson's own solution by node, in walk order."""
    lesson = read_lesson("names")
    assert lesson.solution is not None
    nodes = [node.name for node in lesson.nodes]
    answers = read_solutions(lesson.solution, "names").answers("names", nodes)
    return {node: answers[node].code for node in nodes}
