"""What code that means harm, or does it by mistake, can cost: its own answer, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ninja_tui.engine.evaluate.bench import Workbench
from ninja_tui.engine.evaluate.typing import LiveJudge, Place
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.errors import UsageError
from ninja_tui.lesson import words
from tests.helpers import NAMES, WALK, rerun, right_answers, run, solution_with, some_names, verdicts

pytestmark = pytest.mark.processes


def others(found: dict[str, Verdict], node: str) -> set[tuple[Status, bool]]:
    return {(verdict.status, verdict.exact) for name, verdict in found.items() if name != node}


RIGHT = {(Status.PASS, True)}
LATE = dict.fromkeys(WALK[8:], "")
"""Left out, where the first eight nodes tell as much."""

# The boundary: what comes over it is checked on arrival

FORGE = """\
import gc, os, struct, sys
import msgspec
def send(*frames):
    (channel,) = [thing for thing in gc.get_objects() if type(thing).__name__ == "Channel"]
    for frame in frames:
        os.write(channel._writing, struct.pack("<Q", len(frame)) + frame)
def number():
    frame = sys._getframe()
    while "call" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["call"].number
def forge(reply, **answered):
    send(msgspec.msgpack.encode({"number": number(), "refusal": None, **answered}), msgspec.msgpack.encode(reply))
def outcome(**parts):
    forge({"by_world": {"float32": parts}})
def gradient(*data):
    outcome(gradients={"dprobs": {"kind": "Tensor", "tensor": dict(zip(("dtype", "shape", "data"), data))}})
"""
"""Replies in the place of the worker's: ``forge`` has the number of the request that is being carried out."""


@pytest.mark.parametrize(
    "forged",
    [
        "send(b'garbage')",
        "send(b'[]')",
        "send(b'')",
        "send(b'\\x80')",
        "send(b'\\x80', b'\\x80')",
        "forge({}, number=10**6)",
        "forge({}, number='x')",
        "forge({}, refusal='C[ix]')",
        "forge({}, refusal=['C'])",
        "send(b'\\x91' * 100_000)",
        "forge({'by_world': 3})",
        "forge({'by_world': {}})",
        "forge({'by_world': {'nowhere': {}}})",
        "outcome(gradients={'dprobs': 3})",
        "outcome(gradients={'dprobs': {'kind': 'Tensor'}})",
        "outcome(error=[1])",
        "outcome(error='E', line='x')",
        "outcome(error='E', line=2**63)",
        "outcome(compared=7)",
        "outcome(compared=[{'label': 'a', 'node': 'probs'}])",
        "outcome(compared=[{'label': 'a', 'node': ['probs'], 'gradient': None}])",
        "gradient('float32', [2], b'abc')",
        "gradient('nothing', [1], b'abcd')",
        "gradient('float32', [-1, -1], b'abcd')",
        "gradient('float32', [10**9, 10**9], b'')",
        "gradient('float32', [1] * 70, b'abcd')",
        "gradient('float32', [32, 27], bytes(32 * 27 * 4))",
        "outcome(changed=['dlogits'], clobbered=['probs'])",
    ],
)
@pytest.mark.parametrize("end", ["", ", os._exit(0)"], ids=["and go on", "and end"])
def test_a_forged_reply_costs_one_answer_and_raises_nothing(bench: Workbench, forged: str, end: str) -> None:
    found = verdicts(bench, solution_with(probs=f"{FORGE}dprobs = ({forged}{end},)", **LATE), timeout=5.0)
    assert not found["probs"].passed
    assert others(found, "probs") == RIGHT


def test_an_answer_that_forks_costs_one_answer_and_raises_nothing(bench: Workbench) -> None:
    answer = "import os\ndprobs = torch.tensor(float(os.fork())) + (1.0 / probs) * dlogprobs"
    found = verdicts(bench, solution_with(probs=answer, **LATE), timeout=5.0)
    assert found["probs"].status in (Status.ERROR, Status.FAIL)
    assert others(found, "probs") == RIGHT


@pytest.mark.parametrize(
    "answer",
    [
        "import os\ndprobs = os.closerange(0, 1000)",
        "import os\ndprobs = os.kill(os.getppid(), 9)",
        "import builtins\nfor name in list(vars(builtins)):\n    delattr(builtins, name)\n    dprobs = 0",
        "import sys\nsys.modules.clear()\ndprobs = 1",
        "import sys\nsys.stdout = sys.stderr = None\ndprobs = 1",
        "import threading\ndef spin():\n    while True: pass\ndprobs = threading.Thread(target=spin).start()",
        "import signal\ndprobs = signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "torch.set_default_dtype(torch.float16)\ndprobs = 1",
        "torch.set_grad_enabled(True)\ndprobs = 1",
        "__builtins__ = {}\ndprobs = 1",
    ],
)
def test_what_an_answer_does_to_its_process_costs_no_other_answer(bench: Workbench, answer: str) -> None:
    found = verdicts(bench, solution_with(probs=answer, **LATE), timeout=5.0)
    assert not found["probs"].passed
    assert others(found, "probs") == RIGHT


