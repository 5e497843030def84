"""Right answers, written as people write them, and mutants that come out right after all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tests.engine.corpus.nodes import MATRICES, SHAPES, STANDARD, solution
from tests.engine.corpus.rewriting import rewritten, sums


@dataclass(frozen=True)
class Right:
    """A right answer to ``node``, and the warnings that stand beside its pass."""

    node: str
    name: str
    code: str
    warnings: tuple[str, ...] = ()


def right_answers() -> list[Right]:
    """All of them."""
    return [*_written(), *_equivalent()]


def _written() -> Iterator[Right]:
    for node, answers in RIGHT.items():
        for name, code in answers.items():
            label, *warnings = name.split(" | ")
            whole = code if f"d{node} =" in code or f"d{node}:" in code else f"d{node} = {code}"
            yield Right(node, label, whole, tuple(warnings))


def _equivalent() -> Iterator[Right]:
    """Results of the mutants' rules that are the same by mathematics."""
    for node, code in solution().items():
        d, shape = f"d{node}", SHAPES[node]
        yield Right(node, "as-it-is", code)
        yield Right(node, "minus-minus", f"{code}\n{d} = -{d}\n{d} = -{d}")
        for number, swapped in enumerate(rewritten(code, _swapped), 1):
            yield Right(node, f"operands-swapped-{number}", swapped)
        if node in MATRICES:
            left, right = MATRICES[node]
            yield Right(node, "transposed-twice", f"{d} = ({right}.T @ {left}.T).T")
        if len(shape) == 2 and 1 in shape:
            yield Right(node, "sum-over-one", f"{code}\n{d} = {d}.sum({shape.index(1)}, keepdim=True)")
        yield from _of_sums(node, code)
    rows = solution()["bndiff2"]
    yield Right("bndiff2", "mean-of-equal-rows", f"{rows}\ndbndiff2 = dbndiff2.mean(0, keepdim=True)", ("shape",))


def _of_sums(node: str, code: str) -> Iterator[Right]:
    d, shape = f"d{node}", SHAPES[node]
    call = next((call for each in ast.walk(ast.parse(code)) if (call := sums(each))), None)
    if call is None:
        return
    mean = f"{ast.unparse(call).replace('.sum(', '.mean(')} * {27 if shape == (32, 1) else 32}"
    yield Right(node, "mean-times-size", f"{d} = {mean}")
    if shape[0] == 1:
        yield Right(node, "without-keepdim", f"{d} = {ast.unparse(call).replace(', keepdim=True', '')}", ("shape",))
    elif len(shape) == 1:
        yield Right(node, "with-keepdim", f"{d} = {ast.unparse(call)[:-1]}, keepdim=True)", ("shape",))


def _swapped(node: ast.AST) -> ast.AST | None:
    match node:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return ast.BinOp(right, ast.Mult(), left)
    return None


_ROWS = "demb.reshape(-1, 10)"
_ONE_HOT = "F.one_hot(Xb.view(-1), num_classes=27).float()"

