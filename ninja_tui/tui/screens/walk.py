"""The one screen of the walk: panes, and what the commands do to the session."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Footer, Static

from ninja_tui.engine import desk as news
from ninja_tui.engine.verdict import Upstream, Verdict
from ninja_tui.lesson.annotate import read_slices
from ninja_tui.lesson.answers import Completeness, binds, completeness
from ninja_tui.lesson.read import read_text
from ninja_tui.lesson.solutions import SavedAnswer, Solutions, tidy
from ninja_tui.tui import words
from ninja_tui.tui.commands import COMMANDS
from ninja_tui.tui.history import History
from ninja_tui.tui.screens.find import FindScreen
from ninja_tui.tui.screens.help import HelpScreen
from ninja_tui.tui.screens.slicing import SliceScreen
from ninja_tui.tui.session import CYCLE, Entry, Phase, Session, View
from ninja_tui.tui.widgets.card import CardPane
from ninja_tui.tui.widgets.gradients import GradientsPane
from ninja_tui.tui.widgets.node import NodePane
from ninja_tui.tui.widgets.prompt import AnswerInput, Live, PromptPane
from ninja_tui.tui.widgets.source import SourcePane
from ninja_tui.tui.widgets.train import TrainPane

SMALLEST = (60, 18)
WIDE = (110, 34)
SLOW = 0.3
"""Seconds after which a running answer is said to be running."""
PANES = ("node", "card", "gradients", "train")
NEXT_UPSTREAM = {
    Upstream.PASSING: Upstream.YOURS,
    Upstream.YOURS: Upstream.REFERENCE,
    Upstream.REFERENCE: Upstream.PASSING,
}


class WalkScreen(Screen[None]):
    """Holds the session; it flows down to the panes, and their requests come up as messages."""

    BINDINGS = [
        Binding("enter", "enter", show=False),
        *(b for command in COMMANDS for b in command.bindings()),
    ]
    session: reactive[Session | None] = reactive(None)

    def __init__(self, desk: news.Desk, history: History, lesson: str, path: Path) -> None:
        super().__init__()
        self._desk, self._history = desk, history
        self._lesson_name, self._path = lesson, path
        self._state = "reading the lesson"
        self._pane = "node"
        self.add_class("pane-node")
        self._judging = ""
        self._drafts: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """Title, panes, footer; and the word for a terminal that is too small."""
        yield Static("", id="title")
        with Container(id="panes"):
            with Vertical(id="left"):
                yield SourcePane(id="source").data_bind(session=WalkScreen.session)
                yield GradientsPane(id="gradients").data_bind(session=WalkScreen.session)
            with Vertical(id="right"):
                yield NodePane(id="node").data_bind(session=WalkScreen.session)
                yield CardPane(id="card").data_bind(session=WalkScreen.session)
                yield TrainPane(id="train").data_bind(session=WalkScreen.session)
        yield PromptPane(id="prompt")
        yield Footer(show_command_palette=False)
        yield Static("", id="too-small")

    @property
    def ready(self) -> bool:
        """Whether the lesson has run."""
        return self.session is not None and self.session.facts is not None

    # What the terminal and the desk tell

    def on_mount(self) -> None:
        """No pane has the focus: the letters are the walk's."""
        self.set_focus(None)
        self._titled()

    def on_resize(self, event: events.Resize) -> None:
        """Chooses the layout; says so where there is no room for one."""
        width, height = event.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(small, "too-small")
        self.set_class(width < WIDE[0] or height < WIDE[1], "narrow")
        need = f"ninja-tui needs {SMALLEST[0]}×{SMALLEST[1]}; this terminal has {width}×{height}."
        self.query_one("#too-small", Static).update(Content(need))

    def hear(self, told: news.News) -> None:
        """Takes news from the desk into the session."""
        match told:
            case news.LessonRead(lesson, saved):
                self._state = "starting PyTorch"
                self.session = Session.begin(lesson, saved)
            case news.Opened(facts):
                self._state = ""
                if self.session is not None:
                    self.session = replace(self.session, facts=facts)
                    self._arrive()
            case news.Judged():
                self._hear_verdict(told)
            case news.Rechecked(verdicts) if self.session is not None:
                self.session = self.session.with_verdicts(verdicts)
                self._prepare()
            case news.Viewed(request, view):
                if self.session is not None and (self.session.tensor, self.session.view) == (
                    request["name"],
                    request["what"],
                ):
                    self.query_one(NodePane).view = view
            case news.NotSaved(node, reason):
                self._say(f"d{node} is not saved: {reason}", severity="error")
            case news.Failed(reason):
                self._say(reason, severity="error")
        self._titled()

    def _hear_verdict(self, told: news.Judged) -> None:
        session = self.session
        if session is None:
            return
        entry = session.entry(told.node)
        if entry.code == told.code and entry.verdict != told.verdict:
            session = self.session = session.with_entry(told.node, replace(entry, verdict=told.verdict))
        if session.node is None or session.node.name != told.node or told.code != tidy(self._input.text):
            return
        self._judging = ""
        self._show(told.verdict, words.on_judged(session, told))
        if session.view in (View.YOURS, View.DIFFERENCE):
            self.query_one(NodePane).ask()

    # What panes ask for

    def on_source_pane_chosen(self, message: SourcePane.Chosen) -> None:
        """A click on a statement: on the way back its node, otherwise the statement."""
        session = self.session
        if session is None:
            return
        nodes = [name for name in session.lesson.statements[message.index].binds if name in session.lesson.asks]
        backward = session.phase in (Phase.BACKWARD, Phase.FINISH) and nodes
        self._go(session.at_node(nodes[0]) if backward else session.at(message.index))

    def on_gradients_pane_chosen(self, message: GradientsPane.Chosen) -> None:
        """A row of the table."""
        if self.session is not None:
            self._go(self.session.at_node(message.node))

    def on_node_pane_wanted(self, message: NodePane.Wanted) -> None:
        """The node pane wants to know its tensor."""
        session = self.session
        if session is None or session.facts is None:
            return
        name, what = session.tensor, str(session.view)
        request: dict[str, Any] = {"name": name, "what": what, "frame": message.frame}
        self._desk.view({**request, "slices": read_slices(session.slices)})

    def on_prompt_pane_typed(self, message: PromptPane.Typed) -> None:
        """Judges what is typed, as soon as it is complete."""
        session = self.session
        if session is None or session.node is None:
            return
        self._drafts[session.node.name] = message.code
        self._judge(session, tidy(message.code))

    def on_answer_input_recall(self, message: AnswerInput.Recall) -> None:
        """Steps through the history."""
        code = self._history.step(message.step, self._input.text)
        if code is not None:
            self._input.set_code(code)

    def on_answer_input_submitted(self, message: AnswerInput.Submitted) -> None:
        """Keeps an answer: in the session, in the file, in the history. Unchanged and right, it goes on."""
        session, code = self.session, tidy(message.code)
        if session is None or session.node is None:
            return
        node = session.node
        state, word = completeness(code)
        if state is not Completeness.COMPLETE or not binds(code, node.gradient):
            self._show(None, word or f"the code must bind {node.gradient}")
            return
        entry = session.entry(node.name)
        if code == entry.code and entry.verdict is not None and entry.verdict.passed:
            self.action_on()
            return
        self._history.add(code)
        self.session = session.with_entry(node.name, Entry(code, None, entry.revealed, entry.hints))
        self._desk.save(node.name, SavedAnswer(code, entry.revealed), session.lesson.asks)
        self._judge(self.session, code)

    # Commands

    def action_on(self) -> None:
        """One step on."""
        self._move(1)

    def action_back(self) -> None:
        """One step back."""
        self._move(-1)

    def action_enter(self) -> None:
        """On the way forward a step on; at a node into its prompt."""
        if self.session is not None and self.session.node is not None:
            self.action_prompt()
        else:
            self.action_on()

    def action_turn(self) -> None:
        """To the turn."""
        if self.session is not None:
            self._go(self.session.at_turn())

    def action_hint(self) -> None:
        """One more hint."""
        session = self.session
        if session is None or session.node is None:
            self._say("hints are for the way back")
            return
        name = session.node.name
        entry, note = session.entry(name), session.lesson.notes.backward.get(name)
        if note is None or entry.hints >= len(note.hints):
            self._say("there is no further hint; F5 reveals the answer")
            return
        self.session = session.with_entry(name, replace(entry, hints=entry.hints + 1))
        self._show_pane("card")

    def action_reveal(self) -> None:
        """Shows the answer, and keeps in mind that it was shown."""
        session = self.session
        if session is None or session.node is None or session.lesson.solution is None:
            self._say("there is no answer to reveal here")
            return
        name = session.node.name
        entry = session.entry(name)
        if not entry.revealed:
            entry = replace(entry, revealed=True)
            self.session = session.with_entry(name, entry)
            self._desk.save(name, SavedAnswer(entry.code, revealed=True), session.lesson.asks)
        self._show_pane("card")

    def action_view(self) -> None:
        """The tensor, your gradient, its difference."""
        session = self.session
        if session is not None and session.node is not None:
            self.session = replace(session, view=CYCLE[session.view])
            self._show_pane("node")

    def action_autograd(self) -> None:
        """Autograd's own gradient, and back."""
        session = self.session
        if session is not None and session.node is not None:
            shown = View.VALUE if session.view is View.AUTOGRAD else View.AUTOGRAD
            self.session = replace(session, view=shown)
            self._show_pane("node")

    def action_upstream(self) -> None:
        """Whose upstream gradients are used."""
        if self.session is not None:
            self.session = replace(self.session, upstream=NEXT_UPSTREAM[self.session.upstream])
            self._say(f"upstream gradients: {self.session.upstream}")
            self._arrive()

    def action_slice(self) -> None:
        """Asks for a slice of the tensor in sight."""
        session = self.session
        if session is None:
            return

        def take(slices: str | None) -> None:
            if slices is not None and self.session is not None:
                self.session = replace(self.session, slices=slices)
                self._show_pane("node")

        self.app.push_screen(SliceScreen(session.tensor, session.slices), take)

    def action_pane(self) -> None:
        """The next pane: shown, where not all are in sight, and with the focus for its arrow keys."""
        if not self.has_class("narrow"):
            self.focus_next("GradientsPane, NodePane, CardPane, AnswerInput")
            return
        self._show_pane(PANES[(PANES.index(self._pane) + 1) % len(PANES)])

    def action_find(self) -> None:
        """Asks where to go."""

        def take(position: int | None) -> None:
            if position is not None and self.session is not None:
                self._go(self.session.at(position))

        if self.session is not None:
            self.app.push_screen(FindScreen(self.session.lesson), take)

    def action_prompt(self) -> None:
        """Gives the keys to the prompt."""
        if self.session is not None and self.session.node is not None:
            self._input.focus()

    def action_walk(self) -> None:
        """Gives the keys back to the walk."""
        self.set_focus(None)

    def action_newline(self) -> None:
        """A new line in the prompt."""
        if self._input.has_focus:
            self._input.new_line()

    def action_copy_answer(self) -> None:
        """Copies the code in the prompt to the clipboard (OSC 52)."""
        self.app.copy_to_clipboard(self._input.text)
        self._say("copied")

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen())

    # Inside

    @property
    def _input(self) -> AnswerInput:
        return self.query_one(PromptPane).input

    def _move(self, steps: int) -> None:
        if self.session is not None:
            self._go(self.session.moved(steps))

    def _go(self, session: Session) -> None:
        self.session = session
        self._arrive()
        if session.phase is Phase.FINISH:
            self._desk.recheck()

    def _arrive(self) -> None:
        """Fits the prompt to the place, and has the desk make ready for it."""
        session = self.session
        if session is None:
            return
        prompt = self.query_one(PromptPane)
        self._titled()
        if session.node is None:
            prompt.border_title = "Prompt"
            self._input.set_code("")
            self._input.disabled = True
            self.set_focus(None)
            prompt.live = Live(word=words.way_on(session))
            return
        node = session.node.name
        self._input.disabled = False
        prompt.border_title = Content(f"Prompt · {session.node.gradient}")
        self._input.names = words.names_for(session)
        self._prepare()
        code = self._drafts.get(node) or session.entry(node).code or f"{session.node.gradient} = "
        self._input.set_code(code)
        self._input.focus()
        self._judge(session, tidy(code))

    def _prepare(self) -> None:
        session = self.session
        if session is not None and session.node is not None and session.facts is not None:
            self._desk.prepare(session.node.name, session.upstream, session.verdicts())

    def _judge(self, session: Session, code: str) -> None:
        node = session.node
        if node is None:
            return
        state, word = completeness(code)
        self._judging = ""
        if state is not Completeness.COMPLETE:
            self._show(None, word)
        elif not binds(code, node.gradient):
            self._show(None, f"the code must bind {node.gradient}")
        elif session.facts is None:
            self._show(None, "PyTorch is starting; this is judged as soon as it is there")
        else:
            self._judging = code
            self._desk.judge(node.name, code)
            self.set_timer(SLOW, lambda: self._still_running(code))

    def _still_running(self, code: str) -> None:
        prompt = self.query_one(PromptPane)
        if self._judging == code:
            prompt.live = replace(prompt.live, running=True, word="")

    def _show(self, verdict: Verdict | None, word: str) -> None:
        session = self.session
        if session is not None and session.node is not None:
            shapes = session.facts.shapes if session.facts else {}
            self.query_one(PromptPane).live = Live(shapes.get(session.node.name), verdict, word)

    def _show_pane(self, pane: str) -> None:
        self._pane = pane
        for other in PANES:
            self.set_class(other == pane, f"pane-{other}")
        if self.has_class("narrow") and not self._input.has_focus:
            self.query_one(f"#{pane}").focus()

    def _say(self, text: str, severity: str = "information") -> None:
        self.notify(text, severity="error" if severity == "error" else "information", markup=False)

    def _titled(self) -> None:
        self.query_one("#title", Static).update(words.title(self.session, self._lesson_name, self._state))

    def watch_session(self, session: Session | None) -> None:
        """What is revealed goes to the card."""
        if session is None or session.node is None or session.lesson.solution is None:
            return
        if session.entry(session.node.name).revealed:
            saved = Solutions(read_text(session.lesson.solution, "the solution"), "solution.py", session.lesson.name)
            answer = saved.answers(session.lesson.name, session.lesson.asks).get(session.node.name)
            self.query_one(CardPane).revealed_code = answer.code if answer else ""
