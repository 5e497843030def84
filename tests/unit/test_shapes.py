"""Shapes written into a statement, broadcast axes marked."""

from __future__ import annotations

import pytest

from ninja_tui.lesson.syntax.shapes import pieces

SHAPES = {
    "counts": (32, 27), "counts_sum": (32, 1), "counts_sum_inv": (32, 1), "probs": (32, 27), "x": (32, 30),
    "W": (30, 64), "b": (64,), "h": (32, 64), "gain": (1, 64), "raw": (32, 64), "emb": (32, 3, 10), "ids": (32,),
    "loss": (), "scale": (), "q": (4, 8, 6), "k": (4, 8, 6), "mask": (8, 8), "att": (4, 8, 8), "row": (5,), "one": (1,),
    "sum5": (5,),
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "written"),
    [
        (
            "counts_sum = counts.sum(1, keepdim=True)",
            "counts_sum (32, 1) = counts (32, 27).sum(1, keepdim=True)",
        ),
        (
            "probs = counts * counts_sum_inv",
            "probs (32, 27) = counts (32, 27) * counts_sum_inv (32, 1→27)",
        ),
        ("probs = counts / -counts_sum", "probs (32, 27) = counts (32, 27) / -counts_sum (32, 1→27)"),
        ("h = x @ W + b", "h (32, 64) = x (32, 30) @ W (30, 64) + b (→32, 64)"),
        ("h = gain * raw + b", "h (32, 64) = gain (1→32, 64) * raw (32, 64) + b (→32, 64)"),
        ("h = raw.exp() - gain", "h (32, 64) = raw (32, 64).exp() - gain (1→32, 64)"),
        ("h = torch.tanh(raw) - gain", "h (32, 64) = torch.tanh(raw (32, 64)) - gain (1→32, 64)"),
        ("att = q @ k.mT + mask", "att (4, 8, 8) = q (4, 8, 6) @ k (4, 8, 6).mT + mask (→4, 8, 8)"),
        ("h = unknown(x) + b", "h (32, 64) = unknown(x (32, 30)) + b (→32, 64)"),  # by what it is bound to
        ("h = scale * raw", "h (32, 64) = scale (→32, →64) * raw (32, 64)"),
        ("sum5 = row + one", "sum5 (5,) = row (5,) + one (1→5,)"),
        ("h = raw * 2 + raw", "h (32, 64) = raw (32, 64) * 2 + raw"),  # once is enough
        ("y = emb.view(emb.shape[0], -1)", "y = emb (32, 3, 10).view(emb.shape[0], -1)"),
        ("loss = -counts[range(n), ids].mean()", "loss () = -counts (32, 27)[range(n), ids (32,)].mean()"),
        ("probs = (\n    counts\n    * counts_sum_inv\n)",
         "probs (32, 27) = (\n    counts (32, 27)\n    * counts_sum_inv (32, 1→27)\n)"),
        ("h = 'é' if raw is b else raw", "h (32, 64) = 'é' if raw (32, 64) is b (64,) else raw"),
    ],
)  # fmt: skip
def test_each_tensor_has_its_shape_once_and_what_is_broadcast_says_so(code: str, written: str) -> None:
    assert "".join(each.text for each in pieces(code, SHAPES)) == written


def test_without_shapes_a_statement_is_as_it_is() -> None:
    (piece,) = pieces("probs = counts * counts_sum_inv", {})
    assert (piece.text, piece.is_shape) == ("probs = counts * counts_sum_inv", False)
