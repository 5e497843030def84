"""Training on a person's own backward pass."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import pytest
import torch

from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.recording.packing import pack, unpack
from ninja_tui.engine.training.config import SAMPLING_SEED, Backward, Engine
from ninja_tui.engine.training.messages import (
    BeginTraining,
    EvaluateSplits,
    LoadParameters,
    PreviewNames,
    ProfileStep,
    SampleNames,
    TrainSteps,
)
from ninja_tui.engine.training.step import Part
from ninja_tui.engine.workers.client import Role, Worker
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.vectorize import Cause
from tests.engine.training_support import ANSWERS, DOUBLE_LOOP, MINIBATCH, Trainer, answers, opening


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    return Trainer()


@pytest.fixture(scope="module")
def autograd(trainer: Trainer) -> torch.Tensor:
    return trainer.run(backward=Backward.AUTOGRAD, answers=())


def close(one: torch.Tensor, other: torch.Tensor) -> bool:
    return len(one) == len(other) and float((one - other)[:100].abs().max()) < 1e-5


def test_it_learns(autograd: torch.Tensor) -> None:
    assert autograd[-10:].mean() < autograd[:10].mean() - 0.3


def test_manual_and_autograd_runs_agree(trainer: Trainer, autograd: torch.Tensor) -> None:
    assert close(trainer.run(), autograd)


def test_a_training_in_parts_is_the_training(trainer: Trainer, autograd: torch.Tensor) -> None:
    trainer.begin(120)
    parts = [trainer.train(count) for count in (1, 50, 500)]
    assert [len(part) for part in parts] == [1, 50, 69]
    assert close(torch.cat(parts), autograd)


@pytest.mark.parametrize("node", ["C", "hprebn", "logits"])
def test_autograd_stands_in_for_an_answer_that_is_missing(trainer: Trainer, autograd: torch.Tensor, node: str) -> None:
    assert close(trainer.run(answers=answers(**{node: ""}), replaced=(node,)), autograd)
    begun = trainer.begin(9, answers=answers(**{node: ""}), replaced=(node,))
    assert begun.replaced == (node,)


def test_autograd_stands_in_for_an_answer_that_is_wrong_or_raises(trainer: Trainer, autograd: torch.Tensor) -> None:
    wrong = answers(h="dh = -dlogits @ W2.T", C="lost = demb.nothing\ndC = lost * 2")
    assert close(trainer.run(answers=wrong, replaced=("h", "C")), autograd)


def test_a_parameter_without_a_gradient_is_told_before_the_first_step(trainer: Trainer) -> None:
    with pytest.raises(Refused, match="dW1, db1"):
        trainer.begin(9, answers=answers(W1="", b1=""))


def test_a_wrong_gradient_does_not_learn(trainer: Trainer, autograd: torch.Tensor) -> None:
    losses = trainer.run(answers=answers(logits="dlogits = -F.softmax(logits, 1)"))
    assert losses[-10:].mean() > autograd[-10:].mean() + 0.3


LEAKS = {
    "n": ANSWERS["hprebn"] + "\nfor n in range(3):\n    pass",
    "range": ANSWERS["b2"] + "\nrange = tuple",
    "h": ANSWERS["hpreact"] + "\nh = None",
    "vocab_size": ANSWERS["b2"] + "\ndel vocab_size",
    "b1": ANSWERS["b1"] + "\nb1 = b1 * 0",
    "global": ANSWERS["C"]
    + "\ndef spoil():\n    global n, vocab_size, other\n    n, vocab_size, other = 1, 2, 3\nspoil()",
}


@pytest.mark.parametrize("name", LEAKS)
def test_what_an_answer_rebinds_is_the_lessons_own_in_the_next_step(
    trainer: Trainer, autograd: torch.Tensor, name: str
) -> None:
    node = {"n": "hprebn", "h": "hpreact", "b1": "b1", "global": "C"}.get(name, "b2")
    assert close(trainer.run(answers=answers(**{node: LEAKS[name]})), autograd)


def test_a_python_loop_over_the_batch_gives_the_same(trainer: Trainer, autograd: torch.Tensor) -> None:
    assert close(trainer.run(answers=answers(C=DOUBLE_LOOP)), autograd)


def test_partial_sums_and_calls_of_cmp_are_fine(trainer: Trainer, autograd: torch.Tensor) -> None:
    h = "dh = dlogits @ W2.T * 0.25\ndh += dlogits @ W2.T * 0.75\ncmp('h', dh, h)\nprint_ = [cmp('h', dh, h)]"
    assert close(trainer.run(answers=answers(h=h)), autograd)


def test_a_gradient_of_another_shape_with_the_right_values_trains(trainer: Trainer, autograd: torch.Tensor) -> None:
    begun = trainer.begin(9, answers=answers(b1="db1 = dhprebn.sum(0, keepdim=True)"))
    assert begun.reshaped == ("b1",)
    assert close(trainer.run(answers=answers(b1="db1 = dhprebn.sum(0, keepdim=True)")), autograd)


def test_nan_is_named_with_its_step_and_tensor(trainer: Trainer) -> None:
    spoil = ANSWERS["hpreact"] + "\ndhpreact = dhpreact / (loss > 0.0).float()"
    zero = "dbngain = (bnraw * dhpreact).sum(0, keepdim=True)\ndbngain = dbngain / (bnbias.mean() * 0)"
    trainer.begin(100, answers=answers(hpreact=spoil, bngain=zero, hprebn=ANSWERS["hprebn"]))
    stop = trainer.ask(TrainSteps(100)).stop
    assert stop is not None
    assert (stop.step, stop.tensor, stop.part) == (0, "dbngain", Part.ANSWERS)
    assert "bnbias.mean() * 0" in stop.code


def test_numbers_that_grow_without_end_are_named_where_they_began(trainer: Trainer) -> None:
    grow = answers(b2="db2 = -1e6 * (b2.abs() + 1) ** 2")
    trainer.begin(100, answers=grow)
    reply = trainer.ask(TrainSteps(100))
    assert reply.stop is not None
    assert reply.stop.tensor in {"db2", "b2"}
    assert 0 < reply.stop.step < 10
    assert reply.step <= reply.stop.step + 2
    assert all(bool(torch.isfinite(each).all()) for each in trainer.parameters().values())


@pytest.mark.parametrize(
    "code", ["dh = dlogits @ W3.T", "dh = dlogits @ W2", "raise SystemExit", "import nothing\ndh = 1"]
)
def test_an_answer_that_raises_is_told_with_its_line(trainer: Trainer, code: str) -> None:
    stop = trainer.begin(9, answers=answers(h=code)).stop
    assert stop is not None
    assert (stop.step, stop.part, stop.line) == (0, Part.ANSWERS, 4)
    assert stop.message


@pytest.mark.parametrize(
    "code",
    ["from torch import *\ndh = dlogits @ W2.T", "dh = " + "+".join(["dlogits @ W2.T"] * 3000), "dh = 'x'", "dh = ("],
)
def test_code_that_cannot_train_is_refused_or_told(trainer: Trainer, code: str) -> None:
    given = [Fragment.at(ANSWERS["logits"], 1), Fragment.at(code, 5)]
    given += [Fragment.at(text, 9) for text in list(ANSWERS.values())[2:]]
    try:
        assert trainer.begin(9, answers=tuple(given)).stop
    except Refused as refused:
        assert "\n" not in str(refused)


def test_a_gradient_that_fits_in_no_way_is_told(trainer: Trainer) -> None:
    stop = trainer.begin(9, answers=answers(b2="db2 = dlogits.sum(1)")).stop
    assert stop is not None
    assert stop.message == "RuntimeError: db2 is (32,), and b2 is (27,)"
    assert trainer.ask(TrainSteps(9)).step == 0


def test_an_answer_that_raises_later_is_told_with_its_step(trainer: Trainer) -> None:
    late = "calls.append(1)\nif len(calls) > 9:\n    raise ValueError('late')\ndh = dlogits @ W2.T"
    count = Fragment.at("import builtins\nbuiltins.calls = getattr(builtins, 'calls', [])", 1)
    trainer.begin(60, answers=(count, *answers(h=late)))
    stop = trainer.ask(TrainSteps(60)).stop
    assert stop is not None
    assert stop.message == "ValueError: late"
    assert stop.code.startswith("if len(calls)")
    assert stop.line == 6
    assert stop.step == 8


def test_minibatches_drawn_ahead_are_those_drawn_one_by_one(trainer: Trainer, autograd: torch.Tensor) -> None:
    assert trainer.begin(9).drawn_ahead
    plain = Trainer(MINIBATCH.replace("torch.randint(", "(torch.randint)("))
    other = Trainer(MINIBATCH.replace("ix = torch", "ix = 0 + torch"))
    assert close(plain.run(), autograd)
    assert torch.equal(other.run(), trainer.run())
    assert not other.begin(9).drawn_ahead


@pytest.mark.parametrize("cell", [
    MINIBATCH + "Xb = Xb[torch.randperm(batch_size, generator=g)].sort(0).values\n",
    "def draw():\n    return torch.randint(0, 9, (1,), generator=g)\nix = draw()\n" + MINIBATCH,
    MINIBATCH + "ix = ix + 1\n",
])  # fmt: skip
def test_a_minibatch_cell_of_another_form_runs_as_it_stands(cell: str) -> None:
    other = Trainer(cell)
    assert not other.begin(9, backward=Backward.AUTOGRAD).drawn_ahead
    assert len(other.run(5, backward=Backward.AUTOGRAD)) == 5


def test_the_batch_size_can_be_chosen(trainer: Trainer) -> None:
    trainer.run(20, batch_size=8)
    check = trainer.checks("hprebn")["hprebn"]
    assert check.expected_shape == (8, 20)
    assert check.fits


def test_the_learning_rate_is_the_chosen_one_and_drops_at_half(trainer: Trainer) -> None:
    trainer.begin(10, rates=(0.2, 0.05))
    assert [trainer.ask(TrainSteps(1)).rate for _ in range(10)] == [0.2] * 5 + [0.05] * 5
    trainer.begin(10)
    assert [trainer.ask(TrainSteps(5)).rate for _ in range(2)] == [0.1, 0.01]


def test_the_check_finds_what_is_wrong_missing_or_raises(trainer: Trainer) -> None:
    given = answers(h="dh = -dlogits @ W2.T", b2="db2 = nothing", C="", b1="db1 = dhprebn.sum(0, keepdim=True)")
    trainer.begin(9, answers=given, replaced=("h", "b2", "C"))
    checks = trainer.checks()
    assert {node for node, check in checks.items() if not check.fits} == {"h", "b2", "C"}
    assert checks["h"].relative == pytest.approx(2.0)
    assert "NameError" in checks["b2"].error
    assert checks["C"].missing
    assert checks["W2"].fits_chained
    assert checks["W1"].fits and not checks["W1"].fits_chained
    assert checks["b1"].shape == (1, 20)


def test_check_and_profile_train_nothing(trainer: Trainer, autograd: torch.Tensor) -> None:
    trainer.begin(120)
    trainer.checks()
    trainer.ask(ProfileStep(3))
    assert close(trainer.train(120), autograd)


def test_the_profile_marks_the_persons_statements(trainer: Trainer) -> None:
    trainer.begin(9, answers=answers(C=DOUBLE_LOOP))
    statements = trainer.ask(ProfileStep(5)).statements
    (loop,) = [each for each in statements if each.code.startswith("for k in range")]
    assert loop.is_answer
    assert loop.seconds > 3 * sorted(each.seconds for each in statements)[len(statements) // 2]
    others = [Part.MINIBATCH] * 2 + [Part.FORWARD] * 11 + [Part.UPDATE]
    assert [each.part for each in statements if not each.is_answer] == others
    assert {each.line for each in statements if each.is_answer} >= {1, 2, 3}


SLOW = {
    "C": (DOUBLE_LOOP, Cause.ELEMENTS, "dC.index_add_(0, Xb.reshape(-1), demb.reshape(-1, dC.shape[1]))"),
    "W2": (
        "dW2 = sum(h[i].unsqueeze(1) * dlogits[i].view(1, -1) for i in range(n))",
        Cause.ELEMENTS,
        "dW2 = h.T @ dlogits",
    ),
    "h": ("dh = torch.stack([row @ W2.T * 2 / 2 for row in dlogits])", Cause.LOOP, "dh = dlogits @ W2.T * 2 / 2"),
    "b2": (
        "db2 = torch.zeros(vocab_size)\nfor row, i in zip(dlogits, range(n)):\n    db2 += row * (i >= 0)",
        Cause.LOOP,
        None,
    ),
}


@pytest.mark.parametrize("node", SLOW)
def test_a_slow_statement_is_told_with_what_does_the_same_faster(trainer: Trainer, node: str) -> None:
    code, cause, faster = SLOW[node]
    trainer.begin(9, answers=answers(**{node: code}))
    costs = trainer.ask(ProfileStep(5)).statements
    (slow,) = [cost for cost in costs if cost.cause is not None]
    assert slow.code in code
    assert slow.seconds > sum(cost.seconds for cost in costs) / 3
    assert slow.cause is cause
    assert (slow.faster.code if slow.faster else None) == faster
    assert slow.faster is None or slow.faster.seconds < slow.seconds / 2
    assert all(cost.faster is None for cost in costs if cost is not slow)


def test_what_gives_something_else_is_never_offered(trainer: Trainer) -> None:
    """Rows and their sum of squares do not line up without the loop: what the form suggests is tried, and dropped."""
    code = "dh = torch.zeros_like(h)\nfor i in range(n):\n    dh[i] = dlogits[i] @ W2.T * (h[i] * h[i]).sum()"
    trainer.begin(9, answers=answers(h=code))
    (slow,) = [cost for cost in trainer.ask(ProfileStep(5)).statements if cost.cause is not None]
    assert (slow.cause, slow.faster) == (Cause.ELEMENTS, None)


def test_the_profile_ends_in_time_and_changes_nothing(trainer: Trainer, autograd: torch.Tensor) -> None:
    trainer.begin(120, answers=answers(C=DOUBLE_LOOP))
    began = time.perf_counter()
    assert trainer.ask(ProfileStep(100_000, 0.1)).statements
    assert time.perf_counter() - began < 5
    assert close(trainer.train(120), autograd)


def test_a_preview_changes_neither_the_training_nor_the_names_that_follow(trainer: Trainer) -> None:
    plain = trainer.run(100)
    wanted, loss = trainer.ask(SampleNames(3, seed=5)).names, trainer.ask(EvaluateSplits())
    trainer.begin(100)
    parts, previews = [], []
    for _ in range(4):
        previews.append(trainer.ask(PreviewNames(2)).names)
        parts.append(trainer.train(25))
    trainer.ask(PreviewNames(2))
    assert torch.equal(torch.cat(parts), plain)
    assert trainer.ask(SampleNames(3, seed=5)).names == wanted
    assert trainer.ask(EvaluateSplits()) == loss
    assert len(set(previews)) == 4
    assert all(len(name) <= 21 for names in previews for name in names)


RANDOM = """\
import random
import numpy as np
torch.rand(3); torch.rand(3, generator=g); random.random(); np.random.rand()
bngain.mul_(2.0)
count_of_rows = len(Xtr)
"""


def test_cells_that_draw_and_change_leave_the_training_as_it_is() -> None:
    minibatch = "ix = torch.randint(0, Xtr.shape[0], (batch_size,))\nXb, Yb = Xtr[ix], Ytr[ix]\n"
    trainer = Trainer(minibatch, RANDOM)
    plain = trainer.run(60)
    trainer.begin(60)
    parts = []
    for _ in range(3):
        trainer.ask(PreviewNames(1))
        parts.append(trainer.train(20))
    assert torch.equal(torch.cat(parts), plain)


def test_losses_of_whole_splits(trainer: Trainer) -> None:
    trainer.begin(150)
    before = trainer.ask(EvaluateSplits())
    trainer.train(150)
    after = trainer.ask(EvaluateSplits())
    assert before.train and before.val and after.train and after.val
    assert after.train < before.train - 0.2 and after.val < before.val - 0.2


def test_sampling_is_deterministic_and_goes_on(trainer: Trainer) -> None:
    trainer.run(100)
    five = trainer.ask(SampleNames(5, SAMPLING_SEED)).names
    seeds = [SAMPLING_SEED, None, None, None, None]
    assert tuple(trainer.ask(SampleNames(seed=seed)).names[0] for seed in seeds) == five
    assert trainer.ask(SampleNames(5, seed=1)).names != five
    assert all(len(name) <= 3 for name in trainer.ask(SampleNames(20, seed=1, longest=3)).names)
    assert "." not in "".join(five)


def test_parameters_are_saved_and_loaded(trainer: Trainer) -> None:
    trainer.run(100)
    saved = trainer.parameters()
    names, loss = trainer.ask(SampleNames(5, seed=3)).names, trainer.ask(EvaluateSplits()).val
    trainer.begin(9)
    assert not torch.equal(trainer.parameters()["W1"], saved["W1"])
    trainer.ask(LoadParameters({name: pack(value) for name, value in saved.items()}, 100))
    assert trainer.ask(SampleNames(5, seed=3)).names == names
    assert trainer.ask(EvaluateSplits()).val == loss
    with pytest.raises(Refused, match="`C` is"):
        trainer.ask(LoadParameters({name: pack(value[:1]) for name, value in saved.items()}, 100))


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker(Role.TRAINER)
    made.request(opening(), 60)
    yield made
    made.close()


@pytest.mark.processes
def test_it_trains_in_a_process_of_its_own(worker: Worker, autograd: torch.Tensor) -> None:
    worker.request(BeginTraining(120, answers()), 60)
    reply = worker.request(TrainSteps(120), 60)
    assert close(unpack(reply.losses), autograd)
    assert reply.engine is Engine.EAGER


@pytest.mark.skipif(sys.platform != "linux", reason="reads another process's limits")
@pytest.mark.processes
def test_that_process_makes_way_for_others_and_has_bounded_memory(worker: Worker) -> None:
    import resource

    assert os.getpriority(os.PRIO_PROCESS, worker.pid) == min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19)
    assert resource.prlimit(worker.pid, resource.RLIMIT_AS)[1] != resource.RLIM_INFINITY
