"""The graph around the current tensor in a few lines: what it comes from, and its paths to the loss."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ninja_tui.lesson.graph_strip import Graph, Line, Part, Piece, graph_strip
from ninja_tui.lesson.model import Lesson
from ninja_tui.tui.session import Mark, Phase, Session

SIGNS = {Mark.OPEN: "", Mark.EXACT: "✓", Mark.APPROXIMATE: "✓", Mark.WRONG: "✗"}
COLOURS = {
    Mark.OPEN: "",
    Mark.EXACT: "$text-success",
    Mark.APPROXIMATE: "$text-success",
    Mark.WRONG: "$text-error",
}


class PathStrip(Widget):
    """One line to three; the way that the walk takes from the current tensor is lit."""

    DEFAULT_CSS = "PathStrip { height: 1; padding: 0 1; }"
    session: reactive[Session | None] = reactive(None, repaint=False)

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._lesson: Lesson | None = None
        self._graph: Graph | None = None
        self._strip = Content("")

    def watch_session(self) -> None:
        """Paints where something else is to be seen."""
        before = self._strip
        self._draw()
        if not self._strip.is_same(before):
            self.refresh()

    def on_resize(self) -> None:
        """Other tensors have room."""
        self._draw()
        self.refresh()

    def render(self) -> Content:
        """The strip."""
        return self._strip

    def _draw(self) -> None:
        session = self.session
        width, lines = self.content_size
        if session is None or not width:
            return
        if self._graph is None or session.lesson is not self._lesson:
            self._lesson, self._graph = session.lesson, Graph(session.lesson)
        self._strip = path_content(session, self._graph, width, lines)


def path_content(session: Session, graph: Graph, width: int, lines: int) -> Content:
    """The strip of ``graph`` at the session's place, in at most so many lines of at most so many columns."""
    strip = graph_strip(graph, session.tensor, lambda name: _label(session, name), width, lines)
    return Content("\n").join(_line(session, line) for line in strip)


def _label(session: Session, name: str) -> str:
    """``a=0.71 ∇0.36✓``: a single number has its value, and its gradient once the answer passes."""
    facts, sign = session.facts, SIGNS[_mark(session, name)]
    if name in session.hidden:
        return f"{name}{sign}"
    if facts is not None and facts.singles and name == session.lesson.loss:
        return f"{name}={facts.loss:.2g} ∇1"
    if facts is None or name not in facts.singles:
        return f"{name}{sign}"
    value, gradient = facts.singles[name]
    passed = sign == SIGNS[Mark.EXACT]
    return f"{name}={value:.2g}{f' ∇{gradient:.2g}' if passed else ''}{sign}"


def _mark(session: Session, name: str) -> Mark:
    return session.entry(name).mark if name in session.lesson.asks else Mark.OPEN


def _line(session: Session, line: Line) -> Content:
    return Content.assemble(*((piece.text, _style(session, piece)) for piece in line))


def _style(session: Session, piece: Piece) -> str:
    """What is done has its colour; the way is bold, and the rest dim."""
    colour = COLOURS[_mark(session, piece.node)] if piece.node else ""
    if piece.part is Part.CURRENT:
        return f"bold {colour or '$text-accent'} on $current-line"
    lit = Part.BEFORE if session.phase in (Phase.FORWARD, Phase.TURN) else Part.AFTER
    return f"bold {colour or '$text-accent'}" if piece.part is lit else f"dim {colour}".strip()
