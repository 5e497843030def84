"""Frames between processes: lengths and bytes over a pair of pipes, never pickle."""

from __future__ import annotations

import os
import select
import struct
import time
from collections.abc import Callable

_LENGTH = struct.Struct("<Q")
LARGEST_FRAME = 1 << 27
"""Bytes; of what announces more nothing is read."""
_CHUNK = 1 << 20
_GLANCE = 0.5
"""Seconds between two looks at whether the other side goes on."""


class Broken(Exception):
    """The other side is gone, or sent what is no message."""


class TimedOut(Exception):
    """The other side did not answer in time."""


class Channel:
    """One end of a pair of pipes, by file descriptor.

    ``stopped`` says whether the other side is there and does not run: two looks in a row, and it counts as gone.
    """

    def __init__(self, reading: int, writing: int, stopped: Callable[[], bool] = lambda: False) -> None:
        self._reading, self._writing, self._stopped = reading, writing, stopped
        os.set_blocking(writing, False)  # a reader that is stopped must not stop the writer

    def send(self, *frames: bytes, deadline: float | None = None) -> None:
        """Sends frames whole.

        Raises TimedOut past ``deadline`` (of ``time.monotonic``), and Broken where nobody reads.
        """
        for frame in frames:
            self._write(_LENGTH.pack(len(frame)), deadline)
            self._write(frame, deadline)

    def receive(self, deadline: float | None = None) -> bytes:
        """The next frame; raises TimedOut past ``deadline`` (of ``time.monotonic``) and Broken."""
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size, deadline))
        if length > LARGEST_FRAME:
            raise Broken("too large")
        return self._exactly(length, deadline)

    def close(self) -> None:
        """Closes both ends."""
        for descriptor in {self._reading, self._writing}:
            try:
                os.close(descriptor)
            except OSError:
                continue

    def _write(self, data: bytes, deadline: float | None) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._writing, rest[:_CHUNK]) :]
            except BlockingIOError:
                self._wait([], [self._writing], deadline)
            except OSError as error:
                raise Broken(str(error)) from None

    def _exactly(self, length: int, deadline: float | None) -> bytes:
        parts: list[bytes] = []
        while length:
            if deadline is not None:
                self._wait([self._reading], [], deadline)
            try:
                part = os.read(self._reading, min(length, _CHUNK))
            except OSError as error:
                raise Broken(str(error)) from None
            if not part:
                raise Broken("closed")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def _wait(self, reading: list[int], writing: list[int], deadline: float | None) -> None:
        """Returns as soon as one of the descriptors is ready; raises TimedOut and Broken."""
        looks = 0
        while True:
            left = _left(deadline)
            if any(select.select(reading, writing, [], _GLANCE if left is None else min(left, _GLANCE))):
                return
            looks = looks + 1 if self._stopped() else 0
            if looks == 2:
                raise Broken("stopped")


def _left(deadline: float | None) -> float | None:
    """Seconds until ``deadline``; raises TimedOut past it."""
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimedOut
    return left
