"""A record that travels as bytes: what arrives is the same, and what is no record is said to be none."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import torch

from ninja_tui.engine.protocol.wire import Broken
from ninja_tui.engine.recording.operator_names import full_name, function_called
from ninja_tui.engine.recording.operators import Absent
from ninja_tui.engine.recording.program_data import ProgramRun, decoded_program, encoded_program
from ninja_tui.engine.recording.record import Leaf, Use
from ninja_tui.engine.recording.replay import Replay
from ninja_tui.engine.recording.script import Script
from ninja_tui.lesson.syntax.fragment import Fragment

PROGRAM = """
x = torch.randn(5, 4).t()
W = torch.arange(20.0).reshape(5, 4).mul_(0.1).requires_grad_()
kept = torch.nn.functional.dropout(x, 0.5)
z = torch.tensor([[1 + 2j, 0.5]])
h = torch.cat([kept @ W, x @ W], dim=1).to(torch.float64)
h[:, [0, 2]] += 1.0
h[h > 2] = float("inf")
g = torch.nn.functional.gelu(h.clamp(max=3.0), approximate="tanh").sum(dim=(0, 1), keepdim=True)
loss = g.float().mean()
loss.backward()
dW = torch.full_like(W, 0.1)
print(torch.allclose(dW, W.grad), loss.item())
for k in range(3):
    W.data -= 0.1 * W.grad
