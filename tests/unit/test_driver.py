"""What the app makes of the bytes that a terminal sends, whatever they are."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual import events
from textual.message import Message

from ninja_tui.tui.driver import Keyboard


def messages(*chunks: bytes) -> list[Message]:
    """What comes of bytes that are read one after another, and of a while without any."""
    keyboard = Keyboard()
    return [message for chunk in (*chunks, b"") for message in keyboard.read(chunk)]


def typed(*chunks: bytes) -> str:
    """The characters of the keys."""
    return "".join(each.character or "" for each in messages(*chunks) if isinstance(each, events.Key))


def test_text_comes_as_it_is_also_in_pieces() -> None:
    assert typed("dλ = ü".encode()) == "dλ = ü"
    assert typed(b"d\xce", b"\xbb") == "dλ"


@pytest.mark.parametrize("garbage", [b"\xe9", b"\xff\xfe", b"\x1b[M \xe9\xf0", b"\x1b[99999999999;5u", b"\xed\xa0\x80"])
def test_what_is_no_text_is_ignored_and_what_follows_is_not(garbage: bytes) -> None:
    assert typed(garbage, b"dC") == "dC"


def test_in_a_paste_what_is_no_text_is_left_out() -> None:
    (paste,) = messages(b"\x1b[200~a\xe9b\x1b[201~")
    assert isinstance(paste, events.Paste)
    assert paste.text == "ab"


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"\x1b[", b"\x1b[200~", b"\x1b[M", b"9;9u", b"~", b"\xe9"])))
@example([b"\x1b[1114112;1u"])
@example([b"\x1b[48;99999999999999999999;1;1;1t"])
def test_no_bytes_are_an_error_and_no_message_holds_what_cannot_be_written(chunks: list[bytes]) -> None:
    typed(*chunks).encode()
    for message in messages(*chunks):
        if isinstance(message, events.Paste):
            message.text.encode()
