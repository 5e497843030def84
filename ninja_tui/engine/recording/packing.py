"""Between tensors and the bytes that travel."""

from __future__ import annotations

import math

import numpy
import torch

from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.protocol.tensor_data import TensorData

_BY_NAME = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128,
        torch.bool, torch.uint8, torch.uint16, torch.uint32, torch.uint64,
        torch.int8, torch.int16, torch.int32, torch.int64,
    )
}  # fmt: skip

_OF_NUMPY = frozenset({
    torch.float16, torch.float32, torch.float64, torch.bool,
    torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
})  # fmt: skip
"""Dtypes that NumPy has too, and that are never conjugated by a mark alone."""


def pack(tensor: torch.Tensor) -> TensorData:
    """``tensor`` as bytes; raises Refused for a layout or dtype that has none."""
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in _BY_NAME or tensor.layout is not torch.strided:
        raise Refused(f"a {tensor.layout} tensor of {tensor.dtype} is no plain tensor")
    if tensor.dtype in _OF_NUMPY and tensor.is_cpu and not tensor.is_neg():
        return TensorData(name, tuple(tensor.shape), tensor.detach().numpy().tobytes())
    plain = tensor.detach().resolve_conj().resolve_neg().contiguous().cpu()
    data = plain.reshape(-1).view(torch.uint8).numpy().tobytes() if plain.numel() else b""
    return TensorData(name, tuple(tensor.shape), data)


def unpack(packed: TensorData) -> torch.Tensor:
    """A fresh tensor of those bytes; raises Refused where bytes and shape do not fit."""
    dtype = _BY_NAME.get(packed.dtype)
    if dtype is None or any(size < 0 for size in packed.shape):
        raise Refused("no such tensor")
    count = math.prod(packed.shape)
    if count * dtype.itemsize != len(packed.data):
        raise Refused("the tensor's bytes and shape do not fit")
    if not count:
        return torch.empty(packed.shape, dtype=dtype)
    value = torch.empty(packed.shape, dtype=dtype)  # in memory of PyTorch's own: what is computed may depend on where
    value.reshape(-1).view(torch.uint8).numpy()[:] = numpy.frombuffer(packed.data, dtype=numpy.uint8)
    return value