"""


def ran(code: str) -> ProgramRun:
    """``code``, run and recorded here."""
    source = f"import torch\n{code}"
    script = Script({"__name__": "program"})
    for tree in ast.parse(source).body:
        script.run(Fragment(ast.get_source_segment(source, tree) or "", tree.lineno, tree.end_lineno or tree.lineno))
    assert script.failures == []
    return ProgramRun(script.recorder.record, script.names.bindings, script.sites, script.failed, 7)


def plain(argument: object) -> object:
    """Tuples and lists of numbers are the same to an operator."""
    if isinstance(argument, list | tuple) and not isinstance(argument, Use):
        return [plain(each) for each in argument]
    return torch.Generator if isinstance(argument, torch.Generator) else argument


def test_what_arrives_is_what_was_recorded() -> None:
    run = ran(PROGRAM)
    come = decoded_program(encoded_program(run))
    assert come.seed == 7
    assert len(come.record.steps) == len(run.record.steps) > 20
    for here, there in zip(run.record.steps, come.record.steps, strict=True):
        if isinstance(here, Leaf):
            assert isinstance(there, Leaf)
            assert (here.number, here.root, here.dtype) == (there.number, there.root, there.dtype)
            assert torch.equal(here.value, there.value)
            assert here.value.stride() == there.value.stride()
        one = here.draw if isinstance(here, Leaf) else here
        other = there.draw if isinstance(there, Leaf) else there
        assert (one is None) is (other is None)
        if one is not None and other is not None:
            assert other.function is one.function
            assert plain(other.args) == plain(one.args)
            assert plain([*other.kwargs.items()]) == plain([*one.kwargs.items()])
            assert (other.inputs, other.returned, other.changed) == (one.inputs, one.returned, one.changed)
            assert (other.tracked, other.engine) == (one.tracked, one.engine)
    for name in ("made_by", "before", "parameters", "read", "backwards", "escapes", "indices", "trainings"):
        assert getattr(come.record, name) == getattr(run.record, name), name
    assert [each[:5] for each in come.bindings] == [each[:5] for each in run.bindings]
    assert [each.actual for each in come.record.comparisons] == [each.actual for each in run.record.comparisons] != []


def test_a_replay_of_what_arrives_gives_the_same_bits() -> None:
    run = ran(PROGRAM)
    come = decoded_program(encoded_program(run))
    wanted = [each.number for each in run.bindings]
    for dtype in (torch.float32, torch.float64):
        one, other = (Replay(each.record, wanted, dtype=dtype).run({}) for each in (run, come))
        assert all(torch.equal(one[number].nan_to_num(), other[number].nan_to_num()) for number in wanted)


def test_the_same_tensor_travels_once() -> None:
    run = ran("big = torch.randn(200, 200)\ndbig = big.clone()\ndother = big.clone()")
    assert len(encoded_program(run)) < 1.5 * 200 * 200 * 4


def test_a_tensor_without_plain_bytes_costs_what_is_computed_from_it() -> None:
    bits = "torch.frombuffer(bytearray(b'abc'), dtype=torch.bits8)"
    run = ran(f"q = {bits}\na = torch.ones(3)\nb = q.view(torch.uint8)\nc = a + 1")
    come = decoded_program(encoded_program(run))
    numbers = {each.path: each.number for each in come.bindings}
    assert torch.equal(Replay(come.record, [numbers["c"]]).run({})[numbers["c"]], torch.full((3,), 2.0).double())
    with pytest.raises(Absent, match="a tensor of bits8 that is no plain tensor"):
        Replay(come.record, [numbers["b"]]).run({})


def test_an_operation_that_is_not_pytorchs_is_named() -> None:
    library: Any = torch.library.Library("stranger", "FRAGMENT")  # type: ignore[no-untyped-call]
    library.define("twice(Tensor x) -> Tensor")
    library.impl("twice", lambda x: x * 2, "CPU")
    try:
        come = decoded_program(encoded_program(ran("a = torch.ones(3)\nb = torch.ops.stranger.twice(a)\nc = b + 1")))
        number = {each.path: each.number for each in come.bindings}["c"]
        with pytest.raises(Absent, match=r"`stranger::twice\.default` is no operation of PyTorch's own"):
            Replay(come.record, [number]).run({})
    finally:
        library._destroy()


@pytest.mark.parametrize(
    "name",
    [
        "aten::from_file.default", "aten::save.default", "aten::set_.source_Storage", "aten::resize_.default",
        "aten::__class__.mro", "aten::add.__init__", "aten::add.t", "os::system.default", "profiler::x.default", "eval",
        "aten::_print.default", "aten::item.default", "prim::Print.default", "", "aten::add", "aten::add.Tensor.Tensor",
    ],
)  # fmt: skip
def test_a_record_calls_nothing_but_operations_on_tensors(name: str) -> None:
    assert function_called(name) is None


@pytest.mark.parametrize("function", [torch.ops.aten.add.Tensor, torch.ops.aten._log_softmax.default])
def test_an_operation_is_found_by_its_name(function: Any) -> None:
    assert function_called(full_name(function)) is function


def first_operation(program: Any) -> Any:
    return next(each for each in program["record"]["steps"] if isinstance(each, dict) and each["args"])


FORGERIES: dict[str, Callable[[Any], object]] = {
    "a value before itself": lambda p: p["record"]["before"].update({3: 3}),
    "a value that nothing made": lambda p: p["record"]["made_by"].append(10**6),
    "a value of another step": lambda p: p["record"]["made_by"].__setitem__(0, 1),
    "an operation on what comes later": lambda p: first_operation(p)["args"].__setitem__(
        0, {"use": len(p["record"]["made_by"]) - 1}
    ),
    "an operation on nothing": lambda p: first_operation(p)["args"].__setitem__(0, {"use": 10**9}),
    "a negative value": lambda p: first_operation(p)["args"].__setitem__(0, {"use": -1}),
    "an unheard-of argument": lambda p: first_operation(p)["args"].__setitem__(0, {"call": "os.system"}),
    "an argument of two kinds": lambda p: first_operation(p)["args"].__setitem__(0, {"use": 0, "dtype": "bool"}),
    "a dtype that is a function": lambda p: first_operation(p)["args"].__setitem__(0, {"dtype": "load"}),
    "deep lists": lambda p: first_operation(p)["args"].__setitem__(0, [[[[[[[1]]]]]]]),
    "a function that is not there": lambda p: first_operation(p).update(function=10**6),
    "a change of a number": lambda p: first_operation(p).update(changed=[[7, 0]]),
    "bytes that are too few": lambda p: p["tensors"][0]["data"].update(shape=[10**9]),
    "a negative size": lambda p: p["tensors"][0]["data"].update(shape=[-1, -4]),
    "dimensions without end": lambda p: p["tensors"][0]["data"].update(shape=[1] * 10**5),
    "an order of other dimensions": lambda p: p["tensors"][0].update(order=[0, 0]),
    "a tensor that is not there": lambda p: p["record"]["leaves"][0].update(value=10**6),
    "a root that is none": lambda p: p["record"]["leaves"][0].update(root=9),
    "a binding of nothing": lambda p: p["bindings"][0].update(number=10**6),
    "a binding nowhere": lambda p: p["bindings"][0].update(site=-1),
    "a backward pass from nothing": lambda p: p["record"]["backwards"][0].update(loss=10**6),
    "a gradient of nothing": lambda p: p["record"]["read"].update({0: 10**6}),
    "an escape of nothing": lambda p: p["record"]["escapes"][0].update(number=-3),
    "no steps": lambda p: p["record"].update(steps=[]),
    "steps that are text": lambda p: p["record"].update(steps="steps"),
    "no record": lambda p: p.pop("record"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_is_no_record_is_not_read(forgery: str) -> None:
    data: Any = msgspec.msgpack.decode(encoded_program(ran(PROGRAM)), strict=False)
    decoded_program(msgspec.msgpack.encode(data))
    FORGERIES[forgery](data)
    with pytest.raises(Broken):
        decoded_program(msgspec.msgpack.encode(data))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x91" * 100_000, b"garbage", b"\xdd\xff\xff\xff\xff"])
def test_garbage_is_not_read(data: bytes) -> None:
    with pytest.raises(Broken):
        decoded_program(data)
