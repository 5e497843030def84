"""Questions on the way forward: the shape that a person types, and what the prompt and the card say of it."""

from __future__ import annotations

import re

from textual.content import Content

from ninja_tui.lesson.syntax.shape_reasons import shape_reason
from ninja_tui.lesson.syntax.shapes import pieces
from ninja_tui.tui.feedback import Feedback, Tone
from ninja_tui.tui.session import Phase, Session, Shape
from ninja_tui.tui.style import shape_style
from ninja_tui.tui.texts import lessons, next_steps

CHARACTERS = frozenset("0123456789()[], ")
"""What a shape is typed with."""
LONGEST = 40
"""Characters that an answer has at most."""
VEIL = "…"


def parse_shape(text: str) -> Shape:
    """``32, 1``, ``(32,1)``, ``32 1`` or ``[32, 1]``; ``()`` for a single number. Raises ValueError with a sentence."""
    sizes = re.sub(r"[()\[\],]", " ", text).split()
    if not all(size.isdecimal() for size in sizes) or not (sizes or re.fullmatch(r"\s*(\(\s*\)|\[\s*\])\s*", text)):
        raise ValueError("a shape is its sizes, such as 32, 1; a single number has ()")
    return tuple(map(int, sizes))


def edited(typed: str, key: str, character: str | None) -> str | None:
    """What is typed of an answer after another key; None where the key is none of an answer's."""
    if key == "backspace":
        return typed[:-1]
    if key == "ctrl+u":
        return ""
    if character is None or character not in CHARACTERS or "alt+" in key or not (typed or character.strip()):
        return None
    return (typed + character)[:LONGEST]


def pasted(typed: str, text: str) -> str:
    """What is typed of an answer after a paste, of which a shape's characters are left."""
    return (typed + "".join(filter(CHARACTERS.__contains__, text)))[:LONGEST]


def asking(session: Session, typed: str = "", *, problem: str = "") -> Feedback:
    """The question with what is typed of the answer, the statement, and the keys or the ``problem``.

    At the first step there are the lessons below.
    """
    question = Content.assemble(
        "What shape will ", (session.tensor, "bold $text-accent"), " have?  ", (typed, "bold"), (" ", "reverse")
    )
    no_more = session.keymap.in_walk("questions")
    keys = f"type it (as 32, 1), or Enter shows it · {no_more}: no more questions"
    if typed:
        keys = "Enter answers · Esc clears"
    return Feedback(
        lead=(question, _statement(session)),
        message=problem or keys,
        tone=Tone.WARNING if problem else Tone.DIM,
        facts=lessons(session),
    )


def told(session: Session) -> Feedback:
    """Where nothing is asked: how the answer compares with the shape, if there was a question, and the keys."""
    asked = session.phase is Phase.FORWARD and session.questions and session.position in session.shape_answers
    if asked and session.tensor in session.shapes:
        return Feedback(lead=(_compared(session), _statement(session)), message=next_steps(session))
    return Feedback(message=next_steps(session), facts=lessons(session))


def _compared(session: Session) -> Content:
    """``it is (32, 1), not (32,): sum(1, keepdim=True) keeps axis 1 with size 1``."""
    assert session.statement is not None
    shape, answer = session.shapes[session.tensor], session.shape_answers[session.position]
    reason = shape_reason(session.statement.code, session.tensor, session.shapes)
    because = Content(f": {reason}" if reason else "")
    if answer is None:
        return Content.styled(f"{shape}{because.plain}", "dim")
    if answer == shape:
        return Content.assemble((f"✓ right, {shape}", Tone.GOOD.value), because)
    return Content.assemble("it is ", (str(shape), "bold"), f", not {answer}", because)


def veiled(session: Session, text: str) -> str:
    """``text`` on the current statement, without shapes that are a question, and the sizes that only its result has."""
    for shape in {*session.hidden.values()}:
        sizes = r"\s*,\s*".join(map(str, shape))
        text = re.sub(rf"[(\[]\s*{sizes}\s*,?\s*[)\]]", f"({VEIL})", text)
    read = session.statement.reads if session.statement is not None else ()
    known = {size for name in read for size in session.shapes.get(name, ())}
    for size in set(session.hidden.get(session.tensor, ())) - known:
        text = re.sub(rf"(?<![\w.]){size}(?!\.?\w)", VEIL, text)
    return text


def _statement(session: Session) -> Content:
    """The current statement on one line, with the shapes that are known."""
    assert session.statement is not None
    return Content.assemble(
        *(
            (re.sub(r"\s+", " ", piece.text), shape_style(piece.text) if piece.is_shape else "")
            for piece in pieces(session.statement.code, session.shapes)
        )
    )
