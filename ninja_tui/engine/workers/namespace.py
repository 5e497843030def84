"""The namespace of one world, in which answers run: what code executed there gives, and what it changes."""

from __future__ import annotations

import builtins
import contextlib
import io
import types
from collections.abc import Collection, Iterable

import torch

from ninja_tui.engine.protocol.answering import Bound, Compared
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.worlds import World
from ninja_tui.engine.recording.execution import Namespace, line_in, message_of
from ninja_tui.engine.recording.packing import pack
from ninja_tui.engine.recording.precision import cast, precision, rebind

ANSWER = "<answer>"
MOST_OUTPUT = 2000
"""Characters that are kept of what code prints."""
LARGEST_GRADIENT = 1 << 28
"""Bytes; more than that is no gradient of any tensor here."""
UNCHANGEABLE = (bool, int, float, complex, str, range, torch.dtype, torch.Generator, types.ModuleType)
"""What code may use without changing a tensor by it, beside tensors themselves."""
BY_ANY_NAME = frozenset({"globals", "locals", "vars", "dir", "eval", "exec", "compile", "__import__"})
"""What reaches names that are not written in the code."""

Code = str | types.CodeType


class _Output(io.StringIO):
    """Keeps the first part of what is printed, and drops the rest."""

    def write(self, text: str) -> int:
        if self.tell() < MOST_OUTPUT:
            super().write(text[:MOST_OUTPUT])
        return len(text)


class Run:
    """One run of a file's statements in ``world``, on a copy of the lesson's ``values``.

    Tensors called ``names``, which code may change, are the run's own.
    """

    def __init__(self, world: World, values: Namespace, names: Collection[str]) -> None:
        self.world = world
        copies: dict[int, object] = {}
        dtype = getattr(torch, world.dtype)
        self.namespace: Namespace = values | {
            name: cast(value, dtype, copies) for name, value in values.items() if name in names
        }
        rebind(self.namespace)
        self._origins = {name: version(value) for name, value in self.namespace.items()}
        self._sharers: dict[int, set[str]] = {}
        self._replaced: dict[int, tuple[torch.Tensor, torch.Tensor | None]] = {}
        self._compared: list[tuple[str, int, torch.Tensor]] = []
        for name, value in self.namespace.items():
            if isinstance(value, torch.Tensor):
                self._sharers.setdefault(_storage(value), set()).add(name)

    def put(self, name: str, gradient: torch.Tensor) -> None:
        """Binds an upstream gradient in the place of the person's."""
        before = self.namespace.get(name)
        self._replaced[id(gradient)] = (gradient, before if isinstance(before, torch.Tensor) else None)
        self.namespace[name] = gradient

    def names_within_reach(self, used: set[str]) -> Collection[str]:
        """The lesson's names that code may bind or change: those it ``used``, and those that share their memory.

        All of them where what it uses may hold anything, such as a list or a function.
        """
        names = used & self._origins.keys()
        for value in (self.namespace[name] for name in used - {"cmp"} if name in self.namespace):
            if isinstance(value, torch.Tensor):
                names |= self._sharers.get(_storage(value), set())
            elif not isinstance(value, UNCHANGEABLE):
                return self._origins.keys()
        return names

    def clobbered(self, names: Collection[str]) -> tuple[str, ...]:
        """Those of the lesson's ``names`` that now are bound to something else, or changed; each only once."""
        order = self._origins if len(names) == len(self._origins) else sorted(names)
        changed = [name for name in order if version(self.namespace.get(name)) != self._origins[name]]
        for name in changed:
            self._origins[name] = version(self.namespace.get(name))
        return tuple(name for name in changed if not name.startswith("__"))

    def comparisons(self, nodes: Iterable[str]) -> tuple[Compared, ...]:
        """The calls of ``cmp`` since this was last asked, as far as they are about ``nodes``."""
        calls, self._compared = self._compared, []
        if not calls:
            return ()
        names = {id(self.namespace[name]): name for name in nodes if name in self.namespace}
        packed = [(label, names[at], _packed(dt)) for label, at, dt in calls if at in names]
        return tuple(Compared(label, node, gradient) for label, node, gradient in packed if gradient is not None)

    def cmp(self, label: object, dt: object, t: object) -> None:
        """The notebook's ``cmp``: the gradient goes out, to be compared there.

        Of a gradient that the reference has replaced, it is the person's own; nothing where they gave none.
        """
        if isinstance(dt, torch.Tensor):
            gradient = self._replaced[id(dt)][1] if id(dt) in self._replaced else dt
            if gradient is not None:
                self._compared.append((str(label)[:80], id(t), gradient.detach().clone()))


