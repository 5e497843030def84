"""Training on a person's own backward pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.recording.packing import pack, unpack
from ninja_tui.engine.workers.client import Role, Worker
from tests.engine.training_support import ANSWERS, DOUBLE_LOOP, MINIBATCH, Trainer, answers, opening


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    return Trainer()


@pytest.fixture(scope="module")
def autograd(trainer: Trainer) -> torch.Tensor:
    return trainer.run(backward="autograd", answers=[])


def close(one: torch.Tensor, other: torch.Tensor) -> bool:
    return len(one) == len(other) and float((one - other)[:100].abs().max()) < 1e-5


def test_it_learns(autograd: torch.Tensor) -> None:
    assert autograd[-10:].mean() < autograd[:10].mean() - 0.3


def test_manual_and_autograd_runs_agree(trainer: Trainer, autograd: torch.Tensor) -> None:
    assert close(trainer.run(), autograd)


def test_a_training_in_parts_is_the_training(trainer: Trainer, autograd: torch.Tensor) -> None:
    trainer.ask("begin", steps=120, answers=answers())
    parts = [trainer.tensors("advance", count=count)["losses"] for count in (1, 50, 500)]
    assert [len(part) for part in parts] == [1, 50, 69]
    assert close(torch.cat(parts), autograd)


@pytest.mark.parametrize("node", ["C", "hprebn", "logits"])
def test_autograd_stands_in_for_an_answer_that_is_missing(trainer: Trainer, autograd: torch.Tensor, node: str) -> None:
    assert close(trainer.run(answers=answers(**{node: ""}), replaced=[node]), autograd)
    begun = trainer.ask("begin", steps=9, answers=answers(**{node: ""}), replaced=[node])
    assert begun["backward"] == "mixed"


def test_autograd_stands_in_for_an_answer_that_is_wrong_or_raises(trainer: Trainer, autograd: torch.Tensor) -> None:
    wrong = answers(h="dh = -dlogits @ W2.T", C="lost = demb.nothing\ndC = lost * 2")
    assert close(trainer.run(answers=wrong, replaced=["h", "C"]), autograd)


def test_a_parameter_without_a_gradient_is_told_before_the_first_step(trainer: Trainer) -> None:
    with pytest.raises(Refused, match="dW1, db1"):
        trainer.ask("begin", steps=9, answers=answers(W1="", b1=""))


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
    begun = trainer.ask("begin", steps=9, answers=answers(b1="db1 = dhprebn.sum(0, keepdim=True)"))
    assert begun["reshaped"] == ["b1"]
    assert close(trainer.run(answers=answers(b1="db1 = dhprebn.sum(0, keepdim=True)")), autograd)


def test_nan_is_named_with_its_step_and_tensor(trainer: Trainer) -> None:
    spoil = ANSWERS["hpreact"] + "\ndhpreact = dhpreact / (loss > 0.0).float()"
    zero = "dbngain = (bnraw * dhpreact).sum(0, keepdim=True)\ndbngain = dbngain / (bnbias.mean() * 0)"
    trainer.ask("begin", steps=100, answers=answers(hpreact=spoil, bngain=zero, hprebn=ANSWERS["hprebn"]))
    stopped = trainer.ask("advance", count=100)["stopped"]
    assert (stopped["step"], stopped["name"], stopped["part"]) == (0, "dbngain", "answers")
    assert "bnbias.mean() * 0" in stopped["code"]


def test_numbers_that_grow_without_end_are_named_where_they_began(trainer: Trainer) -> None:
    grow = answers(b2="db2 = -1e6 * (b2.abs() + 1) ** 2")
    trainer.ask("begin", steps=100, answers=grow)
    reply = trainer.ask("advance", count=100)
    stopped = reply["stopped"]
    assert stopped["name"] in {"db2", "b2"}
    assert 0 < stopped["step"] < 10
    assert reply["step"] <= stopped["step"] + 2
    assert all(bool(torch.isfinite(each).all()) for each in trainer.tensors("save").values())


@pytest.mark.parametrize(
    "code", ["dh = dlogits @ W3.T", "dh = dlogits @ W2", "raise SystemExit", "import nothing\ndh = 1"]
)
def test_an_answer_that_raises_is_told_with_its_line(trainer: Trainer, code: str) -> None:
    stopped = trainer.ask("begin", steps=9, answers=answers(h=code))["stopped"]
    assert (stopped["step"], stopped["part"], stopped["line"]) == (0, "answers", 4)
    assert stopped["message"]


@pytest.mark.parametrize(
    "code",
    ["from torch import *\ndh = dlogits @ W2.T", "dh = " + "+".join(["dlogits @ W2.T"] * 3000), "dh = 'x'", "dh = ("],
)
def test_code_that_cannot_train_is_refused_or_told(trainer: Trainer, code: str) -> None:
    given = [[ANSWERS["logits"], 1], [code, 5]] + [[text, 9] for text in list(ANSWERS.values())[2:]]
    try:
        assert trainer.ask("begin", steps=9, answers=given)["stopped"]
    except Refused as refused:
        assert "\n" not in str(refused)


def test_a_gradient_that_fits_in_no_way_is_told(trainer: Trainer) -> None:
    stopped = trainer.ask("begin", steps=9, answers=answers(b2="db2 = dlogits.sum(1)"))["stopped"]
    assert stopped["message"] == "RuntimeError: db2 is (32,), and b2 is (27,)"
    assert trainer.ask("advance", count=9)["step"] == 0


def test_an_answer_that_raises_later_is_told_with_its_step(trainer: Trainer) -> None:
    late = "calls.append(1)\nif len(calls) > 9:\n    raise ValueError('late')\ndh = dlogits @ W2.T"
    trainer.ask(
        "begin",
        steps=60,
        answers=[["import builtins\nbuiltins.calls = getattr(builtins, 'calls', [])", 1], *answers(h=late)],
    )
    reply = trainer.ask("advance", count=60)
    stopped = reply["stopped"]
    assert stopped["message"] == "ValueError: late"
    assert stopped["code"].startswith("if len(calls)")
    assert stopped["line"] == 6
    assert stopped["step"] == 8


def test_minibatches_drawn_ahead_are_those_drawn_one_by_one(trainer: Trainer, autograd: torch.Tensor) -> None:
    assert trainer.ask("begin", steps=9, answers=answers())["drawn_ahead"]
    plain = Trainer(MINIBATCH.replace("torch.randint(", "(torch.randint)("))
    other = Trainer(MINIBATCH.replace("ix = torch", "ix = 0 + torch"))
    assert close(plain.run(), autograd)
    assert torch.equal(other.run(), trainer.run())
    assert not other.ask("begin", steps=9, answers=answers())["drawn_ahead"]


@pytest.mark.parametrize("cell", [
    MINIBATCH + "Xb = Xb[torch.randperm(batch_size, generator=g)].sort(0).values\n",
    "def draw():\n    return torch.randint(0, 9, (1,), generator=g)\nix = draw()\n" + MINIBATCH,
    MINIBATCH + "ix = ix + 1\n",
])  # fmt: skip
def test_a_minibatch_cell_of_another_form_runs_as_it_stands(cell: str) -> None:
    other = Trainer(cell)
    begun = other.ask("begin", steps=9, backward="autograd")
    assert not begun["drawn_ahead"]
    assert len(other.run(5, backward="autograd")) == 5


def test_the_batch_size_can_be_chosen(trainer: Trainer) -> None:
    trainer.run(20, batch_size=8)
    assert trainer.ask("check", nodes=["hprebn"])["nodes"][0]["expected_shape"] == [8, 20]
    assert trainer.ask("check", nodes=["hprebn"])["nodes"][0]["ok"]


def test_the_learning_rate_is_the_chosen_one_and_drops_at_half(trainer: Trainer) -> None:
    trainer.ask("begin", steps=10, answers=answers(), rates=[0.2, 0.05])
    assert [trainer.ask("advance", count=1)["rate"] for _ in range(10)] == [0.2] * 5 + [0.05] * 5
    trainer.ask("begin", steps=10, answers=answers())
    assert [trainer.ask("advance", count=5)["rate"] for _ in range(2)] == [0.1, 0.01]


def test_the_check_finds_what_is_wrong_missing_or_raises(trainer: Trainer) -> None:
    given = answers(h="dh = -dlogits @ W2.T", b2="db2 = nothing", C="", b1="db1 = dhprebn.sum(0, keepdim=True)")
    trainer.ask("begin", steps=9, answers=given, replaced=["h", "b2", "C"])
    found = {each["node"]: each for each in trainer.ask("check", nodes=list(ANSWERS))["nodes"]}
    assert {node for node, each in found.items() if not each["ok"]} == {"h", "b2", "C"}
    assert found["h"]["relative"] == pytest.approx(2.0)
    assert "NameError" in found["b2"]["error"]
    assert found["C"]["missing"]
    assert found["W2"]["chained"]
    assert found["W1"]["ok"] and not found["W1"]["chained"]
    assert found["b1"]["shape"] == [1, 20]


def test_check_and_profile_train_nothing(trainer: Trainer, autograd: torch.Tensor) -> None:
    trainer.ask("begin", steps=120, answers=answers())
    trainer.ask("check")
    trainer.ask("profile", count=3)
    assert close(trainer.tensors("advance", count=120)["losses"], autograd)


def test_the_profile_marks_the_persons_statements(trainer: Trainer) -> None:
    trainer.ask("begin", steps=9, answers=answers(C=DOUBLE_LOOP))
    statements: list[dict[str, Any]] = trainer.ask("profile", count=5)["statements"]
    (loop,) = [each for each in statements if each["code"].startswith("for k in range")]
    assert loop["yours"]
    assert loop["seconds"] > 3 * sorted(each["seconds"] for each in statements)[len(statements) // 2]
    assert [each["part"] for each in statements if not each["yours"]] == ["minibatch"] * 2 + ["forward"] * 11 + [
        "update"
    ]
    assert {each["line"] for each in statements if each["yours"]} >= {1, 2, 3}


def test_losses_of_whole_splits(trainer: Trainer) -> None:
    trainer.ask("begin", steps=150, answers=answers())
    before = trainer.ask("evaluate")
    trainer.ask("advance", count=150)
    after = trainer.ask("evaluate")
    assert after["train"] < before["train"] - 0.2 and after["val"] < before["val"] - 0.2


def test_sampling_is_deterministic_and_goes_on(trainer: Trainer) -> None:
    trainer.run(100)
    seed = 2147483647 + 10
    five = trainer.ask("sample", count=5, seed=seed)["names"]
    one_by_one = [trainer.ask("sample", seed=seed if number == 0 else None)["names"][0] for number in range(5)]
    assert one_by_one == five
    assert trainer.ask("sample", count=5, seed=1)["names"] != five
    assert all(len(name) <= 3 for name in trainer.ask("sample", count=20, seed=1, longest=3)["names"])
    assert "." not in "".join(five)


def test_parameters_are_saved_and_loaded(trainer: Trainer) -> None:
    trainer.run(100)
    saved = trainer.tensors("save")
    names, loss = trainer.ask("sample", count=5, seed=3)["names"], trainer.ask("evaluate")["val"]
    trainer.ask("begin", steps=9, answers=answers())
    assert not torch.equal(trainer.tensors("save")["W1"], saved["W1"])
    trainer.ask("load", {name: pack(value) for name, value in saved.items()}, step=100)
    assert trainer.ask("sample", count=5, seed=3)["names"] == names
    assert trainer.ask("evaluate")["val"] == loss
    with pytest.raises(Refused, match="`C` is"):
        trainer.ask("load", {name: pack(value[:1]) for name, value in saved.items()})


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker(Role.TRAINER)
    made.request(opening())
    yield made
    made.close()


@pytest.mark.processes
def test_it_trains_in_a_process_of_its_own(worker: Worker, autograd: torch.Tensor) -> None:
    worker.request({"do": "begin", "steps": 120, "answers": answers()})
    answer = worker.request({"do": "advance", "count": 120}, timeout=60)
    assert close(unpack(answer.tensors["losses"]), autograd)
    assert answer.body["engine"] == "eager"
