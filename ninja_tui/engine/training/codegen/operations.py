"""Which of PyTorch's operations can be written in C, and how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ninja_tui.engine.training.codegen.kernels import Ref, Unsupported, loops, matmul, names, number, pointwise, reduce

_SAME = "{0}"
UNARY = {
    "neg": "-{0}", "exp": "exp_({0})", "log": "logf({0})", "tanh": "tanh_({0})", "sqrt": "sqrtf({0})",
    "rsqrt": "1.0f / sqrtf({0})", "reciprocal": "1.0f / (float){0}", "abs": "fabsf({0})",
    "sigmoid": "1.0f / (1.0f + exp_(-{0}))", "relu": "({0} < 0.0f ? 0.0f : {0})", "sin": "sinf({0})",
    "cos": "cosf({0})", "log10": "log10f({0})", "log2": "log2f({0})", "log1p": "log1pf({0})",
    "logical_not": "!{0}", "sign": "(float)(({0} > 0.0f) - ({0} < 0.0f))", "clone": _SAME, "_to_copy": _SAME,
    "square": "{0} * {0}", "contiguous": _SAME,
}  # fmt: skip
BINARY = {
    "mul": "{0} * {1}", "eq": "{0} == {1}", "ne": "{0} != {1}", "lt": "{0} < {1}", "le": "{0} <= {1}",
    "gt": "{0} > {1}", "ge": "{0} >= {1}", "maximum": "({0} != {0} || {0} > {1} ? {0} : {1})",
    "minimum": "({0} != {0} || {0} < {1} ? {0} : {1})", "tanh_backward": "{0} * (1.0f - {1} * {1})",
    "sigmoid_backward": "{0} * {1} * (1.0f - {1})", "threshold_backward": "({1} > {2} ? {0} : 0.0f)",
}  # fmt: skip
POWERS = {
    2.0: "{0} * {0}", 3.0: "{0} * {0} * {0}", 1.0: "{0}", -1.0: "1.0f / {0}", -2.0: "1.0f / ({0} * {0})",
    0.5: "sqrtf({0})", -0.5: "1.0f / sqrtf({0})", -1.5: "1.0f / ({0} * sqrtf({0}))",
}  # fmt: skip

_LARGEST = ("-INFINITY", "{a} = {x} > {a} || {x} != {x} ? {x} : {a};")

_TRUTHS = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "logical_not", "clone", "_to_copy"})

Value = Any


def write(name: str, args: Sequence[Value], kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    """C for the operation ``name`` (without ``aten.`` and overload; in place too) with Refs for tensors.

    Raises Unsupported.
    """
    operation = name.removesuffix("_")
    out = outs[0]
    maker = _MAKERS.get(operation)
    if maker is not None:
        return maker(args, kwargs, outs)
    copies = operation in ("_to_copy", "clone")
    if operation in UNARY and not copies and args[0].dtype == "int64" and out.dtype == "float32":
        raise Unsupported(name)
    if out.dtype == "bool" and operation not in _TRUTHS:
        raise Unsupported(f"{name} of truth values")
    if copies and out.dtype == "bool":
        return pointwise(out, "{0} != 0", args[:1])
    if operation in UNARY:
        return pointwise(out, UNARY[operation], args[:1])
    if operation in BINARY:
        return pointwise(out, BINARY[operation], args[:3])
    if operation in ("add", "sub"):
        sign, alpha = "+" if operation == "add" else "-", kwargs.get("alpha", 1)
        scale = "" if alpha == 1 else f"{number(alpha)} * "
        return pointwise(out, f"{{0}} {sign} {scale}{{1}}", args[:2])
    raise Unsupported(name)


def _div(args: Sequence[Value], kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    if kwargs.get("rounding_mode"):
        raise Unsupported("div with a rounding mode")
    return pointwise(outs[0], "(float){0} / (float){1}", args[:2])


def _pow(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    base, exponent = args[:2]
    if outs[0].dtype != "float32" or not isinstance(base, Ref) or isinstance(exponent, Ref):
        raise Unsupported("pow")
    if float(exponent) in POWERS:
        return pointwise(outs[0], POWERS[float(exponent)], [base])
    return pointwise(outs[0], "powf({0}, {1})", [base, float(exponent)])


def _rsub(args: Sequence[Value], kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    if kwargs.get("alpha", 1) != 1 or len(args) > 2:
        raise Unsupported("rsub")
    return pointwise(outs[0], "{1} - {0}", args[:2])


def _addcmul(sign: str) -> Callable[[Sequence[Value], dict[str, Value], Sequence[Ref]], str]:
    def maker(args: Sequence[Value], kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
        expression = f"{{0}} + {number(float(kwargs.get('value', 1)))} * {{1}} {sign} {{2}}"
        return pointwise(outs[0], expression, args[:3])

    return maker


def _where(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    return pointwise(outs[0], "({0} ? {1} : {2})", args[:3])


def _masked_fill(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    return pointwise(outs[0], "({1} ? {2} : {0})", args[:3])


def _copy(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    return pointwise(outs[0], _SAME, [args[1]])


def _zero(_args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    return pointwise(outs[0], _SAME, [0])


def _axes(x: Ref, dimensions: Value) -> list[int]:
    if dimensions is None or dimensions == []:
        return list(range(len(x.shape)))
    return [axis % len(x.shape) for axis in ([dimensions] if isinstance(dimensions, int) else dimensions)]


def _sum(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    x = args[0]
    return reduce(outs[0], x, _axes(x, args[1] if len(args) > 1 else None), ("0", "{a} += {x};"))


def _count(x: Ref, axes: Sequence[int]) -> int:
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    return count


def _mean(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    x = args[0]
    axes = _axes(x, args[1] if len(args) > 1 else None)
    return reduce(outs[0], x, axes, ("0", "{a} += {x};"), f"{{a}} /= {number(float(_count(x, axes)))};")


def _var(args: Sequence[Value], kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    x = args[0]
    axes = _axes(x, args[1] if len(args) > 1 else None)
    correction = kwargs.get("correction", 1)
    correction = 1 if correction is None else correction
    count = _count(x, axes)
    shape = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
    strides, step = [0] * len(shape), 1
    for axis in reversed(range(len(shape))):
        strides[axis], step = (step, step * shape[axis]) if shape[axis] != 1 else (0, step)
    if not 0 < step <= 65536 or count <= correction:
        raise Unsupported("var")
    mean = Ref("mean", 0, tuple(shape), tuple(strides), "float32")
    first = reduce(mean, x, axes, ("0", "{a} += {x};"), f"{{a}} /= {number(float(count))};")
    off = f"({{x}} - {mean.spread(x.shape).at(names(x.shape))})"
    second = reduce(
        outs[0], x, axes, ("0", f"{{a}} += {off} * {off};"), f"{{a}} /= {number(float(count - correction))};"
    )
    return f"{{ float mean[{step}]; {first}\n{second} }}"


def _max(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    x = args[0]
    if x.dtype != "float32":
        raise Unsupported("max of integers")
    if len(args) == 1:
        return reduce(outs[0], x, _axes(x, None), _LARGEST)
    if len(outs) == 1:
        raise Unsupported("max of two")
    (axis,) = _axes(x, args[1])
    index = names(x.shape)
    keep = len(outs[0].shape) == len(x.shape)
    outer = [size if at != axis else 1 for at, size in enumerate(x.shape)]
    to = [index[at] if at != axis else "0" for at in range(len(x.shape)) if keep or at != axis]
    each = x.at(index)
    test = f"if ({each} > best || {each} != {each}) {{ best = {each}; where = {index[axis]}; }}"
    inner = f"for (int64_t {index[axis]} = 0; {index[axis]} < {x.shape[axis]}; {index[axis]}++) {{ {test} }}"
    body = f"float best = -INFINITY; int64_t where = 0; {inner if index[axis] != '0' else test} "
    body += f"{outs[0].at(to)} = best; {outs[1].at(to)} = where;"
    return loops(outer, body, index, independent=False)


def _clamp(args: Sequence[Value], kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    low = args[1] if len(args) > 1 else kwargs.get("min")
    high = args[2] if len(args) > 2 else kwargs.get("max")
    expression = "{0}"
    if low is not None:
        expression = f"({{0}} < {number(low)} ? {number(low)} : {{0}})"
    if high is not None:
        expression = f"({{0}} > {number(high)} ? {number(high)} : {expression})"
    return pointwise(outs[0], expression, args[:1])


def _amax(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    x = args[0]
    if x.dtype != "float32":
        raise Unsupported("amax of integers")
    return reduce(outs[0], x, _axes(x, args[1] if len(args) > 1 else None), _LARGEST)


def _softmax(*, log: bool) -> Callable[[Sequence[Value], dict[str, Value], Sequence[Ref]], str]:
    def maker(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
        x, out = args[0], outs[0]
        if args[1] % len(x.shape) != len(x.shape) - 1 or x.shape[-1] == 1:
            raise Unsupported("softmax over another dimension than the last")
        index = names(x.shape)
        i = index[-1]
        each = f"for (int64_t {i} = 0; {i} < {x.shape[-1]}; {i}++)"
        a, b = x.at(index), out.at(index)
        body = f"float most = -INFINITY, total = 0; {each} most = {a} > most ? {a} : most;"
        body += f"\n#pragma GCC ivdep\n{each} {b} = exp_({a} - most);\n{each} total += {b};"
        if log:
            body += f"\ntotal = logf(total) + most;\n#pragma GCC ivdep\n{each} {b} = {a} - total;"
        else:
            body += f"\ntotal = 1.0f / total;\n#pragma GCC ivdep\n{each} {b} *= total;"
        return loops([*x.shape[:-1], 1], f"{{ {body} }}", index)

    return maker


def _softmax_backward(*, log: bool) -> Callable[[Sequence[Value], dict[str, Value], Sequence[Ref]], str]:
    def maker(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
        gradient, output, axis = args[:3]
        if axis % len(output.shape) != len(output.shape) - 1 or output.shape[-1] == 1:
            raise Unsupported("softmax over another dimension than the last")
        index = names(output.shape)
        i = index[-1]
        each = f"for (int64_t {i} = 0; {i} < {output.shape[-1]}; {i}++)"
        g, y, to = gradient.at(index), output.at(index), outs[0].at(index)
        body = f"float total = 0; {each} total += {g}{'' if log else f' * {y}'};\n"
        body += f"{each} {to} = " + (f"{g} - exp_({y}) * total;" if log else f"{y} * ({g} - total);")
        return loops([*output.shape[:-1], 1], f"{{ {body} }}", index)

    return maker


def _nll(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    logs, target, weight, reduction, ignored = args[:5]
    if weight is not None or reduction != 1 or len(logs.shape) != 2:
        raise Unsupported("nll_loss")
    take = _checked(target.at(["i0"]), logs.shape[1])
    body = f"if ({target.at(['i0'])} != {number(ignored)}) {{ {take} total -= {logs.at(['i0', 'at'])}; count++; }}"
    return (
        f"{{ float total = 0, count = 0; for (int64_t i0 = 0; i0 < {logs.shape[0]}; i0++) {{ {body} }} "
        f"{outs[0].at([])} = total / count; {outs[1].at([])} = count; }}"
    )


def _nll_backward(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    gradient, logs, target, weight, reduction, ignored, count = args[:7]
    if weight is not None or reduction != 1 or len(logs.shape) != 2:
        raise Unsupported("nll_loss")
    take = _checked(target.at(["i0"]), logs.shape[1])
    put = f"{outs[0].at(['i0', 'at'])} = -{gradient.at([])} / {count.at([])};"
    body = f"if ({target.at(['i0'])} != {number(ignored)}) {{ {take} {put} }}"
    return pointwise(outs[0], _SAME, [0]) + f"\nfor (int64_t i0 = 0; i0 < {logs.shape[0]}; i0++) {{ {body} }}"


def _mm(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    if outs[0].dtype != "float32":
        raise Unsupported("mm of integers")
    return matmul(outs[0], args[0], args[1])


def _bmm(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    if outs[0].dtype != "float32":
        raise Unsupported("bmm of integers")
    return "\n".join(matmul(*(_nth(ref, batch) for ref in (outs[0], *args[:2]))) for batch in range(outs[0].shape[0]))


def _nth(x: Ref, index: int) -> Ref:
    return Ref(x.buffer, x.offset + index * x.strides[0], x.shape[1:], x.strides[1:], x.dtype)


def _addmm(args: Sequence[Value], kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    if kwargs.get("beta", 1) != 1 or kwargs.get("alpha", 1) != 1:
        raise Unsupported("addmm with factors")
    return matmul(outs[0], args[1], args[2]) + pointwise(outs[0], "{0} + {1}", [outs[0], args[0]])


def _checked(index: str, size: int, at: str = "at") -> str:
    """Declares ``at``: an index that counts from the end where negative; out of range ends the run."""
    return f"int64_t {at} = {index}; if ({at} < 0) {at} += {size}; if ({at} < 0 || {at} >= {size}) return 1;"


def _places(x: Ref, indices: Sequence[Value]) -> tuple[list[int], str, list[str], tuple[int, ...]]:
    """Of ``x[indices]``: its shape, C that declares an element's place, that place, the shape of the indices."""
    tensors = [each for each in indices if each is not None]
    leading = not any(each is None for each in indices[: len(tensors)])
    if not tensors or not leading or any(each.dtype != "int64" for each in tensors):
        raise Unsupported("indexing of this form")
    broad: list[int] = []
    for each in tensors:
        shape = [1] * (len(broad) - len(each.shape)) + list(each.shape)
        broad = [1] * (len(shape) - len(broad)) + broad
        broad = [max(one, other) for one, other in zip(broad, shape, strict=True)]
    shape = [*broad, *x.shape[len(tensors) :]]
    index = names(shape)
    outer = index[: len(broad)]
    declared = ""
    for dimension, each in enumerate(tensors):
        declared += _checked(each.spread(broad).at(outer), x.shape[dimension], f"at{dimension}")
    place = [*(f"at{dimension}" for dimension in range(len(tensors))), *index[len(broad) :]]
    return shape, declared, place, tuple(broad)


