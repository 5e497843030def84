"""The tensors among the arguments of a function, with the names that a person knows them by."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

Function = type[torch.autograd.Function]
"""A class of a person's own, with ``forward`` and ``backward``."""


@dataclass(frozen=True)
class Input:
    """A tensor that a function is given, or a parameter of its module: ``asked`` if its gradient is judged."""

    name: str
    tensor: torch.Tensor
    asked: bool
    of_module: bool = False

    @property
    def is_differentiable(self) -> bool:
        """Whether it can have a gradient at all."""
        return self.tensor.is_floating_point()


@dataclass(frozen=True)
class Call:
    """A call of ``function`` with copies of its arguments: those that are asked for are leaves of autograd.

    ``inputs`` are its tensors in their order, then the parameters of a module.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: tuple[Input, ...]

    @property
    def asked(self) -> tuple[Input, ...]:
        """The inputs whose gradients are judged."""
        return tuple(each for each in self.inputs if each.asked)


def prepared(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    backward: Callable[..., Any] | None = None,
) -> Call:
    """A call of ``function`` on copies of its tensors, so that the person's own stay as they are.

    Where it does not say what it calls its arguments, ``backward`` may, which has them after the upstream gradient.

    Asked are the tensors that require a gradient, and where none does all floating-point ones among the arguments.
    Raises TypeError where there is none, or for tensors that cannot be judged.
    """
    named = dict(_named(_names(function, backward, len(args)), args, kwargs))
    parameters = dict(function.named_parameters()) if isinstance(function, torch.nn.Module) else {}
    every = [*named.values(), *parameters.values()]
    for name, tensor in {**named, **parameters}.items():
        _check(name, tensor)
    required = any(each.requires_grad for each in every)
    inputs = [_copied(name, tensor, required=required) for name, tensor in named.items()]
    copies = iter([each.tensor for each in inputs])
    taken = set(named)
    for name, parameter in parameters.items():
        inputs.append(
            Input(f"self.{name}" if name in taken else name, parameter, parameter.requires_grad, of_module=True)
        )
    if not any(each.asked for each in inputs):
        raise TypeError("assert_gradients needs a floating-point tensor among the inputs")
    copied = [with_tensors(each, lambda _: next(copies)) for each in args]
    named_copies = {key: with_tensors(each, lambda _: next(copies)) for key, each in kwargs.items()}
    return Call(function, tuple(copied), named_copies, tuple(inputs))


def _copied(name: str, tensor: torch.Tensor, *, required: bool) -> Input:
    asked = tensor.requires_grad if required else tensor.is_floating_point()
    return Input(name, tensor.detach().clone().requires_grad_(asked), asked)


def _check(name: str, tensor: torch.Tensor) -> None:
    if tensor.is_complex():
        raise TypeError(f"`{name}` is complex: gradients of complex numbers are not judged")
    if tensor.device.type != "cpu":
        raise TypeError(f"`{name}` is on {tensor.device}: gradients are judged on the CPU, so pass it from there")
    if tensor.layout is not torch.strided:
        raise TypeError(f"`{name}` is sparse: gradients of dense tensors alone are judged")


def _named(
    names: Sequence[str], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors of a call, each with the name of its argument."""
    for name, value in (*zip(names, args, strict=True), *kwargs.items()):
        yield from tensors_in(name, value)


def _names(function: Callable[..., Any], backward: Callable[..., Any] | None, count: int) -> list[str]:
    """What a function, or else its backward, calls the first ``count`` arguments; ``input[0]`` where neither says."""
    own: Callable[..., Any] = function
    skipped = 0
    if isinstance(function, torch.nn.Module):
        own = function.forward
    elif is_function(function):
        own, skipped = function.forward, int(not _sets_up_apart(function))  # type: ignore[attr-defined]
    names = _positional(own, count + skipped)[skipped:]
    if len(names) < count and backward is not None:
        names += _positional(backward, count + 1)[1 + len(names) :]
    return [*names, *(f"input[{index}]" for index in range(len(names), count))][:count]


def _positional(function: Callable[..., Any], count: int) -> list[str]:
    """The names of the arguments by place, as far as a function tells them."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
    names: list[str] = []
    for each in parameters:
        if each.kind is inspect.Parameter.VAR_POSITIONAL:
            names += [f"{each.name}[{index}]" for index in range(count - len(names))]
        elif each.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
            names.append(each.name)
    return names[:count]


def is_function(value: object) -> bool:
    """Whether ``value`` is a subclass of ``torch.autograd.Function``."""
    return isinstance(value, type) and issubclass(value, torch.autograd.Function)


def unbound(function: Any) -> Callable[..., Any]:
    """The class itself for the ``apply`` of an ``autograd.Function``."""
    owner: Any = getattr(function, "__self__", None)
    result: Callable[..., Any] = owner if is_function(owner) and function.__name__ == "apply" else function
    return result


def called(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """What ``function`` returns; of an ``autograd.Function`` its ``apply``."""
    __tracebackhide__ = True
    return (function.apply if is_function(function) else function)(*args, **kwargs)


def _sets_up_apart(function: Any) -> bool:
    """Whether ``forward`` takes no ``ctx``, since ``setup_context`` does."""
    return function.setup_context is not torch.autograd.Function.setup_context


def tensors_in(name: str, value: object) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors that ``value`` is or holds, in lists, tuples and dicts, each with a name."""
    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, list | tuple):
        fields = getattr(value, "_fields", None)
        for index, each in enumerate(value):
            yield from tensors_in(f"{name}.{fields[index]}" if fields else f"{name}[{index}]", each)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from tensors_in(f"{name}[{key!r}]", each)


def with_tensors(value: Any, change: Callable[[torch.Tensor], Any]) -> Any:
    """``value`` with another thing in the place of each of its tensors."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, list | tuple):
        changed = [with_tensors(each, change) for each in value]
        if type(value) in (list, tuple):
            return type(value)(changed)
        if hasattr(value, "n_fields"):  # of PyTorch's own, as ``max`` returns
            return type(value)(changed)
        return type(value)(*changed) if hasattr(value, "_fields") else tuple(changed)
    if isinstance(value, Mapping):
        return {key: with_tensors(each, change) for key, each in value.items()}
    return value


def no_leaf(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor that may be changed in place, whose gradient is that of ``tensor``."""
    return tensor.clone() if tensor.requires_grad else tensor
