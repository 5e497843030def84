"""The one screen of the walk: panes, and what the commands do to the session."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import Footer, Static

from ninja_tui.engine import events as news
from ninja_tui.engine.backend import Desk
from ninja_tui.lesson.catalogue import LessonSummary
from ninja_tui.tui import texts as words
from ninja_tui.tui.answering import Answering
from ninja_tui.tui.commands import COMMANDS
from ninja_tui.tui.history import History
from ninja_tui.tui.screens.find import FindScreen
from ninja_tui.tui.screens.help import HelpScreen
from ninja_tui.tui.screens.lessons import LessonsScreen
from ninja_tui.tui.screens.paned import PanedScreen
from ninja_tui.tui.screens.slicing import SliceScreen
from ninja_tui.tui.session import NEXT_UPSTREAM, NEXT_VIEW, Phase, Session, View
from ninja_tui.tui.tensor_index import parse_index
from ninja_tui.tui.training.control import TrainControl
from ninja_tui.tui.training.form import Form
from ninja_tui.tui.training.pane import TrainPane
from ninja_tui.tui.training.state import TrainState
from ninja_tui.tui.widgets.card import CardPane
from ninja_tui.tui.widgets.gradients import GradientsPane
from ninja_tui.tui.widgets.node import NodePane
from ninja_tui.tui.widgets.prompt import AnswerInput, Live, PromptPane
from ninja_tui.tui.widgets.source import SourcePane

if TYPE_CHECKING:
    from ninja_tui.tui.training.screen import TrainScreen

SLOW = 0.3
"""Seconds after which a running answer is said to be running."""


class WalkScreen(PanedScreen):
    """Holds the session; it flows down to the panes, and their requests come up as messages."""

    BINDINGS = [
        Binding("enter", "enter", show=False),
        *(b for command in COMMANDS for b in command.bindings()),
    ]
    session: var[Session | None] = var(None)  # a reactive would paint the whole screen anew, and not its panes alone
    training: var[TrainState] = var(TrainState())

    class LessonChosen(Message):
        """Another lesson is to be opened."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, desk: Desk, history: History, lesson: str) -> None:
        super().__init__()
        self._desk = desk
        self._answering = Answering(desk, history)
        self._train = TrainControl(desk, self._trained)
        self._form: Form | None = None
        self._train_screen: TrainScreen | None = None
        self._shown_name = Path(lesson).name
        self._state = "reading the lesson"
        self._shelf: tuple[LessonSummary, ...] = ()

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
                yield TrainPane(id="train").data_bind(WalkScreen.session, WalkScreen.training)
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

    def hear(self, told: news.News) -> None:
        """Takes news from the desk into the session; after the last frame there is nobody to tell."""
        if not self.query(PromptPane):
            return
        if isinstance(told, news.Training):
            self._train.hear(told)
            return
        match told:
            case news.LessonRead(lesson, saved, solution):
                self._state = "starting PyTorch"
                self._go(replace(Session.begin(lesson, saved, solution), shelf=self._shelf))
            case news.Shelf(lessons):
                self._shelf = lessons
                if self.session is not None:
                    self.session = replace(self.session, shelf=lessons)
                    if self.session.node is None:
                        self._prompt.live = Live(word=words.way_on(self.session))
            case news.Opened(facts) if self.session is not None:
                self._state = ""
                self._go(replace(self.session, facts=facts))
            case news.Judged() if self.session is not None:
                self.session, live = self._answering.heard(self.session, told, self._input.text)
                if live is not None:
                    self._prompt.live = live
                    if self.session.view in (View.YOURS, View.DIFFERENCE):
                        self.query_one(NodePane).ask()
            case news.Rechecked(verdicts) if self.session is not None:
                self.session = self.session.rechecked(verdicts)
                self._answering.prepare(self.session)
            case news.Viewed(request, view) if self.session is not None:
                if (self.session.tensor, self.session.view) == (request["name"], request["what"]):
                    self.query_one(NodePane).view = view
            case news.Saved(node, _):
                self._answering.saved(node)
            case news.NotSaved(node, reason):
                self._answering.not_saved(node)
                self._say(f"d{node} is not saved: {reason}", severity="error")
            case news.Failed(reason):
                self._say(reason, severity="error")
        self._titled()

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
        if session is not None and session.facts is not None:
            request: dict[str, Any] = {"name": session.tensor, "what": str(session.view), "frame": message.frame}
            self._desk.view({**request, "slices": parse_index(session.slices)})

    def on_prompt_pane_typed(self, message: PromptPane.Typed) -> None:
        """Another code in the prompt."""
        self._typed(message.code)

    def on_answer_input_recall(self, message: AnswerInput.Recall) -> None:
        """Steps through the history."""
        code = self._answering.recalled(message.step, self._input.text)
        if code is not None:
            self._input.set_code(code)

    def on_answer_input_submitted(self, message: AnswerInput.Submitted) -> None:
        """Enter on complete code."""
        if self.session is None:
            return
        outcome = self._answering.submitted(self.session, message.code)
        if outcome.goes_on:
            self.action_on()
            return
        self.session = outcome.session
        if outcome.live is not None:
            self._prompt.live = outcome.live

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
        hinted = session.hinted(session.node.name)
        if hinted is None:
            self._say("there is no further hint; F5 reveals the answer")
            return
        self.session = hinted
        self.show_pane("card")

    def action_reveal(self) -> None:
        """Shows the answer, and keeps in mind that it was shown."""
        session = self.session
        if session is None or session.node is None or session.node.name not in session.solution:
            self._say("there is no answer to reveal here")
            return
        self.session = self._answering.reveal(session, session.node)
        self.show_pane("card")

    def action_view(self) -> None:
        """The tensor, your gradient, its difference."""
        if self.session is not None and self.session.node is not None:
            self._look(NEXT_VIEW[self.session.view])

    def action_autograd(self) -> None:
        """Autograd's own gradient, and back."""
        if self.session is not None and self.session.node is not None:
            self._look(View.VALUE if self.session.view is View.AUTOGRAD else View.AUTOGRAD)

    def action_worst(self) -> None:
        """The worst element of the difference."""
        if self.session is not None and self.session.node is not None:
            self._look(View.DIFFERENCE)
            self.query_one(NodePane).seek_worst()

    def action_upstream(self) -> None:
        """Whose upstream gradients are used."""
        if self.session is not None:
            upstream = NEXT_UPSTREAM[self.session.upstream]
            self._say(f"upstream gradients: {upstream}")
            self.session = replace(self.session, upstream=upstream)
            self._answering.prepare(self.session)
            self._typed(self._input.text)

    def action_slice(self) -> None:
        """Asks for a slice of the tensor in sight."""

        def take(slices: str | None) -> None:
            if slices is not None and self.session is not None:
                self.session = replace(self.session, slices=slices)
                self.show_pane("node")

        if self.session is not None:
            self.app.push_screen(SliceScreen(self.session.tensor, self.session.slices), take)

    def action_find(self) -> None:
        """Asks where to go."""

        def take(position: int | None) -> None:
            if position is not None and self.session is not None:
                self._go(self.session.at(position))

        if self.session is not None:
            self.app.push_screen(FindScreen(self.session.lesson), take)

    def action_train(self) -> None:
        """Where the network trains."""

        def take(form: Form | None) -> None:
            self._form = form or self._form

        from ninja_tui.tui.training.screen import TrainScreen  # its plot takes a quarter of a second to load

        session = self.session
        if session is not None:
            form = self._form or Form(session.lesson.number("steps", 10_000), session.lesson.number("batch_size", ""))
            self._train_screen = TrainScreen(self._train, session, form)
            self.app.push_screen(self._train_screen, take)

    def on_train_pane_opened(self) -> None:
        """A click on the pane."""
        self.action_train()

    def action_lessons(self) -> None:
        """Offers the lessons."""

        def take(name: str | None) -> None:
            if name is not None and self.session is not None and name != self.session.lesson.name:
                self.post_message(self.LessonChosen(name))

        if self.session is not None and self.session.shelf:
            self.app.push_screen(LessonsScreen(self.session), take)

    def action_prompt(self) -> None:
        """Gives the keys to the prompt."""
        if self.session is not None and self.session.node is not None:
            self._input.focus()

    def action_walk(self) -> None:
        """Gives the keys back to the walk."""
        self.set_focus(None)

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
        return self._prompt.input

    def _move(self, steps: int) -> None:
        if self.session is not None:
            self._go(self.session.moved(steps))

    def _go(self, session: Session) -> None:
        """Moves the session there, fits the prompt to the place, and has the desk make ready for it."""
        self.session = session
        self._titled()
        prompt, node = self._prompt, session.node
        self._input.disabled = node is None
        if node is None:
            prompt.border_title = "Prompt"
            self._input.set_code("")
            self.set_focus(None)
            prompt.live = Live(word=words.way_on(session))
            if session.phase is Phase.FINISH:
                self._desk.recheck()
            return
        prompt.border_title = Content(f"Prompt · {node.gradient}")
        self._input.names = words.names_for(session)
        self._answering.prepare(session)
        self._input.set_code(self._answering.text_for(session, node))
        self._input.focus()
        self._typed(self._input.text)

    def _typed(self, text: str) -> None:
        if self.session is None or self.session.node is None:
            return
        live = self._answering.typed(self.session, text)
        if live is not None:
            self._prompt.live = live
        else:
            self.set_timer(SLOW, lambda: self._still_running(text))

    def _still_running(self, text: str) -> None:
        if self._answering.awaits(text):
            self._prompt.live = replace(self._prompt.live, running=True, word="")

    def _look(self, view: View) -> None:
        if self.session is not None:
            self.session = replace(self.session, view=view)
            self.show_pane("node")

    def _trained(self, state: TrainState) -> None:
        self.training = state
        if self._train_screen is not None and self._train_screen is self.app.screen:
            self._train_screen.state = state

    def _say(self, text: str, severity: Literal["information", "error"] = "information") -> None:
        self.notify(text, severity=severity, markup=False)

    def _titled(self) -> None:
        self.query_one("#title", Static).update(words.title(self.session, self._shown_name, self._state), layout=False)