def test_an_answer_cannot_change_what_it_is_compared_with(bench: Workbench) -> None:
    everywhere = "torch.allclose = torch.equal = lambda *_: True\ntorch.Tensor.__eq__ = lambda *_: torch.tensor(True)\n"
    found, _ = rerun(bench, f"{everywhere}dprobs = torch.zeros_like(probs)\n")
    assert [(verdict.status, verdict.exact, verdict.approximate) for verdict in found] == [(Status.FAIL, False, False)]


# The reference gradient of a node is not there before its answer has left

HUNTER = """\
import gc, os, struct
def alike(values, looked_for):
    largest = max(map(abs, looked_for.values()))
    return all(abs(values[place] - value) <= 1e-6 * largest for place, value in looked_for.items())
def tensors_and_buffers(shape, count):
    for thing in gc.get_objects():
        if issubclass(type(thing), torch.Tensor):
            if list(thing.shape) == shape and thing.dtype in (torch.float32, torch.float64):
                yield thing.detach().reshape(-1).tolist()
            continue
        for inner in gc.get_referents(thing):
            if type(inner) in (bytes, bytearray) and len(inner) in (4 * count, 8 * count):
                yield struct.unpack(f"<{count}{'f' if len(inner) == 4 * count else 'd'}", inner)
def hunt(shape, count, *looked_for):
    for values in tensors_and_buffers(shape, count):
        if any(alike(values, each) for each in looked_for):
            os._exit(1)
    return 2
"""
"""Ends the process where it finds a gradient. Answers that hunt are made twice too large, so that what is left of
them from one evaluation to the next is no find."""
SAME_NUMBERS = {"logits": "norm_logits", "emb": "embcat"}
"""Nodes whose gradient equals, up to rounding, one that comes before it on the walk and is there by right."""


@pytest.fixture(scope="module")
def truth() -> Iterator[dict[str, torch.Tensor]]:
    """Autograd's gradients on the names of ``bench``, worked out here and not by the engine."""
    whole = words.data_file("names.txt").read_text(encoding="utf-8")
    words.serve("names.txt", some_names())
    try:
        code, _, _ = (NAMES / "forward.py").read_text(encoding="utf-8").partition("# %% calibrate")
        script: dict[str, torch.Tensor] = {}
        exec(code, script)
    finally:
        words.serve("names.txt", whole)
    gradients = torch.autograd.grad(script["loss"], [script[node] for node in WALK])
    yield dict(zip(WALK, gradients, strict=True))


def hunt(node: str, truth: dict[str, torch.Tensor], bench: Workbench) -> str:
    """A call of ``hunt`` for the gradient of ``node``: by its dozen largest entries, in single and in double."""
    single = truth[node].reshape(-1)
    double = torch.frombuffer(bytearray(bench.gradient(node).double.data), dtype=torch.float64)
    looked_for = []
    for values in (single, double):
        largest = values.abs().argsort(descending=True)[:12].tolist()
        looked_for.append(str({place: values[place].item() for place in largest}))
    return f"hunt({list(truth[node].shape)}, {single.numel()}, {', '.join(looked_for)})"


def hunting(truth: dict[str, torch.Tensor], bench: Workbench) -> dict[str, str]:
    """Answers that hunt before they are made."""
    return {
        node: f"factor = {hunt(node, truth, bench)}\n{code}\nd{node} = d{node} * factor\ndel factor"
        for node, code in right_answers().items()
        if node not in SAME_NUMBERS
    }


def test_no_answer_finds_its_own_gradient_before_it_has_left(bench: Workbench, truth: dict[str, torch.Tensor]) -> None:
    found = verdicts(bench, HUNTER + solution_with(**hunting(truth, bench)))
    assert {node: verdict.error for node, verdict in found.items() if verdict.error} == {}
    assert {verdict.shape == verdict.expected_shape for verdict in found.values()} == {True}


def test_no_answer_finds_its_own_gradient_after_another_has_crashed(
    bench: Workbench, truth: dict[str, torch.Tensor]
) -> None:
    answers = {**hunting(truth, bench), "h": "import os\ndh = os._exit(0)"}
    found = verdicts(bench, HUNTER + solution_with(**answers))
    assert {node for node, verdict in found.items() if verdict.error} == {"h"}


@pytest.mark.parametrize("given", ["", "dlogprobs = torch.zeros_like(logprobs)\n"], ids=["missing", "wrong"])
def test_the_hunt_does_find_a_gradient_that_is_there(
    bench: Workbench, truth: dict[str, torch.Tensor], given: str
) -> None:
    found = verdicts(bench, f"{HUNTER}{given}dprobs = dlogprobs * {hunt('logprobs', truth, bench)}\n")
    assert found["probs"].error == "the answer ended its process"


