"""Requests to workers and their replies: a frozen dataclass each, as MessagePack, checked once on arrival.

What comes from a process that ran a person's code may be anything: whatever is not the reply that was asked for is
``Broken``.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.wire import Broken
from ninja_tui.formatting import one_line, printable

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
        return msgspec.msgpack.encode(_encodable(msgspec.to_builtins(message, builtin_types=(bytes,))))


def _encodable(value: Any) -> Any:
    """Plain data whose texts print; they keep their lines."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {_encodable(key): _encodable(each) for key, each in value.items()}
    return [_encodable(each) for each in value] if isinstance(value, list | tuple) else value


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
    """``reply`` with every text in it printable, on one line and of bounded length; code keeps its lines.

    Raises Broken for a tensor that is not whole.
    """
    return _checked(reply)  # type: ignore[no-any-return]  # of the same type, part by part


def _checked(value: Any) -> Any:
    """What needs no cleaning is given back as it is: most messages are numbers that have been checked on arrival."""
    if isinstance(value, str):
        return value if type(value) is not str else one_line(value)
    if isinstance(value, TensorData):
        if not value.is_whole:
            raise Broken("no tensor")
        return value
    if value is None or isinstance(value, bool | int | float | bytes):
        return value
    if isinstance(value, tuple):
        parts = tuple([_checked(each) for each in value])
        return value if all(map(operator.is_, parts, value)) else parts
    if isinstance(value, frozenset):
        cleaned = frozenset(_checked(each) for each in value)
        return value if cleaned == value else cleaned
    if isinstance(value, dict):
        mapping = {_checked(key): _checked(each) for key, each in value.items()}
        return value if _is_same(mapping, value) else mapping
    changed = {}
    for name, is_code in _fields_of(type(value)):
        part = getattr(value, name)
        clean = printable(part) if is_code and isinstance(part, str) else _checked(part)
        if clean is not part:
            changed[name] = clean
    return replace(value, **changed) if changed else value


def _is_same(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> bool:
    """Whether two mappings have the very same keys and values."""
    same = len(one) == len(other) and all(map(operator.is_, one, other))
    return same and all(map(operator.is_, one.values(), other.values()))


CODE = {"code": True}
"""As a field's metadata: its text is code, and keeps its lines."""
_fields: dict[type, tuple[tuple[str, bool], ...]] = {}


def _fields_of(kind: type) -> tuple[tuple[str, bool], ...]:
    """The names of a dataclass's fields, and whether they hold code; none of what is no dataclass."""
    if kind not in _fields:
        named = fields(kind) if is_dataclass(kind) else ()
        _fields[kind] = tuple((field.name, bool(field.metadata.get("code"))) for field in named)
    return _fields[kind]
