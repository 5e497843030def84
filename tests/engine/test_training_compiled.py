"""Compiled training gives what eager training gives, or there is none."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.recording.packing import unpack
from ninja_tui.engine.training.codegen import compiled
from ninja_tui.engine.training.config import Backward, Engine
from ninja_tui.engine.training.messages import BeginTraining, OpenLesson, TrainSteps
from ninja_tui.engine.workers.client import Role, Worker
from ninja_tui.lesson.syntax.fragment import Fragment
from tests.engine.test_training import close
from tests.engine.training_support import ANSWERS, DOUBLE_LOOP, MINIBATCH, Trainer, answers, opening
from tests.helpers import NAMES, names_lesson, some_names

pytestmark = [pytest.mark.processes, pytest.mark.skipif(compiled.compiler() is None, reason="no C compiler")]


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    return Trainer()


def both(trainer: Trainer, **choices: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """The losses of 60 steps, eager and compiled; and it must have been compiled."""
    eager = trainer.run(60, engine=Engine.EAGER, **choices)
    begun = trainer.begin(60, engine=Engine.COMPILED, **choices)
    assert (begun.engine, begun.not_compiled) == (Engine.COMPILED, "")
    reply = trainer.ask(TrainSteps(60))
    assert (reply.engine, reply.stop) == (Engine.COMPILED, None)
    return eager, unpack(reply.losses)


@pytest.mark.parametrize(
    "choices",
    [{}, {"backward": Backward.AUTOGRAD, "answers": ()}, {"replaced": ("C", "hprebn")}, {"batch_size": 7}],
    ids=["manual", "autograd", "mixed", "batch of 7"],
)
def test_compiled_steps_are_the_eager_ones(trainer: Trainer, choices: dict[str, Any]) -> None:
    assert close(*both(trainer, **choices))


def test_parameters_come_out_the_same(trainer: Trainer) -> None:
    trainer.run(60, engine=Engine.EAGER)
    eager = trainer.parameters()
    trainer.run(60, engine=Engine.COMPILED)
    assert all(torch.allclose(each, eager[name], atol=1e-4) for name, each in trainer.parameters().items())


RIGHT = {
    "one-hot": {"C": "dC = torch.einsum('bti,bte->ie', F.one_hot(Xb, num_classes=C.shape[0]).float(), demb)"},
    "index_put_": {"C": "dC = torch.zeros_like(C)\ndC.index_put_((Xb,), demb, accumulate=True)"},
    "scatter_add_": {
        "C": "dC = torch.zeros_like(C)\nrows = Xb.view(-1, 1).expand(-1, C.shape[1])\n"
        "dC.scatter_add_(0, rows, demb.view(-1, C.shape[1]))"
    },
    "a short loop": {
        "C": "dC = torch.zeros_like(C)\nfor t in range(block_size):\n    dC.index_add_(0, Xb[:, t], demb[:, t])"
    },
    "addcmul": {"hpreact": "dhpreact = torch.addcmul(torch.ones_like(h), h, h, value=-1) * dh"},
    "exp and log": {
        "logits": "p = (logits - logits.max(1, keepdim=True).values).exp()\np = p / p.sum(1, keepdim=True)\n"
        "dlogits = p.log().exp()\ndlogits -= F.one_hot(Yb, num_classes=27)\ndlogits = dlogits / n"
    },
    "where": {"hpreact": "dhpreact = torch.where(h.abs() < 2, 1 - h.square(), torch.zeros(1)) * dh"},
    "views": {"b2": "db2 = torch.zeros_like(b2)\ndb2[:10] = dlogits.sum(0)[:10]\ndb2[10:] += dlogits.mean(0)[10:] * n"},
    "a constant": {"b1": "half = torch.tensor([0.5])\nhalf += 0.5\ndb1 = dhprebn.sum(0) * half"},
    "arange": {"logits": "dlogits = F.softmax(logits, 1)\ndlogits[torch.arange(n), Yb] -= 1\ndlogits /= n"},
    "another shape": {"b1": "db1 = dhprebn.sum(0, keepdim=True)"},
    "clamp": {"W2": "dW2 = (h.T @ dlogits).clamp(-9, 9.5)"},
    "dloss": {"logits": ANSWERS["logits"] + "\ndlogits *= dloss"},
}  # fmt: skip


@pytest.mark.parametrize("way", RIGHT)
def test_answers_of_many_forms_are_compiled(trainer: Trainer, way: str) -> None:
    assert close(*both(trainer, answers=answers(**RIGHT[way])))


@pytest.mark.parametrize("backward", [Backward.MANUAL, Backward.AUTOGRAD])
def test_the_chunked_network_is_compiled(backward: Backward) -> None:
    trainer = Trainer()
    code = LessonCode.of(names_lesson(), None, {"names.txt": some_names()})
    trainer.ask(OpenLesson(code))
    solution = (Fragment.at((NAMES / "solution.py").read_text(encoding="utf-8"), 1),)
    assert close(*both(trainer, answers=solution, backward=backward))


UNFIT = {
    "a loop over the batch": (DOUBLE_LOOP, "a single number"),
    "a value that is looked at": ("dC = torch.zeros_like(C).index_add_(0, Xb.view(-1), demb.view(-1, 4))\n"
                                  "dC *= 1.0 if float(dC.sum()) > -9 else 2.0", "a single number"),
    "double precision": ("dC = torch.zeros_like(C).double()\ndC.index_put_((Xb,), demb.double(), True)", "float64"),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNFIT)
def test_what_cannot_be_compiled_trains_eagerly_and_says_why(trainer: Trainer, kind: str) -> None:
    code, why = UNFIT[kind]
    begun = trainer.begin(60, engine=Engine.COMPILED, answers=answers(C=code))
    assert begun.engine is Engine.EAGER
    assert why in begun.not_compiled
    losses = trainer.train(60)
    assert close(losses, trainer.run(60, engine=Engine.EAGER))


def test_code_that_does_something_else_in_each_step_is_not_compiled(trainer: Trainer) -> None:
    counting = "import builtins\nbuiltins.turn = getattr(builtins, 'turn', 0) + 1\ndh = dlogits @ W2.T * (turn % 7)"
    begun = trainer.begin(60, engine=Engine.COMPILED, answers=answers(h=counting))
    assert begun.engine is Engine.EAGER


def test_a_minibatch_that_cannot_be_drawn_ahead_is_not_compiled() -> None:
    other = Trainer(MINIBATCH.replace("ix = torch", "ix = 0 + torch"))
    begun = other.begin(60, engine=Engine.COMPILED)
    assert (begun.engine, begun.not_compiled) == (Engine.EAGER, "the minibatch cannot be drawn ahead")


def test_without_a_compiler_it_trains_eagerly(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "compiler", lambda: None)
    begun = trainer.begin(60, engine=Engine.COMPILED)
    assert (begun.engine, begun.not_compiled) == (Engine.EAGER, "there is no C compiler")


def test_short_runs_are_not_compiled_unless_asked(trainer: Trainer) -> None:
    assert trainer.begin(200).engine is Engine.EAGER
    assert trainer.begin(200_000).engine is Engine.COMPILED


def test_numbers_that_grow_without_end_are_named_where_they_began(trainer: Trainer) -> None:
    grow = answers(b2="db2 = -1e6 * (b2.abs() + 1) ** 2")
    begun = trainer.begin(100, answers=grow, engine=Engine.COMPILED)
    stop = trainer.ask(TrainSteps(100)).stop
    assert begun.not_compiled or (stop is not None and stop.tensor in {"db2", "b2"})


def test_it_compiles_in_a_process_of_its_own(trainer: Trainer) -> None:
    worker = Worker(Role.TRAINER)
    try:
        worker.request(opening(), 60)
        begun = worker.request(BeginTraining(60, answers(), engine=Engine.COMPILED), 60)
        assert (begun.engine, begun.not_compiled) == (Engine.COMPILED, "")
        reply = worker.request(TrainSteps(60), 60)
        assert close(unpack(reply.losses), trainer.run(60, engine=Engine.EAGER))
    finally:
        worker.close()
