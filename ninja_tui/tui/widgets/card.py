"""The lesson's note on the current step: purpose, maths, shapes, hints, and what to notice."""

from __future__ import annotations

import re

from textual.content import Content
from textual.reactive import reactive
from textual.strip import Strip
from textual.visual import Visual

from ninja_tui.tui.session import Mark, Phase, Session
from ninja_tui.tui.widgets.lines import LinesPane

_CODE = re.compile(r"`([^`]*)`")


def prose(text: str) -> Content:
    """``text`` as it is, with what stands in backticks highlighted."""
    parts: list[Content | tuple[str, str]] = []
    for number, part in enumerate(_CODE.split(text)):
        parts.append((part, "$text-accent") if number % 2 else Content(part))
    return Content.assemble(*parts)


class CardPane(LinesPane, can_focus=True):
    """The card of the current statement, of the turn, or of the current node, wrapped to the pane."""

    session: reactive[Session | None] = reactive(None)

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._wrapped: list[Strip] = []
        self._state: tuple[int, int, bool] = (-1, 0, False)

    def watch_session(self, session: Session | None) -> None:
        """Shows the card; after a new hint its end, otherwise its beginning."""
        if session is None:
            return
        self._wrap()
        entry = session.entry(session.tensor)
        state = (session.position, entry.hints, entry.revealed)
        if state != self._state:
            same_place = state[0] == self._state[0]
            self._state = state
            self.call_after_refresh(self.scroll_end if same_place else self.scroll_home, animate=False)

    def on_resize(self) -> None:
        """Other lines have room."""
        self._wrap()

    def notify_style_update(self) -> None:
        """Another theme."""
        super().notify_style_update()
        self._wrap()

    def draw_line(self, index: int) -> Strip:
        """One wrapped line; nothing below the last."""
        return self._wrapped[index] if index < len(self._wrapped) else Strip.blank(0)

    def _wrap(self) -> None:
        """Wraps the card. Where all of it has room its height stays the pane's: no layout follows."""
        width, height = self.scrollable_content_region.size
        if self.session is None or not width:
            return
        _, parts = card(self.session)
        text = Content("\n").join(parts)
        self._wrapped = Visual.to_strips(self, text, width, None, self.visual_style)
        self.show_lines(max(len(self._wrapped), height), width)


def card(session: Session) -> tuple[str, list[Content]]:
    """The title and the lines of the card."""
    notes = session.lesson.notes
    if session.phase is Phase.FORWARD:
        text = "\n\n".join(filter(None, (notes.forward.get(session.tensor, ""),)))
        if session.position == 0 and notes.intro:
            text = f"{notes.intro}\n\n{text}"
        return f"Card · {session.tensor}", [prose(text or "No note on this statement.")]
    if session.phase is Phase.TURN:
        return "Card · the turn", [prose(notes.turn or "Here the walk turns round: from the loss back.")]
    if session.node is None:
        return "Card · the finish", [prose(_finish(session))]
    note = session.note(session.node.name)
    entry = session.entry(session.node.name)
    title = f"Card · {session.node.gradient}"
    parts = [_labelled("Maths", note.maths), _labelled("Shape", note.shape)]
    if session.node.name not in notes.backward:
        parts.insert(0, Content.styled("drawn from the operation: the lesson has no note on this node", "dim"))
    parts += [_labelled(f"Hint {n}", hint) for n, hint in enumerate(note.hints[: entry.hints], 1)]
    left = len(note.hints) - entry.hints
    if left > 0 and not entry.revealed and not (entry.verdict and entry.verdict.passed):
        parts.append(Content.styled(f"{left} more hint{'s' if left > 1 else ''}: h or F4", "dim"))
    if entry.revealed:
        answer = session.solution.get(session.node.name, "")
        parts += [Content.styled("Answer", "bold $text-warning"), Content.styled(answer, "$text-accent")]
        parts.append(_labelled("Why", note.why))
    if entry.verdict is not None and entry.verdict.passed:
        parts.append(_labelled("Notice", note.notice))
    return title, [part for part in parts if part.plain]


def _labelled(label: str, text: str) -> Content:
    return Content.assemble((f"{label}: ", "bold $text-primary"), prose(text)) if text else Content("")


def _finish(session: Session) -> str:
    remaining = [node for node in session.lesson.asks if session.entry(node).mark in (Mark.OPEN, Mark.WRONG)]
    if not remaining:
        whole = (
            "this is the whole backward pass, and it is yours"
            if set(session.lesson.parameters) <= {*session.lesson.asks}
            else "what this lesson asks for is yours"
        )
        return f"Every gradient passes: {whole}. `g` trains the network on it."
    return f"The walk is over; still to do: {', '.join(f'`{node}`' for node in remaining)}."
