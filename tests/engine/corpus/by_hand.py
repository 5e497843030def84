"""Mutants written by hand: what no rule reaches."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.engine.corpus.mutant import (
    CLOSED_FORM,
    NO_KIND,
    OTHER_FACTOR,
    WRONG_UPSTREAM,
    Elsewhere,
    Mutant,
    mutants_of,
)
from tests.engine.corpus.nodes import STANDARD


def by_hand() -> Iterator[Mutant]:
    """The tables below."""
    for (node, rule, *kinds), codes in BY_HAND.items():
        yield from mutants_of(node, rule, [_whole(node, code) for code in codes], *kinds)
    for (node, rule, *kinds), codes in ERRORS.items():
        yield from mutants_of(node, rule, [_whole(node, code) for code in codes], *kinds, status="error")
    for node, harmed, code in ALIASING:
        elsewhere = Elsewhere(harmed, "pass", "aliasing", ("aliasing",))
        yield Mutant(node, "alias", code, frozenset(), "pass", (elsewhere,))
    for node, warnings, code, harm in CLOBBERING:
        elsewheres = tuple(Elsewhere(other, status, "clobbered") for other, status in harm)
        yield Mutant(node, "clobber", code, frozenset(), "pass", elsewheres, warnings)


def _whole(node: str, code: str) -> str:
    return code if re.search(rf"^d{node} = ", code, re.MULTILINE) else f"d{node} = {code}"


_LOGPROBS = "dlogprobs = torch.zeros_like(logprobs)\n"
_C = "dC = torch.zeros_like(C)\n"
_LOGITS = "dlogits = dnorm_logits.clone()\n"
_NEW_ROWS = "demb.view(-1, 10)"

BY_HAND: dict[tuple[str, ...], list[str]] = {
    # constants
    ("logprobs", "constant", "scale"): [
        f"{_LOGPROBS}dlogprobs[range(n), Yb] = {value}"
        for value in ("-1.0", "-1.0 / (n - 1)", "-1.0 / 27", "-float(n)")
    ],
    ("counts_sum", "exponent", "wrong-power"): [
        f"-(counts_sum**{power}) * dcounts_sum_inv" for power in ("-1", "-3", "1", "-0.5")
    ],
    ("counts_sum", "exponent-of-inverse", "wrong-power"): [
        "-counts_sum_inv * dcounts_sum_inv",
        "-(counts_sum_inv**-2) * dcounts_sum_inv",
        "-dcounts_sum_inv / counts_sum",
    ],
    ("counts_sum", "constant", "scale"): ["-2 * counts_sum**-2 * dcounts_sum_inv"],
    ("bnvar", "exponent", "wrong-power"): [
        f"(-0.5 * (bnvar + 1e-5) ** {power}) * dbnvar_inv" for power in ("-0.5", "-1", "-2", "-2.5", "0.5")
    ],
    ("bnvar", "exponent-of-inverse", "wrong-power"): [
        "-0.5 * bnvar_inv * dbnvar_inv",
        "-0.5 * bnvar_inv**2 * dbnvar_inv",
        "-0.5 * bnvar_inv**-3 * dbnvar_inv",
    ],
    ("bnvar", "exponent-and-constant", "wrong-power"): ["(bnvar + 1e-5) ** -0.5 * dbnvar_inv"],
    ("bnvar", "constant", "scale"): [
        "(-1.5 * (bnvar + 1e-5) ** -1.5) * dbnvar_inv",
        "-((bnvar + 1e-5) ** -1.5) * dbnvar_inv",
        "(bnvar + 1e-5) ** -1.5 * dbnvar_inv",
    ],
    ("bnvar", "epsilon", *OTHER_FACTOR): [
        "(-0.5 * bnvar**-1.5) * dbnvar_inv",
        "(-0.5 * (bnvar + 1e-3) ** -1.5) * dbnvar_inv",
    ],
    ("bndiff2", "constant", "scale"): [
        f"{factor} * torch.ones_like(bndiff2) * dbnvar"
        for factor in ("(1.0 / n)", "1.0", "(1.0 / (n + 1))", "(n - 1)", "2.0 / (n - 1)")
    ],
    ("bndiff2", "constant", "sign"): ["-1.0 / (n - 1) * torch.ones_like(bndiff2) * dbnvar"],
    ("bndiff", "constant", "scale"): [
        "dbndiff = bnvar_inv * dbnraw\ndbndiff += bndiff * dbndiff2",
        "dbndiff = bnvar_inv * dbnraw\ndbndiff += 2 / n * bndiff * dbndiff2",
        "dbndiff = bnvar_inv * dbnraw / n\ndbndiff += 2 * bndiff * dbndiff2",
    ],
    ("hprebn", "constant", "scale"): [
        f"dbndiff + {factor} * torch.ones_like(hprebn) * dbnmeani" for factor in ("1.0", "1.0 / (n - 1)", "n")
    ],
    ("hprebn", "constant", "sign"): ["dbndiff - dbnmeani / n"],
    ("b2", "constant", "scale"): ["dlogits.sum(0) / n"],
    ("bnbias", "constant", "scale"): ["dhpreact.sum(0, keepdim=True) / (n - 1)"],
    ("bnmeani", "constant", "scale"): ["-dbndiff.sum(0, keepdim=True) / n"],
    ("C", "constant", "scale"): [f"{_C}dC.index_put_((Xb,), demb / n, accumulate=True)"],
    # the upstream gradient without one factor of the local derivative: that factor to the power 0
    ("probs", "drop-factor", "wrong-power"): ["dlogprobs.clone()"],
    ("counts_sum_inv", "drop-factor", "wrong-power"): ["dprobs.sum(1, keepdim=True)"],
    ("counts_sum", "drop-factor", "wrong-power"): ["-dcounts_sum_inv"],
    ("counts", "drop-factor", "wrong-power"): ["dprobs + dcounts_sum"],
    ("norm_logits", "drop-factor", "wrong-power"): ["dcounts.clone()"],
    ("hpreact", "drop-factor", "wrong-power"): ["dh.clone()"],
    ("bngain", "drop-factor", "wrong-power"): ["dhpreact.sum(0, keepdim=True)"],
    ("bnraw", "drop-factor", "wrong-power"): ["dhpreact.clone()"],
    ("bnvar_inv", "drop-factor", "wrong-power"): ["dbnraw.sum(0, keepdim=True)"],
    ("bnvar", "drop-factor", "wrong-power"): ["-0.5 * dbnvar_inv"],
    ("bndiff", "drop-factor", "wrong-power"): [
        "dbnraw + 2 * bndiff * dbndiff2",
        "bnvar_inv * dbnraw + 2 * dbndiff2",
    ],
    ("h", "drop-factor", "shape"): ["dlogits.clone()"],
    ("W2", "drop-factor", "shape"): ["dlogits.clone()"],
    ("embcat", "drop-factor", "shape"): ["dhprebn.clone()"],
    ("W1", "drop-factor", "shape"): ["dhprebn.clone()"],
    # a factor to another power
    ("probs", "power", "wrong-power"): ["probs * dlogprobs", "dlogprobs / probs**2", "probs**-0.5 * dlogprobs"],
    ("counts_sum_inv", "power", "wrong-power"): [
        "(counts**2 * dprobs).sum(1, keepdim=True)",
        "(dprobs / counts).sum(1, keepdim=True)",
    ],
    ("counts", "power", "wrong-power"): [
        "counts_sum * dprobs + dcounts_sum",
        "counts_sum_inv**2 * dprobs + dcounts_sum",
        "counts_sum_inv * dprobs + counts * dcounts_sum",
    ],
    ("norm_logits", "power", "wrong-power"): ["dcounts / counts", "counts**2 * dcounts"],
    ("hpreact", "power", "wrong-power"): [
        "(1 - h) * dh",
        "(1 - h**3) * dh",
        "(1 - h**2) ** 2 * dh",
        "dh / (1 - h**2)",
    ],
    ("bngain", "power", "wrong-power"): ["(bnraw**2 * dhpreact).sum(0, keepdim=True)"],
    ("bnraw", "power", "wrong-power"): ["dhpreact / bngain", "bngain**2 * dhpreact"],
    ("bnvar_inv", "power", "wrong-power"): ["(bndiff**2 * dbnraw).sum(0, keepdim=True)"],
    ("bndiff2", "power", "wrong-power"): ["1.0 / (n - 1) * bndiff2 * dbnvar"],
    ("bndiff", "power", "wrong-power"): [
        "dbnraw / bnvar_inv + 2 * bndiff * dbndiff2",
        "bnvar_inv * dbnraw + 2 * bndiff**2 * dbndiff2",
        "bnvar_inv * dbnraw + 2 * bndiff2 * dbndiff2",
    ],
    ("hprebn", "power", "wrong-power"): ["dbndiff + 1.0 / n * hprebn * dbnmeani"],
    # another tensor of the same statement: the right one stands to the power 0, the wrong one to the power 1
    ("counts_sum_inv", "other-operand", "wrong-power"): ["(counts_sum_inv * dprobs).sum(1, keepdim=True)"],
    ("counts", "other-operand", "wrong-power"): ["counts * dprobs + dcounts_sum"],
    ("norm_logits", "other-operand", "wrong-power"): ["norm_logits * dcounts"],
    ("bngain", "other-operand", "wrong-power"): [
        "(bngain * dhpreact).sum(0, keepdim=True)",
    ],
    ("bngain", "another-operand", "wrong-derivative"): ["(hpreact * dhpreact).sum(0, keepdim=True)"],
    ("bnraw", "other-operand", "wrong-power"): ["bnraw * dhpreact"],
    ("bnvar_inv", "other-operand", "wrong-power"): ["(bnvar_inv * dbnraw).sum(0, keepdim=True)"],
    ("bndiff", "other-operand", "wrong-power"): ["bndiff * dbnraw + 2 * bndiff * dbndiff2"],
    # another tensor of the same shape
    ("norm_logits", "wrong-operand", *OTHER_FACTOR): ["probs * dcounts"],
    ("hpreact", "wrong-operand", *OTHER_FACTOR): ["(1 - hpreact**2) * dh", "h * (1 - h) * dh"],
    ("W2", "wrong-operand", "wrong-derivative"): ["hpreact.T @ dlogits"],
    # another gradient in the place of the upstream one
    ("counts_sum_inv", "wrong-upstream", *WRONG_UPSTREAM): ["(counts * dlogprobs).sum(1, keepdim=True)"],
    ("norm_logits", "wrong-upstream", *WRONG_UPSTREAM): ["counts * dprobs"],
    ("bngain", "wrong-upstream", *WRONG_UPSTREAM): ["(bnraw * dh).sum(0, keepdim=True)"],
    ("bnraw", "wrong-upstream", *WRONG_UPSTREAM): ["bngain * dh"],
    ("bnbias", "wrong-upstream", *WRONG_UPSTREAM): ["dh.sum(0, keepdim=True)"],
    ("bnvar_inv", "wrong-upstream", *WRONG_UPSTREAM): ["(bndiff * dhpreact).sum(0, keepdim=True)"],
    ("bnmeani", "wrong-upstream", *WRONG_UPSTREAM): ["-dbnraw.sum(0, keepdim=True)"],
    ("embcat", "wrong-upstream", *WRONG_UPSTREAM): ["dbndiff @ W1.T"],
    ("W1", "wrong-upstream", *WRONG_UPSTREAM): ["embcat.T @ dbndiff"],
    ("b1", "wrong-upstream", *WRONG_UPSTREAM): ["dbndiff.sum(0)"],
    # no upstream gradient, typed as people type it
    ("probs", "no-upstream", "no-upstream"): ["1.0 / probs"],
    ("counts_sum", "no-upstream", "no-upstream"): ["-(counts_sum**-2)"],
    ("norm_logits", "no-upstream", "no-upstream"): ["counts.clone()"],
    ("logit_maxes", "no-upstream", "no-upstream"): ["-torch.ones_like(logit_maxes)"],
    ("h", "no-upstream", "no-upstream"): ["W2.T"],
    ("W2", "no-upstream", "no-upstream"): ["h.T"],
    ("b2", "no-upstream", "no-upstream"): ["torch.ones_like(b2)"],
    ("hpreact", "no-upstream", "no-upstream"): ["1 - h**2", "(1 - h**2) * h"],
    ("bngain", "no-upstream", "no-upstream"): ["bnraw.sum(0, keepdim=True)"],
    ("bnraw", "no-upstream", "no-upstream"): ["bngain * torch.ones_like(bnraw)"],
    ("bnbias", "no-upstream", "no-upstream"): ["torch.ones_like(bnbias)"],
    ("bnvar_inv", "no-upstream", "no-upstream"): ["bndiff.sum(0, keepdim=True)"],
    ("bnvar", "no-upstream", "no-upstream"): ["-0.5 * (bnvar + 1e-5) ** -1.5"],
    ("bndiff2", "no-upstream", "no-upstream"): ["torch.ones_like(bndiff2) / (n - 1)"],
    ("bnmeani", "no-upstream", "no-upstream"): ["-torch.ones_like(bnmeani)"],
    ("embcat", "no-upstream", "no-upstream"): ["W1.T"],
    ("W1", "no-upstream", "no-upstream"): ["embcat.T"],
    ("b1", "no-upstream", "no-upstream"): ["torch.ones_like(b1)"],
    ("emb", "no-upstream", "no-upstream"): ["torch.ones_like(emb)"],
    ("C", "no-upstream", "no-upstream"): [f"{_C}dC.index_add_(0, Xb.view(-1), torch.ones(96, 10))"],
    # a sum at one path of two
    ("counts", "sum-at-a-path", "over-summed"): ["counts_sum_inv * dprobs + dcounts_sum.sum()"],
    ("hprebn", "sum-at-a-path", "over-summed"): ["dbndiff + 1.0 / n * dbnmeani.sum()"],
    ("bndiff", "sum-at-a-path", "over-summed"): ["bnvar_inv * dbnraw + (2 * bndiff * dbndiff2).sum(0)"],
    # operands and sums of matrix products
    ("W2", "not-summed", "not-summed"): ["h.unsqueeze(2) * dlogits.unsqueeze(1)"],
    ("W1", "not-summed", "not-summed"): ["embcat.unsqueeze(2) * dhprebn.unsqueeze(1)"],
    ("h", "not-summed", "not-summed", "shape"): ["dlogits.unsqueeze(1) * W2"],  # broadcast nowhere: summed by `@`
    ("h", "mean", "scale"): ["dlogits @ W2.T / 27"],
    ("W2", "mean", "scale"): ["h.T @ dlogits / n"],
    ("W1", "mean", "scale"): ["embcat.T @ dhprebn / n"],
    # closed forms
    ("logits", "closed-form", "scale"): [
        "F.softmax(logits, 1) - F.one_hot(Yb, 27)",
        "(probs - torch.eye(27)[Yb]) / 27",
    ],
    ("logits", "closed-form", "sign"): ["(F.one_hot(Yb, 27) - F.softmax(logits, 1)) / n"],
    ("logits", "closed-form", *CLOSED_FORM): [
        "F.softmax(logits, 1) / n",
        "(F.softmax(logits, 0) - F.one_hot(Yb, 27)) / n",
    ],
    ("hprebn", "closed-form", "scale"): [f"bngain * bnvar_inv * ({STANDARD})"],
    ("hprebn", "closed-form-term", "scale"): [f"bngain * bnvar_inv / n * ({STANDARD.replace('n / (n - 1) * ', '')})"],
    # masks
    ("logprobs", "mask", "mask"): [
        "torch.full_like(logprobs, -1.0 / n)",
        f"{_LOGPROBS}dlogprobs[:, Yb] = -1.0 / n",
        f"{_LOGPROBS}dlogprobs[Yb] = -1.0 / n",
    ],
    ("logits", "mask", "mask"): [
        "dnorm_logits + dlogit_maxes",
        f"{_LOGITS}dlogits[range(n), logits.max(1, keepdim=True).indices] += dlogit_maxes",
        f"{_LOGITS}dlogits[range(n), Yb] += dlogit_maxes.view(-1)",
        f"{_LOGITS}dlogits[range(n), logits.min(1).indices] += dlogit_maxes.view(-1)",
    ],
    # shapes
    ("emb", "shape", "shape"): ["dembcat.clone()", "dembcat.view(n, 10, 3)", "dembcat.view(3, n, 10)"],
    ("emb", "transpose", "transposed", "shape"): ["dembcat.view(emb.shape).transpose(0, 1)"],  # the shape shows it
    ("C", "shape", "shape"): ["demb.clone()", _NEW_ROWS],
    ("C", "transpose", "transposed"): [f"{_NEW_ROWS}.T @ F.one_hot(Xb.view(-1), num_classes=27).float()"],
    # duplicates
    ("C", "duplicates", "lost-duplicates"): [
        f"{_C}dC[Xb] += demb",
        f"{_C}dC[Xb] = demb",
        f"{_C}dC.index_put_((Xb,), demb)",
        f"{_C}dC[Xb.view(-1)] += {_NEW_ROWS}",
        f"{_C}dC.index_copy_(0, Xb.view(-1), {_NEW_ROWS})",
        f"{_C}dC.scatter_(0, Xb.view(-1, 1).expand(-1, 10), {_NEW_ROWS})",
        f"{_C}for k in range(n):\n    for j in range(3):\n        dC[Xb[k, j]] = demb[k, j]",
        f"{_C}for j in range(3):\n    dC[Xb[:, j]] += demb[:, j]",
        f"{_C}for k in range(n):\n    dC[Xb[k]] += demb[k]",
    ],
    ("C", "one-letter-of-three", "mask"): [f"{_C}dC.index_add_(0, Xb[:, 0], demb[:, 0])"],
    # not a number
    ("probs", "not-finite", "non-finite"): ["dlogprobs / (probs - probs)", "torch.log(-probs) * dlogprobs"],
    ("bnvar", "not-finite", "non-finite"): ["-0.5 * (-bnvar) ** -1.5 * dbnvar_inv"],
    # integers by accident
    ("logprobs", "integer-start", "wrong-dtype"): [
        "dlogprobs = torch.zeros_like(logprobs, dtype=torch.int64)\ndlogprobs[range(n), Yb] = -1",
        "dlogprobs = -F.one_hot(Yb, num_classes=27)",
    ],
    ("C", "integer-start", "wrong-dtype"): ["F.one_hot(Xb.view(-1), num_classes=27).T @ demb.view(-1, 10).long()"],
}
"""By node, rule and kinds: answers, or the right-hand sides of such."""

ERRORS: dict[tuple[str, ...], list[str]] = {
    ("logprobs", "indices-swapped", "transposed", "shape"): [f"{_LOGPROBS}dlogprobs[Yb, range(n)] = -1.0 / n"],
    ("counts", "shape", "shape"): ["counts_sum_inv * dprobs + dcounts_sum.view(-1)"],
    ("counts_sum_inv", "shape", "shape"): ["(counts * dprobs.T).sum(1, keepdim=True)"],
    ("emb", "shape", "shape"): ["dembcat.view(n, 3, 27)"],
    ("h", "wrong-operand", "transposed", "shape"): ["dlogits @ W1.T"],  # no sizes would meet
    ("C", "integers", "wrong-dtype"): [f"F.one_hot(Xb.view(-1), num_classes=27).T @ {_NEW_ROWS}"],
    ("W1", "integers", "wrong-dtype"): ["embcat.T.long() @ dhprebn"],
}
"""The same, for what does not run."""

_MAXES = "F.one_hot(logits.max(1).indices, num_classes=27) * dlogit_maxes"
ALIASING: list[tuple[str, str, str]] = [
    ("probs", "logprobs", "dprobs = dlogprobs\ndprobs /= probs"),
    ("counts", "probs", "dcounts = dprobs\ndcounts *= counts_sum_inv\ndcounts += dcounts_sum"),
    ("counts_sum", "counts_sum_inv", "dcounts_sum = dcounts_sum_inv\ndcounts_sum *= -(counts_sum**-2)"),
    ("norm_logits", "counts", "dnorm_logits = dcounts\ndnorm_logits *= counts"),
    ("logits", "norm_logits", f"dlogits = dnorm_logits\ndlogits += {_MAXES}"),
    ("logits", "norm_logits", f"dlogits = dnorm_logits.view(n, -1)\ndlogits += {_MAXES}"),
    ("logits", "norm_logits", f"dlogits = dnorm_logits.detach()\ndlogits += {_MAXES}"),
    ("logits", "norm_logits", f"dlogits = dnorm_logits.data\ndlogits += {_MAXES}"),
    (
        "logits",
        "norm_logits",
        "dlogits = dnorm_logits\ndlogits[range(n), logits.max(1).indices] += dlogit_maxes.view(-1)",
    ),
    ("hpreact", "h", "dhpreact = dh\ndhpreact *= 1 - h**2"),
    ("bnraw", "hpreact", "dbnraw = dhpreact\ndbnraw *= bngain"),
    ("bnvar", "bnvar_inv", "dbnvar = dbnvar_inv\ndbnvar *= -0.5 * (bnvar + 1e-5) ** -1.5"),
    ("bndiff", "bndiff2", "dbndiff = dbndiff2\ndbndiff *= 2 * bndiff\ndbndiff += bnvar_inv * dbnraw"),
    ("hprebn", "bndiff", "dhprebn = dbndiff\ndhprebn += dbnmeani / n"),
    ("hprebn", "bndiff", "dhprebn = dbndiff.reshape(n, -1)\ndhprebn.add_(dbnmeani, alpha=1.0 / n)"),
]
"""Node, node whose gradient is changed, answer: right in itself."""

CLOBBERING: list[tuple[str, tuple[str, ...], str, list[tuple[str, str]]]] = [
    ("bngain", (), "for n in range(3):\n    pass\ndbngain = (bnraw * dhpreact).sum(0, keepdim=True)",
     [("bndiff2", "fail"), ("hprebn", "fail")]),
    ("bngain", (), "for n in range(2):\n    pass\ndbngain = (bnraw * dhpreact).sum(0, keepdim=True)",
     [("bndiff2", "error"), ("hprebn", "fail")]),
    ("bnbias", ("clobbers",), "dbnbias = torch.zeros_like(bnbias)\nfor n in range(32):\n    dbnbias += dhpreact[n]",
     [("bndiff2", "fail"), ("hprebn", "fail")]),
    ("counts_sum_inv", (), "counts = counts * dprobs\ndcounts_sum_inv = counts.sum(1, keepdim=True)",
     [("norm_logits", "fail")]),
    ("counts_sum_inv", ("clobbers",), "dcounts_sum_inv = counts.mul_(dprobs).sum(1, keepdim=True)",
     [("norm_logits", "fail")]),
    ("W2", (), "h = h.T\ndW2 = h @ dlogits", [("hpreact", "error")]),
    ("bngain", (), "bngain = (bnraw * dhpreact).sum(0, keepdim=True)\ndbngain = bngain", [("bnraw", "fail")]),
    ("bnvar_inv", (), "bndiff = bndiff * dbnraw\ndbnvar_inv = bndiff.sum(0, keepdim=True)", [("bndiff", "fail")]),
    ("bnvar", (), "bnvar_inv = bnvar_inv**3\ndbnvar = -0.5 * bnvar_inv * dbnvar_inv", [("bndiff", "fail")]),
    ("bndiff2", (), "n = n - 1\ndbndiff2 = 1.0 / n * torch.ones_like(bndiff2) * dbnvar", [("hprebn", "fail")]),
    ("logprobs", (), "F = -1.0 / n\ndlogprobs = torch.zeros_like(logprobs)\ndlogprobs[range(n), Yb] = F",
     [("logits", "error")]),
]  # fmt: skip
"""Node, its warnings, answer (right in itself), and the nodes with what comes of them."""


def typed_in(labels: list[int], largest: list[int]) -> list[Mutant]:
    """Numbers of this minibatch typed in: ``labels`` are Yb, ``largest`` where each row of the logits is largest."""
    return [
        Mutant("logprobs", "typed-in", f"{_LOGPROBS}dlogprobs[range(n), {labels}] = -1.0 / n", NO_KIND),
        Mutant(
            "logits", "typed-in", f"{_LOGITS}dlogits[range(n), {largest}] += dlogit_maxes.view(-1)", frozenset({"mask"})
        ),
    ]
