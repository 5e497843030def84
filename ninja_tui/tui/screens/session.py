"""The session on its screen: panes, events of the backend, and the prompt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import Key, Paste, Resize
from textual.reactive import var
from textual.widgets import Static

from ninja_tui.engine import events
from ninja_tui.engine.backend import Backend
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.engine.protocol.views import Frame, PokeRequest, View, ViewRequest
from ninja_tui.lesson.catalogue import LessonSummary
from ninja_tui.tui import own_functions, texts
from ninja_tui.tui.answering import Answering, Step, waiting_feedback
from ninja_tui.tui.commands import Mode
from ninja_tui.tui.completions import Completions, completions_at
from ninja_tui.tui.config_file import Config
from ninja_tui.tui.feedback import Feedback
from ninja_tui.tui.history import History
from ninja_tui.tui.questions import asking, edited, parse_shape, pasted, told
from ninja_tui.tui.screens.paned import PanedScreen
from ninja_tui.tui.session import Phase, Session
from ninja_tui.tui.tensor_index import parse_index
from ninja_tui.tui.training.control import TrainControl
from ninja_tui.tui.training.pane import TrainPane
from ninja_tui.tui.training.state import TrainState
from ninja_tui.tui.widgets.answer_input import AnswerInput
from ninja_tui.tui.widgets.card import CardPane
from ninja_tui.tui.widgets.gradients import GradientsPane
from ninja_tui.tui.widgets.keys import KeysLine
from ninja_tui.tui.widgets.node import NodePane
from ninja_tui.tui.widgets.path import PathStrip
from ninja_tui.tui.widgets.prompt import PromptPane
from ninja_tui.tui.widgets.source import SourcePane

if TYPE_CHECKING:
    from ninja_tui.tui.training.screen import TrainScreen

MODES = {
    Phase.FORWARD: Mode.FORWARD,
    Phase.TURN: Mode.TURN,
    Phase.BACKWARD: Mode.BACKWARD,
    Phase.FINISH: Mode.FINISH,
}
SLOW = 0.3
"""Seconds after which the prompt shows that an answer is running."""


class SessionScreen(PanedScreen):
    """Holds the session; it flows down to the panes, and their requests come up as messages."""

    session: var[Session | None] = var(None)  # a reactive would paint the whole screen anew, and not its panes alone
    training: var[TrainState] = var(TrainState())
    live: var[Verdict | None] = var(None)

    def __init__(self, backend: Backend, history: History, lesson: str, config: Config) -> None:
        super().__init__(config)
        self._backend = backend
        self._answering = Answering(backend, history)
        self._train = TrainControl(backend, self._show_training)
        self._train_screen: TrainScreen | None = None
        self._lesson_title = Path(lesson).name
        self._progress, self._title = "reading the lesson", Content("")
        self._catalogue: tuple[LessonSummary, ...] = ()
        self._typed = ""

    def compose(self) -> ComposeResult:
        """Title, panes, footer; and the message for a terminal that is too small."""
        self.choose_layout(self.app.size)
        yield Static("", id="title")
        yield PathStrip(id="path").data_bind(session=SessionScreen.session)
        with Container(id="panes"):
            with Vertical(id="left"):
                yield SourcePane(id="source").data_bind(session=SessionScreen.session)
                yield GradientsPane(id="gradients").data_bind(SessionScreen.session, SessionScreen.live)
            with Vertical(id="right"):
                yield NodePane(id="node").data_bind(session=SessionScreen.session)
                yield CardPane(id="card").data_bind(session=SessionScreen.session)
                keys = self._config.keymap.first_keys("train")
                yield TrainPane(keys, id="train").data_bind(SessionScreen.session, SessionScreen.training)
        yield PromptPane(id="prompt")
        yield KeysLine(self._config.keymap.commands, id="keys")
        yield Static("", id="too-small")

    @property
    def _is_whole(self) -> bool:
        """Whether all parts are there, and none is being taken down."""
        parts = (self.query_one_optional(f"#{part}") for part in ("title", "node", "prompt", "keys"))
        return all(part is not None and part.is_attached for part in parts)

    @property
    def ready(self) -> bool:
        """Whether the lesson has run."""
        return self.session is not None and self.session.facts is not None

    def on_mount(self) -> None:
        """No pane has the focus: the letters are the walk's."""
        self.set_focus(None)
        self.fit_panes()
        self._update_title()
        self._show_mode()
        self.watch(self, "focused", self._show_mode, init=False)

    def on_resize(self, event: Resize) -> None:
        """The title is as wide as the screen."""
        super().on_resize(event)
        self._update_title()

    def pane_names(self) -> dict[str, str]:
        """What the panes are called now."""
        return texts.pane_names(self.session)

    @property
    def mode(self) -> Mode:
        """What the keys do now."""
        if self.session is None:
            return Mode.READING
        if isinstance(self.focused, AnswerInput):
            return Mode.TYPING
        if isinstance(self.focused, GradientsPane):
            return Mode.TABLE
        if self.session.asks_shape:
            return Mode.QUESTION
        if self.session.phase is Phase.FINISH and self.session.practice is not None:
            return Mode.PRACTISED
        return MODES[self.session.phase]

    # Events of the backend

    def apply(self, event: events.Event) -> None:
        """Takes an event into the session, and shows it; it does nothing while the screen is being taken down."""
        if not self._is_whole:
            return
        if isinstance(event, events.TrainingUpdate):
            self._train.apply(event)
        elif isinstance(event, events.LessonRead):
            self._progress = "starting PyTorch"
            self._go(self.begin(event))
            self.fit_panes()
        elif isinstance(event, events.CatalogueRead):
            self._catalogue = event.lessons
            if self.session is not None:
                self._show_catalogue(self.session)
        elif isinstance(event, events.Failed):
            self._toast(event.reason, severity="error")
        elif self.session is not None:
            self._apply_to(self.session, event)
        if not isinstance(event, events.Viewed):
            self._update_title()

    def begin(self, event: events.LessonRead) -> Session:
        """The session with a lesson that is read."""
        settings = self._config.settings
        session = Session.begin(event.lesson, event.saved, event.solution).with_catalogue(self._catalogue)
        session = replace(session, keymap=self._config.keymap)
        return session.with_upstream(settings.upstream).with_questions(questions=settings.questions)

    def _apply_to(self, session: Session, event: events.Event) -> None:
        match event:
            case events.Opened(facts):
                self._progress = ""
                self._go(session.opened(facts), typing=self._input.has_focus)
                self.fit_panes()
                if any(not each.passed for each in facts.functions):
                    self._toast("\n".join(own_functions.sentences(session.opened(facts))), severity="error")
            case events.Judged():
                self._take_verdict(session, event)
            case events.Rechecked(verdicts):
                self.session = session.rechecked(verdicts)
                self._judge_anew()
            case events.Viewed(request, tensor_view):
                if (session.tensor, session.view) == (request.tensor, request.view):
                    self.query_one(NodePane).tensor_view = tensor_view
                    self._paint.release()
            case events.Poked(request):
                if session.tensor == request.tensor:
                    self.query_one(NodePane).poked = event

    def _take_verdict(self, session: Session, event: events.Judged) -> None:
        step = self._answering.judged(session, event, self._input.text)
        self._apply_step(step)
        if step.feedback is not None and self.session is not None:
            self.session = self.session.tried(event.verdict)
            if session.view in (View.YOURS, View.DIFFERENCE):
                self.query_one(NodePane).request_view()
        if step.session is not session and (session.node is None or session.node.name != event.node):
            self._judge_anew()

    def _judge_anew(self) -> None:
        """Judges the code in the prompt with the upstream gradients as they are now."""
        if self.session is not None:
            self._answering.prepare(self.session)
            self._judge(self._input.text)

    def _apply_step(self, step: Step) -> None:
        self.session = step.session
        if step.feedback is not None:
            self._show(step.feedback)
        if step.code is not None:
            self._input.put(step.code)

    def _show_catalogue(self, session: Session) -> None:
        self.session = session.with_catalogue(self._catalogue)
        if self.session.node is None:
            self._show_place(self.session)

    # Messages of the panes

    def on_source_pane_chosen(self, message: SourcePane.Chosen) -> None:
        """A click on a statement: on the way back its node, otherwise the statement."""
        if self.session is not None:
            self._go(self.session.at_line_of(self.session.lesson.statements[message.index]))

    def on_gradients_pane_chosen(self, message: GradientsPane.Chosen) -> None:
        """A row of the table."""
        if self.session is not None:
            self._go(self.session.at_node(message.node))

    def on_node_pane_view_requested(self, message: NodePane.ViewRequested) -> None:
        """The node pane needs a view of its tensor."""
        session = self.session
        if session is not None and session.facts is not None and not session.asks_shape:
            self._view(session, message.frame)

    def _view(self, session: Session, frame: Frame) -> None:
        self._backend.view(ViewRequest(session.tensor, session.view, parse_index(session.slices), frame))

    def on_node_pane_poke_requested(self, message: NodePane.PokeRequested) -> None:
        """An element of the tensor in sight is to be nudged."""
        session = self.session
        if session is not None and session.facts is not None:
            self._backend.poke(PokeRequest(session.tensor, message.index, session.predictor))

    def on_prompt_pane_typed(self, message: PromptPane.Typed) -> None:
        """Other code in the prompt."""
        self._judge(message.code)

    def on_answer_input_recall(self, message: AnswerInput.Recall) -> None:
        """Steps through the history."""
        code = self._answering.recalled(message.step, self._input.text)
        if code is not None:
            self._input.put(code)

    def on_answer_input_submitted(self, message: AnswerInput.Submitted) -> None:
        """Enter on complete code."""
        if self.session is None:
            return
        self._prompt.begin()
        step = self._answering.submitted(self.session, message.code)
        if step.steps_on:
            self._go(self.session.moved(1))
        else:
            self._apply_step(step)

    # The prompt and the title

    @property
    def _input(self) -> AnswerInput:
        return self._prompt.input

    def _go(self, session: Session, *, typing: bool = True) -> None:
        """Moves the session there, fits the prompt to the place, and has the backend make ready for it.

        The keys are the prompt's then, or the walk's where nobody is ``typing``: there is nothing to type, or a
        letter has led there, and is likely to be pressed again.
        """
        if (frame := self.query_one(NodePane).begin(session)) is not None:
            self._view(session, frame)  # it is computed while the rest goes on
            self._paint.hold()
        self.session = session
        self._update_title()
        prompt, node = self._prompt, session.node
        self._input.disabled = node is None
        if node is None:
            self._input.begin("", "", Completions())
            self.set_focus(None)
            self._typed = ""
            self._show_place(session)
            prompt.begin()
            self._show_mode()
            if session.phase is Phase.FINISH:
                self._backend.recheck()
            return
        self._answering.prepare(session)
        self._input.begin(self._answering.begin(session, node), node.gradient, completions_at(session))
        self._show(waiting_feedback(session, node))
        if typing:
            self._input.focus()
        self._judge(self._input.text)
        prompt.begin()
        self._show_mode()

    # The question for a shape

    def on_key(self, event: Key) -> None:
        """While a question is open digits and brackets are its answer, wherever the focus is."""
        typed = edited(self._typed, event.key, event.character)
        if self._is_asking and typed is not None:
            event.stop()
            event.prevent_default()
            self._type_answer(typed)

    def on_paste(self, event: Paste) -> None:
        """An answer that was copied."""
        if self._is_asking:
            event.stop()
            self._type_answer(pasted(self._typed, event.text))

    @property
    def _is_asking(self) -> bool:
        return self.session is not None and self.session.asks_shape

    def _type_answer(self, typed: str) -> None:
        """The answer as it is now, in the prompt, which is brought in sight; Enter is the answer's then."""
        if self.has_class("zoomed"):
            self.action_zoom()
        self.set_focus(None)
        self._typed = typed
        if self.session is not None:
            self._show_place(self.session)

    def _answer(self, session: Session) -> None:
        """Compares what is typed with the shape, and shows the tensor; what is no shape stays to be mended."""
        try:
            shape = parse_shape(self._typed) if self._typed else None
        except ValueError as error:
            self._show(asking(session, self._typed, problem=str(error)))
        else:
            self._show_after(session.answered(shape))

    def _show_after(self, session: Session) -> None:
        """Shows what a question has kept back, or does so no more: the place is the same."""
        self._typed = ""
        self.session = session
        self._show_place(session)
        self._update_title()
        self._show_mode()

    def _show_place(self, session: Session) -> None:
        """What the prompt says where there is no node: the question, or what came of it, and the keys."""
        self._show(asking(session, self._typed) if session.asks_shape else told(session))

    def _judge(self, text: str) -> None:
        if self.session is None or self.session.node is None:
            return
        feedback = self._answering.typed(self.session, text)
        if feedback is not None:
            self._show(feedback)
        else:
            self.set_timer(SLOW, lambda: self._show_running(text))

    def _show_running(self, text: str) -> None:
        if self._answering.awaits(text):
            self._show(replace(self._prompt.feedback, running=True, message="", facts=()))

    def _show(self, feedback: Feedback) -> None:
        """Shows feedback in the prompt, and its verdict in the table."""
        self._prompt.feedback = feedback
        self.live = feedback.verdict

    def _show_mode(self) -> None:
        """Names the keys that act now, in the prompt's border and in the last line."""
        if not self._is_whole:
            return
        self.query_one(KeysLine).mode = self.mode
        title = texts.prompt_title(self.session, self.mode)
        self._prompt.write_title(title)

    def _show_view(self, view: View) -> None:
        if self.session is not None and self.session.node is not None:
            self.session = self.session.showing(view)
            self.show_pane("node")

    def _show_training(self, state: TrainState) -> None:
        self.training = state
        if self._train_screen is not None and self._train_screen is self.app.screen:
            self._train_screen.state = state

    def _toast(self, text: str, severity: Literal["information", "warning", "error"] = "information") -> None:
        self.notify(text, severity=severity, markup=False)

    def _update_title(self) -> None:
        title = texts.title(self.session, self._lesson_title, self._progress, self.app.size.width)
        if not title.is_same(self._title):
            self._title = title
            self.query_one("#title", Static).update(title, layout=False)
        self.title_panes()
