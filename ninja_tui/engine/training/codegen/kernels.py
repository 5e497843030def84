"""C for tensor operations: loops over what operands' shapes and strides say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

C_TYPES = {"float32": "float", "int64": "int64_t", "bool": "uint8_t"}

PANEL_ROWS = 16384


class Unsupported(Exception):
    """An operation, or a use of it, for which there is no C."""


PRELUDE = """\
#include <math.h>
#include <stdint.h>
#include <string.h>
#if defined(__AVX512F__)
#define WIDTH 16
#elif defined(__AVX__)
#define WIDTH 8
#else
#define WIDTH 4
#endif
#define PANEL (2 * WIDTH)
typedef float vec __attribute__((vector_size(4 * WIDTH), aligned(4)));
#define INLINE static inline __attribute__((always_inline))

INLINE float exp_(float x) {
    float at = x > 88.0f ? 88.0f : x < -87.0f ? -87.0f : x;
    float n = rintf(at * 1.44269504f);
    float r = fmaf(n, -0.693359375f, at);
    r = fmaf(n, 2.12194440e-4f, r);
    float p = fmaf(r, 1.0f / 5040, 1.0f / 720);
    p = fmaf(p, r, 1.0f / 120);
    p = fmaf(p, r, 1.0f / 24);
    p = fmaf(p, r, 1.0f / 6);
    p = fmaf(p, r, 0.5f);
    p = fmaf(p * r, r, r) + 1.0f;
    union { int32_t i; float f; } scale = { ((int32_t)n + 127) << 23 };
    p *= scale.f;
    return x > 88.0f ? INFINITY : x < -87.0f ? 0.0f : p;
}

INLINE float tanh_(float x) {
    float a = fabsf(x), c = a > 10.0f ? 10.0f : a, z = c * c;
    float p = fmaf(z, -5.70498872745e-3f, 2.06390887954e-2f);
    p = fmaf(p, z, -5.37397155531e-2f);
    p = fmaf(p, z, 1.33314422036e-1f);
    p = fmaf(p, z, -3.33332819422e-1f);
    float t = a < 0.625f ? fmaf(c * z, p, c) : 1.0f - 2.0f / (exp_(2.0f * c) + 1.0f);
    return x != x ? x : x < 0.0f ? -t : t;
}