@pytest.mark.parametrize("node", ["logprobs", "probs", "h", "bngain", "b1", "C"])
def test_no_answer_finds_its_own_gradient_while_it_is_typed(
    bench: Workbench, truth: dict[str, torch.Tensor], node: str
) -> None:
    judge = LiveJudge(bench)
    try:
        for other in WALK:  # on the way all other answers are typed, and read this node's gradient
            assert other == node or judge.evaluate(right_answers()[other], Place(other)).passed
        code = HUNTER + hunting(truth, bench)[node]
        for _ in range(2):
            verdict = judge.evaluate(code, Place(node))
            assert (verdict.error, verdict.shape) == (None, verdict.expected_shape)
    finally:
        judge.close()


# A whole file of them, as a process

NASTY = f"""\
# %% lesson: names
import sys
# %% logprobs
class Odd(Exception):
    def __str__(self):
        raise SystemExit(3)
    __repr__ = __str__
dlogprobs = (_ for _ in ()).throw(Odd())
# %% probs
dprobs = torch.zeros(10**12)
# %% counts_sum
dcounts_sum = [].append(ValueError("\\ud800 \\x1b[2J"))
raise ValueError("\\ud800 \\x1b[2J")
# %% norm_logits
dnorm_logits = (sys.stderr.write("Traceback (most recent call last)"), sys.__stderr__.write("Traceback"))
# %% logit_maxes
dlogit_maxes = sys.setrecursionlimit(10**6)
# %% h
dh = (_ for _ in ()).throw(ValueError("\\ud800 \\x1b[2J C[ix] [/bold]"))
# %% W2
{right_answers()["W2"]}
# %% b2
import builtins
for name in list(vars(builtins)):
    delattr(builtins, name)
    db2 = 1
# %% bnraw
dbnraw = eval("1" + "+1" * 100_000)
# %% bnbias
class Fake(torch.Tensor):
    shape = property(lambda self: 1 / 0)
    layout = property(lambda self: 1 / 0)
dbnbias = torch.zeros(3).as_subclass(Fake)
# %% bnvar
def again(x):
    return again(x) + 1
dbnvar = again(1)
# %% bndiff2
dbndiff2 = sum(1 for _ in iter(int, 1))
# %% W1
import os
dW1 = os.abort()
# %% b1
db1 = [print(i, "[bold]", C) for i in range(1000)] + [print(i, "x") for i in range(1_000_000)]
# %% emb
torch.Tensor.clone = torch.Tensor.add = torch.no_grad = torch.set_default_dtype = None
demb = 1
# %% C
torch.Tensor.detach = None
dC = 1
"""


def test_a_file_of_harm_is_reported_without_a_traceback_or_a_control_character(tmp_path: Path) -> None:
    (tmp_path / "nasty.py").write_text(NASTY, encoding="utf-8")
    (tmp_path / "some.txt").write_text(some_names(), encoding="utf-8")
    done = run("--replay", "nasty.py", "--data", "some.txt", "--timeout", "1", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert [line for line in done.stdout.split("\n") if line.startswith("Traceback")] == []
    assert "\x1b" not in done.stdout
    assert "1 of 26 pass" in done.stdout
    assert "C[ix] [/bold]" in done.stdout


DEEP = {
    "sum": "dprobs = " + "+".join(["1"] * 1500),
    "long sum": "dprobs = " + "+".join(["1"] * 100_000),
    "brackets": "dprobs = " + "(" * 5000 + ")" * 5000,
    "signs": "dprobs = " + "-" * 100_000 + "1",
    "indices": "dprobs = probs" + "[0]" * 2000,
    "blocks": "\n".join(" " * depth + "if n:" for depth in range(90)) + "\n" + " " * 90 + "dprobs = 1",
    "too many blocks": "\n".join(" " * depth + "if n:" for depth in range(150)) + "\n" + " " * 150 + "dprobs = 1",
}


@pytest.mark.parametrize("kind", DEEP)
def test_code_nested_without_end_is_an_error_of_its_answer_or_of_its_file(bench: Workbench, kind: str) -> None:
    try:
        found, _ = rerun(bench, DEEP[kind] + "\n")
    except UsageError as error:
        assert str(error).startswith("solutions.py")
        assert "\n" not in str(error)
    else:
        assert [(verdict.node, verdict.line, verdict.status) for verdict in found] == [("probs", 1, Status.ERROR)]


def test_code_nested_without_end_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text(some_names(), encoding="utf-8")
    paths = [tmp_path / f"{kind}.py" for kind in DEEP]
    for path, code in zip(paths, DEEP.values(), strict=True):
        path.write_text(code + "\n", encoding="utf-8")
    done = run("--replay", *map(str, paths), "--data", "some.txt", cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr + done.stdout
    sentences = [line for line in done.stderr.rstrip().split("\n") if line.startswith("ninja-tui: ")]
    assert len(sentences) + done.stdout.count(" 0 of 26 pass") == len(DEEP)
    assert max(len(line) for line in done.stderr.split("\n") if line not in sentences) < 180
