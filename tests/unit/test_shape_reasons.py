"""Why a statement gives the shape that it gives, from its text and the shapes that it reads."""

from __future__ import annotations

import pytest

from ninja_tui.lesson.syntax.shape_reasons import shape_reason

SHAPES = {
    "C": (27, 10), "Xb": (32, 3), "Yb": (32,), "emb": (32, 3, 10), "embcat": (32, 30), "W1": (30, 64), "b1": (64,),
    "hprebn": (32, 64), "mean": (1, 64), "logits": (32, 27), "maxes": (32, 1), "row": (1, 5), "column": (4, 1),
    "q": (4, 8, 12), "k": (4, 8, 12), "scale": (),
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "shape", "reason"),
    [
        ("x = logits.sum(1, keepdim=True)", (32, 1), "sum(1, keepdim=True) keeps axis 1 with size 1"),
        ("x = 1 / n * hprebn.sum(0, keepdim=True)", (1, 64), "sum(0, keepdim=True) keeps axis 0 with size 1"),
        ("x = logits.max(1, keepdim=True).values", (32, 1), "max(1, keepdim=True) keeps axis 1 with size 1"),
        ("x = logits.max(dim=-1)[0]", (32,), "max(dim=-1) drops axis 1"),
        ("x = torch.sum(emb, (0, 2))", (3,), "sum((0, 2)) drops axes 0, 2"),
        ("x = emb.sum((0, 1), True)", (1, 1, 10), "sum((0, 1), True) keeps axes 0, 1 with size 1"),
        ("x = -logits[range(n), Yb].mean()", (), "mean() leaves a single number"),
        ("x = F.cross_entropy(logits, Yb)", (), "cross_entropy averages to a single number"),
        ("x = embcat @ W1", (32, 64), "(32, 30) @ (30, 64) sums over the 30 that both have"),
        ("x = embcat @ W1 + b1", (32, 64), "embcat @ W1 is (32, 64), b1 (64,) is spread along axis 0"),
        (
            "x = q @ k.transpose(1, 2) * d**-0.5",
            (4, 8, 8),
            "(4, 8, 12) @ (4, 12, 8) sums over the 12 that both have",
        ),
        ("x = row * column", (4, 5), "row (1, 5) is spread along axis 0, column (4, 1) is spread along axis 1"),
        ("x = logits - maxes", (32, 27), "logits is (32, 27), maxes (32, 1) is spread along axis 1"),
        ("x = hprebn * hprebn", (32, 64), "entry by entry: both are (32, 64)"),
        ("x = (mean + 1e-5) ** -0.5", (1, 64), "entry by entry, so it has the shape of mean"),
        ("x = scale * mean", (1, 64), "entry by entry, so it has the shape of mean"),
        ("x = torch.tanh(hprebn)", (32, 64), "tanh leaves the shape of hprebn as it is"),
        ("x = F.softmax(logits, 1)", (32, 27), "softmax leaves the shape of logits as it is"),
        ("x = emb.view(emb.shape[0], -1)", (32, 30), "view lays the 960 entries of emb (32, 3, 10) out anew"),
        ("x = C[Xb]", (32, 3, 10), "each of the (32, 3) indices in Xb picks a row of 10 from C"),
        ("x = embcat.T", (30, 32), ".T swaps the axes of embcat (32, 30)"),
    ],
)
def test_a_reason_names_the_axes_and_the_operation(code: str, shape: tuple[int, ...], reason: str) -> None:
    assert shape_reason(code, "x", {**SHAPES, "x": shape}) == reason


@pytest.mark.parametrize(
    ("code", "shape"),
    [
        ("x = mystery(logits)", (3,)),
        ("x = logits.sum(axis)", (32,)),  # which axis is not in the text
        ("x = logits.max(maxes)", (32, 27)),
        ("x = logits.sum(5)", (32,)),
        ("x = logits - maxes", (7, 7)),  # what the text says does not lead there
        ("x = logits.sum(1)", (32, 1)),
        ("x = hprebn.transpose(0, 7)", (64, 32)),
        ("x, y = logits, maxes", (32, 27)),
        ("x = torch.zeros()", ()),
    ],
)
def test_where_the_text_does_not_tell_there_is_no_reason(code: str, shape: tuple[int, ...]) -> None:
    assert shape_reason(code, "x", {**SHAPES, "x": shape}) == ""
