"""The lesson's note on the current step: what it is for; the question, shape and hints; what there is to notice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.reactive import reactive

from ninja_tui.lesson.catalogue import next_lesson
from ninja_tui.lesson.hints.question import question
from ninja_tui.lesson.model import Node
from ninja_tui.tui import own_functions
from ninja_tui.tui.keymap import either
from ninja_tui.tui.practice.texts import help_taken
from ninja_tui.tui.questions import veiled
from ninja_tui.tui.session import Phase, Session
from ninja_tui.tui.widgets.lines import LinesPane

_CODE = re.compile(r"`([^`]*)`")
ANSWER = "Answer"
"""The section that reveals the answer."""


@dataclass(frozen=True)
class Section:
    """A part of the card that begins on a line of its own. ``name`` tells it from the others."""

    name: str
    text: Content


def prose(text: str) -> Content:
    """``text`` as it is, with what stands in backticks highlighted."""
    parts: list[Content | tuple[str, str]] = []
    for number, part in enumerate(_CODE.split(text)):
        parts.append((part, "$text-accent") if number % 2 else Content(part))
    return Content.assemble(*parts)


class CardPane(LinesPane, can_focus=True):
    """The card of the current statement, of the turn, or of the current node, wrapped to the pane."""

    session: reactive[Session | None] = reactive(None, repaint=False)

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._wrapped: list[Content] = []
        self._begins: dict[str, int] = {}
        self._place: tuple[str, int] = ("", -1)
        self._sections: tuple[str, ...] = ()
        self._wanted: str | None = None

    def watch_session(self, session: Session | None) -> None:
        """Shows the card: in another place from its beginning, and what is new in it otherwise."""
        if session is None:
            return
        sections = card(session)
        names = tuple(section.name for section in sections)
        place = session.lesson.name, session.position
        new = [name for name in names if name not in self._sections]
        if place != self._place:
            self._wanted = names[0] if names else None
        elif new:
            self._wanted = new[0]
        self._place, self._sections = place, names
        self._show(sections)

    def bring_in_sight(self, section: str) -> None:
        """Scrolls to the section of that name, as soon as the pane is in sight."""
        if section in self._sections:
            self._wanted = section
            self._show()

    def on_resize(self) -> None:
        """Other lines have room."""
        self._show()

    def on_show(self) -> None:
        """What has come in the meantime is scrolled to."""
        self._show()

    def notify_style_update(self) -> None:
        """Another theme."""
        super().notify_style_update()
        self._show()

    def draw_line(self, index: int) -> Content:
        """One wrapped line."""
        return self._wrapped[index]

    def _show(self, sections: Sequence[Section] | None = None) -> None:
        """Wraps the card."""
        width = self.scrollable_content_region.width
        if self.session is None or not width:
            return
        sections = card(self.session) if sections is None else sections
        self._wrapped, self._begins = [], {}
        for section in sections:
            self._begins[section.name] = len(self._wrapped)
            self._wrapped += section.text.wrap(width)
        self.show_lines(len(self._wrapped), width)
        self._follow()

    def _follow(self) -> None:
        """Scrolls to the section that is wanted and what comes after it: to its first line, if not all has room."""
        if self._wanted is None:
            return
        name, self._wanted = self._wanted, None
        self.keep_in_sight(self._begins.get(name, 0), len(self._wrapped) - 1)


def card(session: Session) -> list[Section]:
    """The sections of the card."""
    notes = session.lesson.notes
    if session.phase is Phase.FORWARD:
        note = notes.forward.get(session.tensor, "") or "No note on this statement."
        intro = notes.intro if session.position == 0 and notes.intro else ""
        note, intro = (veiled(session, text) for text in (note, intro))
        functions = own_functions.sentences(session) if session.position == 0 else []
        told = "\n".join([*functions, own_functions.REFERENCE]) if functions else ""
        return _sections(("Functions of your own", told), ("", note), ("This lesson", intro))
    if session.phase is Phase.TURN:
        return _sections(("", notes.turn or "Here the walk turns round: from the loss back."))
    if session.node is None and session.practice is not None:
        asked = session.lesson.asks[0]
        entry = session.entry(asked)
        text = help_taken(session.lesson.gradients[asked], entry.hints, revealed=entry.revealed)
        return _sections(("", text), ("Notice", session.note(asked).notice if session.passed else ""))
    if session.node is None:
        return _sections(("", finish(session)))
    return _of_node(session, session.node)


def _of_node(session: Session, node: Node) -> list[Section]:
    """Question and shape, the hints that were asked for, the answer once it is revealed, and what to notice."""
    note, entry = session.note(node.name), session.entry(node.name)
    passed = entry.verdict is not None and entry.verdict.passed
    sections = _sections(("", question(session.lesson, node, session.shapes)), ("Shape", note.shape))
    sections += _sections(*((f"Hint {n}", hint) for n, hint in enumerate(note.hints[: entry.hints], 1)))
    left = len(note.hints) - entry.hints
    if left > 0 and not entry.revealed and not passed:
        keys = either(session.keymap.in_walk("hint"), session.keymap.in_prompt("hint"))
        more = f"{left} more hint{'s' if left > 1 else ''}: {keys}"
        if node.name not in session.lesson.notes.backward:
            sized = session.practice is not None and session.practice.sizes
            why = "the lesson's own tell other sizes" if sized else "the lesson has no note on this node"
            more += f" (drawn from the operation: {why})"
        sections.append(Section("more", Content.styled(more, "dim")))
    if entry.revealed:
        sections += [Section(ANSWER, _answer(session.solution.get(node.name, ()))), *_sections(("Why", note.why))]
    return sections + (_sections(("Notice", note.notice)) if passed else [])


def _sections(*labelled: tuple[str, str]) -> list[Section]:
    """A section for each label and its text, if there is one."""
    return [Section(label, _labelled(label, text)) for label, text in labelled if text]


def _labelled(label: str, text: str) -> Content:
    return Content.assemble((f"{label}: ", "bold $text-primary"), prose(text)) if label else prose(text)


def _answer(forms: tuple[str, ...]) -> Content:
    """The form that people know, and the exact one if it is another."""
    lines: list[tuple[str, str]] = []
    for number, code in enumerate(forms):
        label = "The same, exact to the last bit" if number else ANSWER
        lines += [(f"{label}:\n", "bold $text-warning"), (f"{code}\n", "$text-accent")]
    return Content.assemble(*lines).rstrip()


def finish(session: Session) -> str:
    """What passes and what it took, what is still to do, and where it goes on from here."""
    lesson = session.lesson
    entries = [session.entry(node) for node in lesson.asks]
    revealed, hints = sum(entry.revealed for entry in entries), sum(entry.hints for entry in entries)
    parts = [f"{session.passed} of {len(lesson.asks)}"]
    parts += [f"{revealed} revealed"] * bool(revealed)
    parts += [f"{hints} hint{'s' * (hints > 1)}"] * bool(hints)
    count = ", ".join(parts)
    if session.not_passed:
        return f"{count}; still to do: {', '.join(f'`{node}`' for node in session.not_passed)}."
    following = next_lesson(session.catalogue, lesson.name)
    onward = f"; next: `{following.name}`" if following else ""
    whole = set(lesson.parameters) <= {*lesson.asks}
    yours = "This is the whole backward pass, and it is yours" if whole else "What this lesson asks for is yours"
    train, leave = session.keymap.in_walk("train"), session.keymap.in_walk("lessons")
    return f"{count}. `{train}` trains it{onward}.\n\nEvery gradient passes. {yours}. `{leave}` lists the lessons."
