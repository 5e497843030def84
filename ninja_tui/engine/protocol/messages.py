"""Requests to workers and their replies: a frozen dataclass each, as MessagePack, checked once on arrival.

What comes from a process that ran a person's code may be anything: whatever is not the reply that was asked for is
``Broken``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.wire import Broken
from ninja_tui.formatting import printable

R = TypeVar("R")
T = TypeVar("T")


class Refused(Exception):
    """A request that cannot be carried out; the text is for a person."""


@dataclass(frozen=True)
class Request(Generic[R]):
    """What is asked of a worker. A subclass names its reply's type in ``reply``."""

    reply: ClassVar[type]


@dataclass(frozen=True)
class Done:
    """The reply of what has nothing to say."""


@dataclass(frozen=True)
class Call:
    """The frame before a request: its number, its kind (the request's class), and the seconds it may take at most.

    The worker ends itself some time after ``limit``, should nobody be left to end it; 0: never.
    """

    number: int
    kind: str
    limit: int


@dataclass(frozen=True)
class Answered:
    """The frame before a reply: the request's number, and a sentence where there is no reply: it was refused."""

    number: int
    refusal: str | None = None


def encode(message: object) -> bytes:
    """A dataclass of plain data as MessagePack; what has no encoding in its texts becomes ``?``."""
    try:
        return msgspec.msgpack.encode(message)
    except UnicodeEncodeError:
        return msgspec.msgpack.encode(checked(message))


def decode(data: bytes, kind: type[T]) -> T:
    """What ``encode`` wrote, which is a ``kind``; raises Broken for anything else."""
    try:
        return _decoder(kind).decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise Broken(f"no {kind.__name__}: {type(error).__name__}") from None


_decoders: dict[type, msgspec.msgpack.Decoder[Any]] = {}


def _decoder(kind: type[T]) -> msgspec.msgpack.Decoder[T]:
    if kind not in _decoders:
        _decoders[kind] = msgspec.msgpack.Decoder(kind)
    return _decoders[kind]


def checked(reply: T) -> T:
    """``reply`` with every text in it fit for a terminal; raises Broken for a tensor that is not whole."""
    return _checked(reply)  # type: ignore[no-any-return]  # of the same type, part by part


def _checked(value: Any) -> Any:
    if isinstance(value, str):
        return value if type(value) is not str else printable(value)
    if isinstance(value, TensorData):
        if not value.is_whole:
            raise Broken("no tensor")
        return value
    if isinstance(value, tuple):
        return tuple(_checked(each) for each in value)
    if isinstance(value, frozenset):
        return frozenset(_checked(each) for each in value)
    if isinstance(value, Mapping):
        return {_checked(key): _checked(each) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
        clean = {name: _checked(part) for name, part in parts.items()}
        return replace(value, **clean)
    return value