def execute(code: Code, line: int, dtype: str, namespace: Namespace) -> tuple[str, int, str]:
    """Runs ``code``, whose first line is ``line`` of its file: the error ("" for none), its line (0), the output."""
    output = _Output()
    error, at = "", 0
    namespace["__builtins__"] = builtins
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output), torch.no_grad():
        try:
            with precision(dtype):
                exec(compile(code, ANSWER, "exec") if isinstance(code, str) else code, namespace)
        except BaseException as caught:
            error, at = message_of(caught), line_in(caught, ANSWER)
    torch.set_default_dtype(torch.float32)
    return error, at + line - 1 if at else 0, output.getvalue()


def keep_changeable(namespace: Namespace, names: Iterable[str]) -> None:
    """Makes plain tensors of those ``names`` that ``torch.inference_mode()`` left: others may not change them."""
    for name in names:
        value = namespace.get(name)
        if isinstance(value, torch.Tensor) and value.is_inference():
            namespace[name] = value.clone()


def bound(namespace: Namespace, name: str, dtype: str) -> Bound:
    """What ``name`` is bound to."""
    if name not in namespace:
        return Bound()
    value = namespace[name]
    if isinstance(value, bool | int | float):
        return Bound(type(value).__name__, pack(torch.tensor(float(value), dtype=getattr(torch, dtype))))
    if not isinstance(value, torch.Tensor):
        return Bound(type(value).__name__)
    packed = _packed(value)
    return Bound(_kind(value), None) if packed is None else Bound("Tensor", packed)


def _packed(tensor: torch.Tensor) -> TensorData | None:
    """The tensor's bytes; None where it has none that can travel."""
    try:
        if tensor.numel() * tensor.element_size() > LARGEST_GRADIENT:
            return None
        return pack(tensor)
    except Exception:  # a class of a person's own may raise whatever it likes
        return None


def _kind(tensor: torch.Tensor) -> str:
    """What kind of tensor it is that cannot travel."""
    try:
        if tensor.layout is not torch.strided:
            return f"{tensor.layout} tensor"
        return f"tensor of shape {tuple(tensor.shape)} and dtype {tensor.dtype}"
    except Exception:
        return type(tensor).__name__


def compiled(code: str) -> tuple[Code, set[str]]:
    """``code`` compiled, and the names that it uses; as it is, and none, where it cannot be compiled."""
    try:
        whole = compile(code, ANSWER, "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return code, set()
    return whole, names_used(whole)


def names_used(code: types.CodeType) -> set[str]:
    """The names that ``code``, and the functions in it, read, bind or ask an attribute by."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= names_used(constant)
    return names


def version(value: object) -> tuple[int, int]:
    """Changes when a name is bound to another object, or its tensor is changed in place."""
    if isinstance(value, torch.Tensor) and not value.is_inference():
        return id(value), value._version
    return id(value), 0


def unseen_sharers(namespace: Namespace, watch: Iterable[str], names: Iterable[str]) -> dict[str, torch.Tensor]:
    """Copies of the ``watch``ed tensors whose memory one of ``names`` shares unseen, as ``x.data`` does."""
    addresses = {_address(namespace.get(name)) for name in names} - {None}
    return {name: namespace[name].clone() for name in watch if _address(namespace.get(name)) in addresses}


def differs(value: object, before: torch.Tensor) -> bool:
    """Whether ``value`` is no longer the tensor ``before``."""
    same = isinstance(value, torch.Tensor) and value.layout is before.layout and torch.equal(value, before)
    return not same


def _address(value: object) -> int | None:
    """Where a plain tensor's elements are; None for anything else."""
    if not isinstance(value, torch.Tensor) or value.layout is not torch.strided or not value.numel():
        return None
    return value.data_ptr()


def _storage(tensor: torch.Tensor) -> int:
    """Tells apart the memory that tensors stand in, also that of their views."""
    return tensor.untyped_storage().data_ptr() if tensor.layout is torch.strided else id(tensor)