RIGHT: dict[str, dict[str, str]] = {
    "logprobs": {
        "one-hot": "-F.one_hot(Yb, num_classes=27).float() / n",
        "zeros-of-sizes": "dlogprobs = torch.zeros(32, 27)\ndlogprobs[range(n), Yb] = -1.0 / n",
        "where": "torch.where(F.one_hot(Yb, num_classes=27).bool(), torch.tensor(-1.0 / n), torch.tensor(0.0))",
        "scatter": "torch.zeros_like(logprobs).scatter_(1, Yb.view(-1, 1), -1.0 / n)",
        "eye": "torch.eye(27)[Yb] / -n",
        "compared": "(torch.arange(27) == Yb.unsqueeze(1)).float() * (-1 / n)",
        "loop": "dlogprobs = torch.zeros_like(logprobs)\nfor k in range(n):\n    dlogprobs[k, Yb[k]] = -1 / n",
        "tensor": "dlogprobs = torch.zeros_like(logprobs)\ndlogprobs[torch.arange(n), Yb] -= torch.tensor(1.0 / n)",
        "float32-by-name": "F.one_hot(Yb, 27).to(torch.float32) * torch.tensor(-1 / n, dtype=torch.float32)",
        "rows": "torch.stack([-torch.eye(27)[label] / n for label in Yb])",
    },
    "probs": {
        "divided": "dlogprobs / probs",
        "power": "probs**-1 * dlogprobs",
        "reciprocal": "torch.mul(probs.reciprocal(), dlogprobs)",
        "by-the-log": "torch.exp(-logprobs) * dlogprobs",
        "gathered | structure":
            "dprobs = torch.zeros_like(probs)\ndprobs[range(n), Yb] = dlogprobs[range(n), Yb] / probs[range(n), Yb]",
        "closed | closed-form":
            "dprobs = torch.zeros_like(probs)\ndprobs[range(n), Yb] = -1.0 / n / probs[range(n), Yb]",
        "function": "def back(upstream):\n    return upstream / probs\ndprobs = back(dlogprobs)",
    },
    "counts_sum_inv": {
        "einsum": "torch.einsum('ij,ij->i', counts, dprobs).unsqueeze(1)",
        "view": "(counts * dprobs).sum(1).view(-1, 1)",
        "last-axis": "torch.sum(dprobs * counts, dim=-1, keepdim=True)",
        "product": "(counts * dprobs) @ torch.ones(27, 1)",
        "diagonal": "torch.diag(counts @ dprobs.T).unsqueeze(1)",
        "batched": "torch.bmm(counts.unsqueeze(1), dprobs.unsqueeze(2)).view(n, 1)",
        "rows": "torch.stack([counts[k] @ dprobs[k] for k in range(32)])[:, None]",
        "gathered | structure": "(counts * dprobs)[range(n), Yb].reshape(n, 1)",
        "closed | closed-form": "-counts_sum / n",
    },
    "counts_sum": {
        "inverse-squared": "-counts_sum_inv**2 * dcounts_sum_inv",
        "divided": "-dcounts_sum_inv / counts_sum**2",
        "power": "-1.0 * counts_sum.pow(-2) * dcounts_sum_inv",
        "inlined": "-(counts_sum**-2) * (counts * dprobs).sum(1, keepdim=True)",
        "closed | closed-form": "counts_sum_inv / n",
    },
    "counts": {
        "one-line": "counts_sum_inv * dprobs + dcounts_sum",
        "one-by-one": "dcounts = counts_sum_inv * dprobs\ndcounts += dcounts_sum",
        "expanded": "dcounts_sum.expand(-1, 27) + dprobs / counts_sum",
        "from-zeros": "dcounts = torch.zeros_like(counts)\ndcounts += dprobs * counts_sum_inv\ndcounts += dcounts_sum",
        "helpers": "one = counts_sum_inv * dprobs\nother = dcounts_sum * torch.ones(32, 27)\ndcounts = one + other",
        "closed | closed-form": "(probs - F.one_hot(Yb, num_classes=27)) / n / counts",
    },
    "norm_logits": {
        "exp": "norm_logits.exp() * dcounts",
        "mul": "torch.mul(dcounts, counts)",
        "einsum": "torch.einsum('ij,ij->ij', counts, dcounts)",
        "closed | closed-form": "(probs - F.one_hot(Yb, num_classes=27)) / n",
    },
    "logit_maxes": {
        "minus-sum": "-dnorm_logits.sum(1, keepdim=True)",
        "einsum": "-torch.einsum('ij->i', dnorm_logits).view(n, 1)",
        "product": "dnorm_logits @ -torch.ones(27, 1)",
        "neg": "dnorm_logits.sum(1).neg()[:, None]",
        "loop": "dlogit_maxes = torch.zeros(32, 1)\nfor k in range(32):\n"
            "    dlogit_maxes[k, 0] = -sum(dnorm_logits[k])",
    },
    "logits": {
        "indexed": "dlogits = dnorm_logits.clone()\ndlogits[range(n), logits.max(1).indices] += dlogit_maxes.view(-1)",
        "compared": "dnorm_logits + (logits == logit_maxes) * dlogit_maxes",
        "where": "dnorm_logits + torch.where(logits == logit_maxes, dlogit_maxes, torch.zeros(32, 27))",
        "scatter": "dnorm_logits.scatter_add(1, logits.argmax(1, keepdim=True), dlogit_maxes)",
        "added-up": "dlogits = torch.zeros_like(logits)\ndlogits += F.one_hot(logits.argmax(1), 27) * dlogit_maxes\n"
            "dlogits += dnorm_logits",
        "loop": "dlogits = 1 * dnorm_logits\nfor k in range(32):\n"
            "    dlogits[k, logits[k].argmax()] += dlogit_maxes[k, 0]",
        "softmax | closed-form": "dlogits = F.softmax(logits, 1)\ndlogits[range(n), Yb] -= 1\ndlogits /= n",
        "softmax-minus-one-hot | closed-form": "(torch.softmax(logits, 1) - F.one_hot(Yb, 27)) / n",
        "probs-minus-one-hot | closed-form": "(probs - torch.eye(27)[Yb]) / n",
    },
    "h": {
        "matmul": "torch.matmul(dlogits, W2.transpose(0, 1))",
        "einsum": "torch.einsum('ij,kj->ik', dlogits, W2)",
        "linear": "F.linear(dlogits, W2)",
        "rows": "torch.stack([W2 @ row for row in dlogits])",
        "broadcast": "(dlogits.unsqueeze(1) * W2).sum(2)",
        "closed | closed-form": "(probs - F.one_hot(Yb, num_classes=27)) / n @ W2.T",
    },
    "W2": {
        "einsum": "torch.einsum('ni,nj->ij', h, dlogits)",
        "outer": "sum(torch.outer(h[k], dlogits[k]) for k in range(32))",
        "tensordot": "torch.tensordot(h, dlogits, dims=([0], [0]))",
        "broadcast": "(h.unsqueeze(2) * dlogits.unsqueeze(1)).sum(0)",
        "other-way-round": "(dlogits.T @ h).T",
        "before-the-maxes | structure": "h.T @ dnorm_logits",
    },
    "b2": {
        "einsum": "torch.einsum('ij->j', dlogits)",
        "product": "torch.ones(32) @ dlogits",
        "torch-sum": "torch.sum(dlogits, dim=0)",
        "rows": "sum(dlogits)",
        "loop": "db2 = torch.zeros_like(b2)\nfor row in dlogits:\n    db2 += row",
        "product-of-one-row | shape": "torch.ones(1, 32) @ dlogits",
    },
    "hpreact": {
        "square": "(1 - h**2) * dh",
        "product": "(1.0 - h * h) * dh",
        "again": "(1 - torch.tanh(hpreact) ** 2) * dh",
        "factors": "(1 - h) * (1 + h) * dh",
        "spread": "dh - dh * h**2",
        "cosh": "dh / torch.cosh(hpreact) ** 2",
        "in-place": "dhpreact = dh.clone()\ndhpreact *= 1 - h.square()",
    },
    "bngain": {
        "einsum": "torch.einsum('ij,ij->j', bnraw, dhpreact).unsqueeze(0)",
        "view": "(bnraw * dhpreact).sum(0).view(bngain.shape)",
        "diagonal": "torch.diag(bnraw.T @ dhpreact)[None, :]",
        "einsum-of-64 | shape": "torch.einsum('ij,ij->j', dhpreact, bnraw)",
    },
    "bnraw": {
        "expanded": "bngain.expand(32, 64) * dhpreact",
        "diagonal": "dhpreact @ torch.diag(bngain.view(-1))",
        "einsum": "torch.einsum('j,ij->ij', bngain[0], dhpreact)",
    },
    "bnbias": {
        "product": "torch.ones(1, 32) @ dhpreact",
        "unsqueezed": "dhpreact.sum(0).unsqueeze(0)",
        "loop": "dbnbias = torch.zeros_like(bnbias)\nfor row in dhpreact:\n    dbnbias += row",
        "squeezed | shape": "dhpreact.sum(0, keepdim=True).squeeze()",
    },
    "bnvar_inv": {
        "einsum": "torch.einsum('ij,ij->j', bndiff, dbnraw).view(1, -1)",
        "none": "(dbnraw * bndiff).sum(dim=0)[None]",
        "first-row | shape": "(dbnraw * bndiff).sum(0, keepdim=True)[0]",
    },
    "bnvar": {
        "cube": "-0.5 * bnvar_inv**3 * dbnvar_inv",
        "product": "-0.5 * bnvar_inv * bnvar_inv * bnvar_inv * dbnvar_inv",
        "divided": "-dbnvar_inv * bnvar_inv / (2 * (bnvar + 1e-5))",
        "sqrt": "-0.5 * dbnvar_inv / torch.sqrt((bnvar + 1e-5) ** 3)",
        "pow": "torch.pow(bnvar + 1e-5, -3 / 2).mul(-0.5).mul(dbnvar_inv)",
    },
    "bndiff2": {
        "expanded": "dbnvar.expand(32, 64) / (n - 1)",
        "repeated": "dbnvar.repeat(n, 1) / (n - 1)",
        "product": "torch.ones(32, 1) @ dbnvar / (n - 1)",
        "rows": "torch.cat([dbnvar / (n - 1)] * 32)",
        "one-row | shape": "dbnvar / (n - 1)",
    },
    "bndiff": {
        "one-line": "bnvar_inv * dbnraw + 2 * bndiff * dbndiff2",
        "other-order": "dbndiff = 2 * bndiff * dbndiff2\ndbndiff += dbnraw * bnvar_inv",
        "helpers": "a = bnvar_inv * dbnraw\nb = bndiff.mul(2) * dbndiff2\ndbndiff = torch.stack([a, b]).sum(0)",
        "addcmul": "torch.addcmul(bnvar_inv * dbnraw, bndiff, dbndiff2, value=2)",
        "added-twice": "dbndiff = bnvar_inv * dbnraw\ndbndiff += bndiff * dbndiff2\ndbndiff += bndiff * dbndiff2",
        "function": "dbndiff = (lambda u, v: bnvar_inv * u + 2.0 * bndiff * v)(dbnraw, dbndiff2)",
    },
    "bnmeani": {
        "minus-sum": "-dbndiff.sum(0, keepdim=True)",
        "product": "-torch.ones(1, 32) @ dbndiff",
        "of-64 | shape": "-dbndiff.sum(0)",
        "first-path-alone": "-(bnvar_inv * dbnraw).sum(0, keepdim=True)",  # bndiff adds up to 0
    },
    "hprebn": {
        "one-line": "dbndiff + dbnmeani / n",
        "expanded": "dbndiff + dbnmeani.expand(32, 64) / 32",
        "add": "torch.add(dbndiff, dbnmeani, alpha=1 / n)",
        "in-place": "dhprebn = dbndiff.clone()\ndhprebn += 1.0 / n * dbnmeani",
        "minus-the-mean": "dbndiff - dbndiff.mean(0, keepdim=True)",
        "one-line-of-all": f"bngain * bnvar_inv / n * ({STANDARD})",
    },
    "embcat": {
        "einsum": "torch.einsum('ij,kj->ik', dhprebn, W1)",
        "linear": "F.linear(dhprebn, W1)",
        "other-way-round": "(W1 @ dhprebn.T).T",
        "mm": "dhprebn.mm(W1.t())",
    },
    "W1": {
        "einsum": "torch.einsum('ni,nj->ij', embcat, dhprebn)",
        "other-way-round": "(dhprebn.T @ embcat).T",
        "flattened-emb": "emb.view(n, -1).T @ dhprebn",
        "broadcast": "(embcat[:, :, None] * dhprebn[:, None, :]).sum(0)",
    },
    "b1": {
        "einsum": "torch.einsum('ij->j', dhprebn)",
        "product": "torch.ones(32) @ dhprebn",
        "of-one-row | shape": "torch.ones(1, 32) @ dhprebn",
        "rows": "torch.stack(list(dhprebn)).sum(dim=0)",
    },
    "emb": {
        "sizes": "dembcat.view(32, 3, 10)",
        "reshape": "dembcat.reshape(n, -1, n_embd)",
        "unflatten": "dembcat.unflatten(1, (3, 10))",
        "stacked": "torch.stack([dembcat[:, :10], dembcat[:, 10:20], dembcat[:, 20:]], 1)",
        "view-as": "dembcat.view_as(emb)",
        "split": "torch.stack(dembcat.split(n_embd, 1), dim=1)",
    },
    "C": {
        "index-add": f"torch.zeros_like(C).index_add(0, Xb.view(-1), {_ROWS})",
        "index-add-in-place": f"dC = torch.zeros(27, 10)\ndC.index_add_(0, Xb.flatten(), {_ROWS})",
        "one-hot": f"{_ONE_HOT}.T @ {_ROWS}",
        "scatter": f"torch.zeros_like(C).scatter_add_(0, Xb.view(-1, 1).expand(-1, 10), {_ROWS})",
        "einsum": "torch.einsum('bij,bik->jk', F.one_hot(Xb, num_classes=27).float(), demb)",
        "double-loop": "dC = torch.zeros_like(C)\nfor k in range(Xb.shape[0]):\n    for j in range(Xb.shape[1]):\n"
            "        ix = Xb[k, j]\n        dC[ix] += demb[k, j]",
        "by-letter": "torch.stack([demb[Xb == letter].sum(0) for letter in range(27)])",
        "index-put": "torch.zeros_like(C).index_put((Xb,), demb, accumulate=True)",
        "eye": f"torch.eye(27)[Xb.view(-1)].T @ {_ROWS}",
        "bincount": "torch.stack([torch.bincount(Xb.view(-1), demb[:, :, k].reshape(-1), 27) for k in range(10)], 1)",
        "by-place": "dC = torch.zeros_like(C)\nfor j in range(3):\n    dC.index_add_(0, Xb[:, j], demb[:, j])",
        "function": "def back(rows):\n    out = torch.zeros(27, 10)\n    for letter, row in zip(Xb.view(-1), rows):\n"
            "        out[letter] += row\n    return out\ndC = back(demb.reshape(-1, 10))",
    },
}  # fmt: skip
"""By node and name (with the warnings): answers, or the right-hand sides of such."""