INLINE void gemm(int M, int N, int K, const float *A, int64_t as, int64_t at, const float *B, int64_t bs, int64_t bt,
                 float *C, int64_t cs, float *panel) {
    for (int j = 0; j < N; j += PANEL) {
        int wide = N - j < PANEL ? N - j : PANEL;
        if (wide == PANEL && bt == 1)
            for (int k = 0; k < K; k++) memcpy(panel + k * PANEL, B + k * bs + j, sizeof(float) * PANEL);
        else
            for (int k = 0; k < K; k++)
                for (int c = 0; c < PANEL; c++) panel[k * PANEL + c] = c < wide ? B[k * bs + (j + c) * bt] : 0.0f;
        for (int i = 0; i < M; i += 4) {
            const float *a0 = A + i * as, *a1 = A + (i + 1 < M ? i + 1 : M - 1) * as;
            const float *a2 = A + (i + 2 < M ? i + 2 : M - 1) * as, *a3 = A + (i + 3 < M ? i + 3 : M - 1) * as;
            vec s00 = {0}, s01 = {0}, s10 = {0}, s11 = {0}, s20 = {0}, s21 = {0}, s30 = {0}, s31 = {0};
            for (int k = 0; k < K; k++) {
                vec b0 = *(const vec *)(panel + k * PANEL), b1 = *(const vec *)(panel + k * PANEL + WIDTH);
                float x0 = a0[k * at], x1 = a1[k * at], x2 = a2[k * at], x3 = a3[k * at];
                s00 += x0 * b0; s01 += x0 * b1; s10 += x1 * b0; s11 += x1 * b1;
                s20 += x2 * b0; s21 += x2 * b1; s30 += x3 * b0; s31 += x3 * b1;
            }
            vec sums[8] = {s00, s01, s10, s11, s20, s21, s30, s31};
            int rows = M - i < 4 ? M - i : 4;
            for (int r = 0; r < rows; r++) memcpy(C + (i + r) * cs + j, &sums[2 * r], sizeof(float) * wide);
        }
    }
}
"""


@dataclass(frozen=True)
class Ref:
    """Elements of a buffer: where they begin, and their shape and strides, in elements; ``dtype`` as in C_TYPES."""

    buffer: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: str

    def at(self, index: Sequence[str]) -> str:
        """The C expression for the element at ``index``, one expression a dimension."""
        pairs = zip(index, self.strides, strict=True)
        terms = [f"({one}) * {stride}" for one, stride in pairs if stride and one != "0"]
        return f"{self.buffer}[{' + '.join([str(self.offset), *terms])}]"

    def spread(self, shape: Sequence[int]) -> Ref:
        """Broadcast to ``shape``."""
        extra = len(shape) - len(self.shape)
        strides = [0] * extra
        strides += [0 if size == 1 else step for size, step in zip(self.shape, self.strides, strict=True)]
        return Ref(self.buffer, self.offset, tuple(shape), tuple(strides), self.dtype)


def loops(shape: Sequence[int], body: str, indices: Sequence[str], *, independent: bool = True) -> str:
    """``body`` for every index; a dimension of size 1 has no loop, its index is "0" (see ``names``).

    ``independent``: no iteration of the innermost loop needs what another one writes, and GCC may vectorize it.
    """
    looped = [depth for depth, size in enumerate(shape) if size != 1]
    code = body
    for depth in reversed(looped):
        i = indices[depth]
        pragma = "\n#pragma GCC ivdep\n" if independent and depth == looped[-1] else ""
        code = f"{pragma}for (int64_t {i} = 0; {i} < {shape[depth]}; {i}++) {{ {code} }}"
    return code


def names(shape: Sequence[int], prefix: str = "i") -> list[str]:
    """The index variables of loops over ``shape``."""
    return [f"{prefix}{depth}" if size != 1 else "0" for depth, size in enumerate(shape)]


def pointwise(out: Ref, expression: str, operands: Sequence[Ref | float | int | bool]) -> str:
    """``out = expression`` with the operands as ``{0}``, ``{1}``, …, broadcast."""
    index = names(out.shape)
    texts = [each.spread(out.shape).at(index) if isinstance(each, Ref) else number(each) for each in operands]
    return loops(out.shape, f"{out.at(index)} = {expression.format(*texts)};", index)


def reduce(out: Ref, x: Ref, axes: Sequence[int], fold: tuple[str, str], end: str = "") -> str:
    """Folds ``x`` over ``axes`` into ``out``.

    ``fold`` is the start, and the statement for each element ``{x}`` and the result so far ``{a}``; ``end`` comes last.
    """
    start, step = fold
    index = names(x.shape)
    remaining = [axis for axis in range(len(x.shape)) if axis not in axes]
    whole = len(out.shape) == len(x.shape)
    to = out.at([("0" if axis in axes else index[axis]) for axis in range(len(x.shape))] if whole else
                [index[axis] for axis in remaining])  # fmt: skip
    last = max((axis for axis in range(len(x.shape)) if x.shape[axis] != 1), default=0)
    outer = [size if axis in remaining else 1 for axis, size in enumerate(x.shape)]
    if last in axes:
        inner = [size if axis in axes else 1 for axis, size in enumerate(x.shape)]
        folded = loops(inner, step.format(a="acc", x=x.at(index)), index, independent=False)
        body = f"{C_TYPES[out.dtype]} acc = {start}; {folded} {end.format(a='acc')} {to} = acc;"
        return loops(outer, body, index, independent=False)
    begin = loops(outer, f"{to} = {start};", index)
    folded = loops(x.shape, step.format(a=to, x=x.at(index)), index)
    return f"{begin}\n{folded}\n" + (loops(outer, end.format(a=to), index) if end else "")


def matmul(out: Ref, a: Ref, b: Ref) -> str:
    """``out = a @ b`` for matrices; ``out``'s rows are contiguous."""
    (rows, inner), columns = a.shape, b.shape[1]
    if inner > PANEL_ROWS:
        raise Unsupported("a matrix product over so long a dimension")
    left = f"{a.buffer} + {a.offset}, {a.strides[0]}, {a.strides[1]}"
    right = f"{b.buffer} + {b.offset}, {b.strides[0]}, {b.strides[1]}"
    return f"gemm({rows}, {columns}, {inner}, {left}, {right}, {out.buffer} + {out.offset}, {out.strides[0]}, panel);"


def number(value: float) -> str:
    """A C constant: of an integer a plain one, of a float one in single precision."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return f"INT64_C({value})" if abs(value) >= 1 << 31 else f"({value})"
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "(-INFINITY)"
    text = f"{value:.9g}"
    return f"({text if '.' in text or 'e' in text else text + '.0'}f)"
