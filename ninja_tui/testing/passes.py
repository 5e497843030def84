"""How a backward pass is called and what it may return: one written by hand, or that of an ``autograd.Function``."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import torch

from ninja_tui.formatting import guess
from ninja_tui.testing.arguments import Call, Input, called, no_leaf, tensors_in, with_tensors

OUTPUT = "output"
"""What a function returns is called so; a backward that has an argument of that name is given it."""


class NotJudged(Exception):
    """Why nothing can be said of the gradients; the text is for a person."""


class Misreturned(Exception):
    """What is wrong with what a backward pass returned; the text is for a person."""


class BackwardPass(Protocol):
    """A backward pass and the function that it belongs to."""

    @property
    def written(self) -> Callable[..., Any]:
        """The function that a person wrote."""

    @property
    def name(self) -> str:
        """What it is called."""

    def forward(self, call: Call) -> Any:
        """Runs the forward pass."""

    def called(self, call: Call, result: Any, upstream: Mapping[str, torch.Tensor]) -> Any:
        """What it returns for these upstream gradients, by output; ``result`` is what ``forward`` gave."""

    def upstream_names(self, flowing: Sequence[str], outputs: Sequence[str]) -> dict[str, str]:
        """What it calls the upstream gradient of each output that has one."""

    def by_input(self, call: Call, returned: Any) -> dict[str, Any]:
        """What it returned, by input: of each that is asked for, a gradient, None, or a Misreturned.

        Raises Misreturned where it cannot be told which gradient is whose.
        """


class ByHand:
    """``backward(upstream, *inputs)``, which returns the gradients of the inputs."""

    def __init__(self, written: Callable[..., Any]) -> None:
        self.written = written

    @property
    def name(self) -> str:
        """What it is called."""
        return name_of(self.written)

    def forward(self, call: Call) -> Any:
        """Runs the function."""
        __tracebackhide__ = True
        return called(call.function, call.args, call.kwargs)

    def called(self, call: Call, result: Any, upstream: Mapping[str, torch.Tensor]) -> Any:
        """What it returns. The upstream gradients have the structure of ``result``."""
        __tracebackhide__ = True
        flows = iter([upstream.get(name, _nothing(each)) for name, each in tensors_in(OUTPUT, result)])
        structured = with_tensors(result, lambda _: next(flows))
        kwargs = dict(call.kwargs)
        signature = _signature(self.written)
        if signature is not None:
            if OUTPUT in signature.parameters and OUTPUT not in kwargs:
                kwargs[OUTPUT] = with_tensors(result, torch.Tensor.detach)
            self._check(signature, call, kwargs)
        return self.written(structured, *call.args, **kwargs)

    def _check(self, signature: inspect.Signature, call: Call, kwargs: Mapping[str, Any]) -> None:
        __tracebackhide__ = True
        try:
            signature.bind(None, *call.args, **kwargs)
        except TypeError as error:
            names = [*(each.name for each in call.inputs if not each.of_module)]
            given = ", ".join(["upstream", *names])
            raise TypeError(
                f"`{self.name}` is called with the upstream gradient and the inputs, as {self.name}({given}): {error}"
            ) from None

    def upstream_names(self, flowing: Sequence[str], outputs: Sequence[str]) -> dict[str, str]:
        """The name of its first argument, with a place where there are several outputs."""
        signature = _signature(self.written)
        first = next(iter(signature.parameters.values()), None) if signature is not None else None
        plain = first is not None and first.kind is not inspect.Parameter.VAR_POSITIONAL
        name = first.name if first is not None and plain else "upstream"
        return {each: each.replace(OUTPUT, name, 1) for each in flowing}

    def by_input(self, call: Call, returned: Any) -> dict[str, Any]:
        """By name, or in the order of the inputs: those that are asked for, all tensors, or all arguments."""
        if isinstance(returned, Mapping):
            return self._by_name(call, returned)
        gradients = _flat(returned)
        choices: list[Sequence[Input | None]] = [call.asked, call.inputs]
        if not any(isinstance(each, list | tuple | Mapping) for each in call.args):
            places = iter(call.inputs)
            args = [next(places) if isinstance(each, torch.Tensor) else None for each in call.args]
            choices.append([*args, *(each for each in call.inputs if each.of_module)])
        for choice in choices:
            if len(choice) == len(gradients):
                pairs = [(place, each) for place, each in zip(choice, gradients, strict=True) if place is not None]
                return {place.name: each for place, each in pairs if place.asked or each is not None}
        count = f"{len(gradients)} gradient{'' if len(gradients) == 1 else 's'}"
        asked = ", ".join(each.name for each in call.asked)
        raise Misreturned(f"returns {count}, and there are {len(call.asked)} to judge: {asked}")

    def _by_name(self, call: Call, returned: Mapping[Any, Any]) -> dict[str, Any]:
        known = {each.name for each in call.inputs}
        for name in returned:
            if name not in known:
                names = ", ".join(each.name for each in call.inputs)
                raise Misreturned(
                    f"returns a gradient of {name!r}, which is no input{guess(str(name), known)}: {names}"
                )
        missing = {each.name: Misreturned("no gradient is returned for it") for each in call.asked}
        given = {name: each for name, each in returned.items() if each is not None or name in missing}
        return {**missing, **given}


class OfFunction:
    """The ``backward`` of a subclass of ``torch.autograd.Function``."""

    def __init__(self, function: Any) -> None:
        self._function = function

    @property
    def written(self) -> Callable[..., Any]:
        """``backward``, or ``vjp``, which is the same."""
        own = self._function.vjp is not torch.autograd.Function.vjp
        written: Callable[..., Any] = self._function.vjp if own else self._function.backward
        return written

    @property
    def name(self) -> str:
        """``Swish.backward``."""
        return f"{self._function.__name__}.{name_of(self.written)}"

    def forward(self, call: Call) -> Any:
        """Runs ``apply``, on no leaves of autograd: it may change what it is given in place."""
        __tracebackhide__ = True
        args = [with_tensors(each, no_leaf) for each in call.args]
        return self._function.apply(*args, **call.kwargs)

    def called(self, call: Call, result: Any, upstream: Mapping[str, torch.Tensor]) -> Any:
        """What it returns, called as autograd calls it."""
        __tracebackhide__ = True
        context = next(
            (
                each.grad_fn
                for _, each in tensors_in(OUTPUT, result)
                if isinstance(each.grad_fn, torch.autograd.function.BackwardCFunction)
            ),
            None,
        )
        if context is None:
            raise NotJudged("what it returns is not connected to its backward")
        named = {id(each): name for name, each in tensors_in(OUTPUT, result)}
        flows: list[Any] = []
        for each in result if isinstance(result, tuple) else (result,):
            if not isinstance(each, torch.Tensor):
                flows.append(None)
                continue
            silent = torch.zeros_like(each) if getattr(context, "materialize_grads", True) else None
            flows.append(upstream.get(named[id(each)], silent))
        return self.written(context, *flows)

    def upstream_names(self, flowing: Sequence[str], outputs: Sequence[str]) -> dict[str, str]:
        """The names of its arguments after ``ctx``."""
        names: list[str] = []
        parameters = list(inspect.signature(self.written).parameters.values())[1:]
        for each in parameters:
            if each.kind is inspect.Parameter.VAR_POSITIONAL:
                names += [f"{each.name}[{index}]" for index in range(len(outputs) - len(names))]
            else:
                names.append(each.name)
        names += [f"upstream[{index}]" for index in range(len(names), len(outputs))]
        return {name: names[outputs.index(name)] for name in flowing}

    def by_input(self, call: Call, returned: Any) -> dict[str, Any]:
        """One for each argument of ``forward``, in their order; further ones must be None."""
        gradients = list(returned) if isinstance(returned, tuple) else [returned]
        if len(gradients) < len(call.args) or any(each is not None for each in gradients[len(call.args) :]):
            count = f"{len(gradients)} gradient{'' if len(gradients) == 1 else 's'}"
            raise Misreturned(f"returns {count} for the {len(call.args)} arguments of `forward`, not one for each")
        places = iter(call.inputs)
        result: dict[str, Any] = {}
        for arg, gradient in zip(call.args, gradients, strict=False):
            for _ in tensors_in("", arg):
                place = next(places)
                if isinstance(arg, torch.Tensor) and place.asked:
                    result[place.name] = _as_autograd_takes_it(gradient, arg)
        return result


def name_of(function: object) -> str:
    """What a function is called, for a person."""
    name = getattr(function, "__name__", "") or type(function).__name__
    return "backward" if name in ("<lambda>", "partial") else str(name)


def _as_autograd_takes_it(gradient: Any, place: torch.Tensor) -> Any:
    """A gradient in the shape and dtype of its tensor: autograd sums over axes along which that was broadcast."""
    if not isinstance(gradient, torch.Tensor):
        return gradient
    if gradient.shape != place.shape and _is_broadcast(place.shape, gradient.shape):
        gradient = gradient.sum_to_size(place.shape)
    return gradient.to(place.dtype) if gradient.dtype != place.dtype else gradient


def _is_broadcast(shape: torch.Size, wide: torch.Size) -> bool:
    pairs = list(itertools.zip_longest(reversed(shape), reversed(wide), fillvalue=1))
    return len(shape) <= len(wide) and all(one in (1, other) for one, other in pairs)


def _nothing(output: torch.Tensor) -> torch.Tensor | None:
    """The upstream gradient of an output that is no part of any loss; None of whole numbers."""
    return torch.zeros_like(output) if output.is_floating_point() else None


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [each for inner in value for each in _flat(inner)]
    return [value]


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None
