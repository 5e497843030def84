"""Messages between processes: a JSON header and raw buffers, never pickle.

What comes from a process that ran a person's code is checked on arrival: it may be anything.
"""

from __future__ import annotations

import json
import math
import os
import select
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_LENGTH = struct.Struct("<Q")
LARGEST_FRAME = 1 << 31
MOST_FRAMES = 100_000
_AT_ONCE = 1 << 20


class Broken(Exception):
    """The other side is gone, or sent what is no message."""


class TimedOut(Exception):
    """The other side did not answer in time."""


@dataclass(frozen=True)
class TensorData:
    """A tensor between processes: ``dtype`` without ``torch.``, ``data`` its elements in row-major order."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


SIZES = {
    "float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "complex64": 8, "complex128": 16,
    "bool": 1, "uint8": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8,
}  # fmt: skip
"""Bytes an element, by dtype."""


def is_whole(tensor: TensorData) -> bool:
    """Whether bytes, dtype and shape go together."""
    if tensor.dtype not in SIZES or any(size < 0 for size in tensor.shape):
        return False
    return math.prod(tensor.shape) * SIZES[tensor.dtype] == len(tensor.data)


def printable(data: Any) -> Any:
    """Plain data with every text in it fit for a terminal: no control characters, nothing that has no encoding."""
    if isinstance(data, str):
        text = data.encode("utf-8", "replace").decode("utf-8")
        return "".join(each if each == "\n" or each.isprintable() else "�" for each in text)
    if isinstance(data, list):
        return [printable(each) for each in data]
    if isinstance(data, dict):
        return {printable(key): printable(each) for key, each in data.items()}
    return data


@dataclass(frozen=True)
class Message:
    """``body`` is plain JSON data; ``tensors`` go beside it as raw bytes, by name."""

    body: dict[str, Any]
    tensors: dict[str, TensorData]


class Channel:
    """One end of a pair of pipes, by file descriptor."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing

    def send(self, body: dict[str, Any], tensors: dict[str, TensorData] | None = None) -> None:
        """Sends one message whole; raises Broken where nobody reads."""
        tensors = tensors or {}
        header = {"body": body, "tensors": [[name, t.dtype, list(t.shape)] for name, t in tensors.items()]}
        frames = [json.dumps(header).encode(), *(tensor.data for tensor in tensors.values())]
        try:
            self._write(frames)
        except OSError as error:
            raise Broken(str(error)) from None

    def receive(self, deadline: float | None = None) -> Message:
        """The next message; raises TimedOut past ``deadline`` (of ``time.monotonic``) and Broken."""
        raw = self._frame(deadline)
        try:
            header = json.loads(raw)
            body, listed = header["body"], header["tensors"]
            if not isinstance(body, dict) or not isinstance(listed, list) or len(listed) > MOST_FRAMES:
                raise Broken("no message")
            named = [(str(name), str(dtype), tuple(int(size) for size in shape)) for name, dtype, shape in listed]
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
            raise Broken("no message") from None
        tensors = {name: TensorData(dtype, shape, self._frame(deadline)) for name, dtype, shape in named}
        return Message(body, tensors)

    def close(self) -> None:
        """Closes both ends."""
        for descriptor in {self._reading, self._writing}:
            try:
                os.close(descriptor)
            except OSError:
                continue

    def _write(self, frames: Sequence[bytes]) -> None:
        for frame in frames:
            rest = memoryview(_LENGTH.pack(len(frame)) + frame if len(frame) < 4096 else _LENGTH.pack(len(frame)))
            while rest:
                rest = rest[os.write(self._writing, rest) :]
            if len(frame) >= 4096:
                rest = memoryview(frame)
                while rest:
                    rest = rest[os.write(self._writing, rest[:_AT_ONCE]) :]

    def _frame(self, deadline: float | None) -> bytes:
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size, deadline))
        if length > LARGEST_FRAME:
            raise Broken("too large")
        return self._exactly(length, deadline)

    def _exactly(self, length: int, deadline: float | None) -> bytes:
        parts: list[bytes] = []
        while length:
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([self._reading], [], [], left)[0]:
                    raise TimedOut
            try:
                part = os.read(self._reading, min(length, _AT_ONCE))
            except OSError as error:
                raise Broken(str(error)) from None
            if not part:
                raise Broken("closed")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)
