"""Messages between processes: what is sent arrives, and whatever else arrives is no message."""

from __future__ import annotations

import contextlib
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninja_tui.engine.protocol.answering import Bound, Compared, Outcome, Replayed, ReplayGradient, RunStatement
from ninja_tui.engine.protocol.judging import (
    Clobbered,
    Evidence,
    JudgeAnswer,
    LessonRun,
    Plan,
    PlannedTrial,
    PlanTrials,
    Reading,
)
from ninja_tui.engine.protocol.messages import Answered, Call, checked, decode, encode
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Path, Status, Verdict, Warning, Watched
from ninja_tui.engine.protocol.wire import Broken, Channel, TimedOut
from ninja_tui.formatting import LONGEST_LINE
from ninja_tui.lesson.syntax.code_error import CodeError

PAIR = TensorData("float32", (1, 2), b"12345678")
READING = Reading(("probs", "loss"), ("counts",), 3, multiplies=True, reads_grad=True)
MESSAGES = [
    Call(3, "RunStatement", 11),
    Answered(3, "no such file"),
    RunStatement("dh = 1", 7, ("dh",), ("dx",), ("dh",)),
    Outcome(
        "E", 2, "printed", {"dh": Bound("Tensor", PAIR)}, {"dh": READING}, ("dx",), ("h",), (Compared("h", "h", PAIR),)
    ),
    PlanTrials("h", READING),
    Plan((PlannedTrial(0, {"probs": PAIR}), PlannedTrial(2, {}))),
    ReplayGradient("dh", (PlannedTrial(1, {"probs": PAIR}),), "dh = 1"),
    Replayed((PAIR, None), ("", "E"), PAIR, PAIR),
    JudgeAnswer(
        Evidence(
            "h", READING, PAIR, (PAIR, None), ("", "E"), PAIR, PAIR,
            error="E", restored=PAIR, clobbered=(Clobbered("h", "x", "line 2"),),
        )
    ),
    Verdict(
        "h", Status.FAIL, (2, 3), 4, (3, 2), maxdiff=float("inf"), warnings=(Warning.SHAPE,),
        diagnosis=Diagnosis(Kind.TRANSPOSED, "sentence"), paths=(Path(("a", "b"), present=True),), chained=None,
        raised=CodeError("E", 2, 3, 4, "x / 0"), watched=Watched("float32", "", (2, 3), (1.0, 2.0)),
    ),
    LessonRun(
        2.5, None, "2.13", {"h": (2, 3)}, {"h": (2, 3), "torch": "module"}, ({"h": PAIR}, {}), (4,), {"s": (2.0, -1.0)},
        {"F": ("relu",)}
    ),
]  # fmt: skip


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_what_is_sent_arrives(message: object) -> None:
    assert checked(decode(encode(message), type(message))) == message


@given(st.binary(max_size=200))
def test_garbage_is_broken_or_by_chance_a_message(data: bytes) -> None:
    for kind in (Call, Answered, Outcome, Replayed, Plan, Verdict, LessonRun):
        try:
            assert isinstance(checked(decode(data, kind)), kind)
        except Broken:
            continue


@given(st.data())
def test_a_cut_or_changed_message_is_broken_or_of_the_right_types(data: st.DataObject) -> None:
    message = data.draw(st.sampled_from(MESSAGES))
    encoded = bytearray(encode(message))
    if data.draw(st.booleans()):
        del encoded[data.draw(st.integers(0, len(encoded) - 1)) :]
    else:
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Broken):
        assert isinstance(checked(decode(bytes(encoded), type(message))), type(message))


@pytest.mark.parametrize(
    "tensor",
    [
        TensorData("float32", (3,), b"abcd"),
        TensorData("object", (1,), b"abcdefgh"),
        TensorData("float32", (-1, -1), b"abcd"),
        TensorData("float32", (1,) * 65, b"abcd"),
        TensorData("float32", (10**9, 10**9), b""),
    ],
)
def test_a_tensor_whose_parts_do_not_go_together_is_broken(tensor: TensorData) -> None:
    with pytest.raises(Broken):
        checked(Outcome(gradients={"dh": Bound("Tensor", tensor)}))
    with pytest.raises(Broken):
        checked(Replayed((None, tensor), ("", "")))


def test_texts_that_arrive_are_fit_for_a_line_of_a_terminal() -> None:
    outcome = Outcome(error="\x1b[2J\ud800C[ix]", output="one\ntwo\x07", gradients={"\x9b": Bound("\x00")})
    arrived = checked(decode(encode(outcome), Outcome))
    assert (arrived.error, arrived.output) == ("�[2J?C[ix]", "one two�")
    assert arrived.gradients == {"�": Bound("�")}


def test_code_that_has_no_encoding_is_sent_with_its_lines() -> None:
    sent = decode(encode(RunStatement("x = '\ud800'\ny = 1", 1)), RunStatement)
    assert sent == RunStatement("x = '?'\ny = 1", 1)


def test_a_text_that_arrives_is_of_bounded_length() -> None:
    assert len(checked(Outcome(error="x" * 10_000_000)).error) == LONGEST_LINE


def test_a_channel_gives_up_on_a_reader_that_reads_nothing() -> None:
    reading, writing = os.pipe()
    other, _ = os.pipe()
    channel = Channel(other, writing)
    began = time.monotonic()
    with pytest.raises(TimedOut):
        channel.send(bytes(1 << 22), deadline=began + 0.2)
    assert time.monotonic() - began < 2
    os.close(reading)
    with pytest.raises(Broken):
        channel.send(b"more")


def test_a_channel_gives_up_on_a_writer_that_stops_in_the_middle() -> None:
    reading, writing = os.pipe()
    _, other = os.pipe()
    channel = Channel(reading, other)
    os.write(writing, (100).to_bytes(8, "little") + b"half")
    with pytest.raises(TimedOut):
        channel.receive(time.monotonic() + 0.1)
    os.close(writing)
    with pytest.raises(Broken):
        channel.receive(time.monotonic() + 0.1)


def test_a_frame_that_announces_more_than_any_memory_is_broken() -> None:
    reading, writing = os.pipe()
    channel = Channel(reading, os.dup(writing))
    os.write(writing, (1 << 60).to_bytes(8, "little"))
    with pytest.raises(Broken):
        channel.receive(time.monotonic() + 0.1)


def test_what_needs_no_cleaning_is_given_back_as_it_is() -> None:
    for message in MESSAGES:
        assert checked(message) is message


def test_only_what_is_unfit_for_a_terminal_is_cleaned() -> None:
    outcome = Outcome("\x1b[2J", 2, "fine", {"d\x07h": Bound("Tensor", PAIR)}, changed=("dx", "d\x00y"))
    clean = checked(outcome)
    assert (clean.error, clean.output, clean.changed) == ("\ufffd[2J", "fine", ("dx", "d\ufffdy"))
    assert clean.gradients == {"d\ufffdh": Bound("Tensor", PAIR)}