def _gather(x: Ref, indices: Sequence[Value], statement: Callable[[str, list[str]], str]) -> str:
    shape, declared, place, broad = _places(x, indices)
    index = names(shape)
    rest = [1] * len(broad) + shape[len(broad) :]
    inner = loops(rest, statement(x.at(place), index), index, independent=False)
    outer = [*broad, *([1] * (len(shape) - len(broad)))]
    return loops(outer, f"{{ {declared} {inner} }}", index, independent=False)


def _index(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    return _gather(args[0], args[1], lambda element, index: f"{outs[0].at(index)} = {element};")


def _embedding(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    return _gather(args[0], [args[1]], lambda element, index: f"{outs[0].at(index)} = {element};")


def _index_put(args: Sequence[Value], kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    x, indices, values = args[:3]
    add = args[3] if len(args) > 3 else kwargs.get("accumulate", False)
    shape = _places(x, indices)[0]
    begin = "" if outs[0] == x else pointwise(outs[0], _SAME, [x]) + "\n"
    spread = values.spread(shape)
    return begin + _gather(outs[0], indices, lambda to, index: f"{to} {'+=' if add else '='} {spread.at(index)};")


def _along(args: Sequence[Value]) -> tuple[Ref, list[str], str]:
    """Of ``gather`` and ``scatter``: the index, its loops' variables, and C that declares the place ``at``."""
    x, dim, index = args[:3]
    if not x.shape or index.dtype != "int64":
        raise Unsupported("scatter of a single number")
    return index, names(index.shape), _checked(index.at(names(index.shape)), x.shape[dim])


def _gather_along(args: Sequence[Value], _kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    index, at, declared = _along(args)
    place = [*at]
    place[args[1]] = "at"
    return loops(index.shape, f"{declared} {outs[0].at(at)} = {args[0].at(place)};", at, independent=False)


def _scatter(sign: str) -> Callable[[Sequence[Value], dict[str, Value], Sequence[Ref]], str]:
    def maker(args: Sequence[Value], kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
        if kwargs:
            raise Unsupported("scatter with a reduction")
        index, at, declared = _along(args)
        place = [*at]
        place[args[1]] = "at"
        source = args[3].at(at) if isinstance(args[3], Ref) else number(args[3])
        begin = "" if outs[0] == args[0] else pointwise(outs[0], _SAME, [args[0]]) + "\n"
        body = f"{declared} {outs[0].at(place)} {sign} {source};"
        return begin + loops(index.shape, body, at, independent=False)

    return maker


def _index_add(args: Sequence[Value], kwargs: dict[str, Value], outs: Sequence[Ref]) -> str:
    x, dim, index, source = args[:4]
    if dim % len(x.shape) or kwargs.get("alpha", 1) != 1 or index.dtype != "int64" or len(index.shape) != 1:
        raise Unsupported("index_add along another dimension than the first")
    return _index_put([x, [index], source, True], {}, outs)


_MAKERS: dict[str, Callable[[Sequence[Value], dict[str, Value], Sequence[Ref]], str]] = {
    "div": _div, "pow": _pow, "rsub": _rsub, "addcmul": _addcmul("*"), "addcdiv": _addcmul("/"), "where": _where,
    "masked_fill": _masked_fill, "copy": _copy, "zero": _zero, "fill": _copy, "sum": _sum, "mean": _mean, "var": _var,
    "max": _max, "amax": _amax, "clamp": _clamp, "clamp_min": _clamp, "bmm": _bmm, "_softmax": _softmax(log=False),
    "_log_softmax": _softmax(log=True),
    "_softmax_backward_data": _softmax_backward(log=False),
    "_log_softmax_backward_data": _softmax_backward(log=True), "nll_loss_forward": _nll,
    "nll_loss_backward": _nll_backward, "mm": _mm, "addmm": _addmm, "index": _index, "embedding": _embedding,
    "index_put": _index_put, "_index_put_impl": _index_put, "index_add": _index_add,
    "gather": _gather_along, "scatter": _scatter("="), "scatter_add": _scatter("+="),
}  # fmt: skip
