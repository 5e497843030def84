"""A tensor between processes: dtype, shape and raw bytes."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

SIZES = {
    "float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "complex64": 8, "complex128": 16,
    "bool": 1, "uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8, "int8": 1, "int16": 2, "int32": 4, "int64": 8,
}  # fmt: skip
"""Bytes an element, by dtype."""
CODES = {
    "float16": "e", "float32": "f", "float64": "d",
    "bool": "?", "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q", "int8": "b", "int16": "h", "int32": "i",
    "int64": "q",
}  # fmt: skip
"""The characters by which ``struct`` knows the dtypes that it knows."""
MOST_DIMENSIONS = 64
"""PyTorch computes with no more."""


@dataclass(frozen=True)
class TensorData:
    """``dtype`` without ``torch.``; ``data`` holds the elements in row-major order."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @property
    def is_whole(self) -> bool:
        """Whether bytes, dtype and shape go together."""
        if self.dtype not in SIZES or len(self.shape) > MOST_DIMENSIONS or any(size < 0 for size in self.shape):
            return False
        return math.prod(self.shape) * SIZES[self.dtype] == len(self.data)

    def first(self, count: int) -> tuple[float, ...]:
        """Its first ``count`` elements, row by row; none of a dtype that is no plain number."""
        code = CODES.get(self.dtype)
        if code is None:
            return ()
        count = min(count, math.prod(self.shape))
        return struct.unpack_from(f"={count}{code}", self.data)
