"""The commands of the walk."""

from __future__ import annotations

from dataclasses import replace

from textual.binding import Binding
from textual.message import Message

from ninja_tui.engine.protocol.views import View
from ninja_tui.tui.commands import COMMANDS
from ninja_tui.tui.screens.find import FindScreen
from ninja_tui.tui.screens.help import HelpScreen
from ninja_tui.tui.screens.lessons import LessonsScreen, Wish
from ninja_tui.tui.screens.practising import PractisingScreen
from ninja_tui.tui.screens.slicing import SliceScreen
from ninja_tui.tui.session import NEXT_VIEW, Phase
from ninja_tui.tui.training.form import Form
from ninja_tui.tui.widgets.card import ANSWER, CardPane
from ninja_tui.tui.widgets.node import NodePane

RESUMED = 0.1
"""Seconds after which a resumed process has its terminal again."""


def _with_letter(binding: Binding) -> Binding:
    """The letters that step on and back keep the keys, so that they can be pressed again."""
    steps = binding.action in ("on", "back") and not binding.priority
    return replace(binding, action=f"walk_{binding.action}") if steps else binding


class WalkScreen(PractisingScreen):
    """The screen of the walk, with its commands."""

    BINDINGS = [
        Binding("enter", "enter", show=False),
        *(_with_letter(binding) for command in COMMANDS for binding in command.bindings()),
    ]

    class LessonChosen(Message):
        """Another lesson is to be opened."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    _form: Form | None = None

    def on_train_pane_opened(self) -> None:
        """A click on the pane."""
        self.action_train()

    def action_on(self) -> None:
        """One step on; a right answer that is left behind is submitted. An open question ends first."""
        self._step_on(typing=True)

    def action_back(self) -> None:
        """One step back."""
        if self.session is not None:
            self._go(self.session.moved(-1))

    def action_walk_on(self) -> None:
        """One step on, after which the letters are still the walk's."""
        self._step_on(typing=False)

    def _step_on(self, *, typing: bool) -> None:
        session = self.session
        if session is not None and session.asks_shape:
            self._answer(session)
        elif self._is_over:
            self.action_practise()
        elif session is not None:
            self._go(self._answering.left(session, self._input.text).moved(1), typing=typing)

    def action_walk_back(self) -> None:
        """One step back, after which the letters are still the walk's."""
        if self.session is not None:
            self._go(self.session.moved(-1), typing=False)

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

    def action_questions(self) -> None:
        """Asks for shapes on the way forward, or no more."""
        session = self.session
        if session is None:
            return
        questions = not session.questions
        self._config.keep(replace(self._config.settings, questions=questions))
        session = session.with_questions(questions=questions)
        if session.phase is Phase.FORWARD:
            self._show_after(session)
        else:
            self.session = session
        again = f"off; {self._config.keymap.in_walk('questions')} turns them on again"
        self._toast(f"questions on the way forward: {'on' if questions else again}")

    def action_hint(self) -> None:
        """One more hint."""
        session = self.session
        if session is None or session.node is None:
            self._toast("hints are for the way back")
            return
        hinted = self._answering.hint(session, session.node)
        if hinted is None:
            self._toast(f"there is no further hint; {self._config.keymap.in_prompt('reveal')} reveals the answer")
            return
        self.session = hinted
        self.show_pane("card")

    def action_reveal(self) -> None:
        """Shows the answer, and marks it as revealed."""
        session = self.session
        if session is None or session.node is None or session.node.name not in session.solution:
            self._toast("there is no answer to reveal here")
            return
        self.session = self._answering.reveal(session, session.node)
        self.show_pane("card")
        self.query_one(CardPane).bring_in_sight(ANSWER)

    def action_view(self) -> None:
        """The tensor, your gradient, its difference."""
        if self.session is not None:
            self._show_view(NEXT_VIEW[self.session.view])

    def action_autograd(self) -> None:
        """Autograd's own gradient, and back."""
        if self.session is not None:
            self._show_view(View.VALUE if self.session.view is View.AUTOGRAD else View.AUTOGRAD)

    def action_worst(self) -> None:
        """The worst element of the difference."""
        if self.session is not None and self.session.node is not None:
            self._show_view(View.DIFFERENCE)
            self.query_one(NodePane).seek_worst()

    def action_poke(self) -> None:
        """Nudges the element with the cursor."""
        if self._is_asking:
            self._toast("Enter shows the tensor first")
            return
        self.show_pane("node")
        self.query_one(NodePane).poke()

    def action_upstream(self) -> None:
        """The next choice of upstream gradients."""
        if self.session is not None:
            self.session = self.session.with_next_upstream()
            self._config.keep(replace(self._config.settings, upstream=self.session.upstream))
            self._toast(f"upstream gradients: {self.session.upstream}")
            self._judge_anew()

    def action_slice(self) -> None:
        """Asks for a slice of the tensor in sight."""

        def show(slices: str | None) -> None:
            if slices is not None and self.session is not None:
                self.session = self.session.sliced(slices)
                self.show_pane("node")

        if self._is_asking:
            self._toast("Enter shows the tensor first")
        elif self.session is not None:
            self.app.push_screen(SliceScreen(self.session.tensor, self.session.slices), show)

    def action_find(self) -> None:
        """Asks for a statement or a node."""

        def go(position: int | None) -> None:
            if position is not None and self.session is not None:
                self._go(self.session.at(position))

        if self.session is not None:
            self.app.push_screen(FindScreen(self.session), go)

    def action_train(self) -> None:
        """The screen on which the network trains."""

        def keep(form: Form | None) -> None:
            self._form = form or self._form

        from ninja_tui.tui.training.screen import TrainScreen  # the first frame does without it

        session = self.session
        if session is not None and session.practice is not None:
            leave = self._config.keymap.in_walk("lessons")
            self._toast(f"practice does not train; {leave} goes to a lesson, whose answers do")
        elif session is not None:
            self._train_screen = TrainScreen(
                self._train, session, self._form or Form.for_lesson(session.lesson), self._config.keymap
            )
            self.app.push_screen(self._train_screen, keep)

    def action_lessons(self) -> None:
        """Offers the lessons."""

        def choose(name: str | Wish | None) -> None:
            session = self.session
            if isinstance(name, Wish):
                self.action_practise()
                return
            if name is None or session is None or (name == session.lesson.name and session.practice is None):
                return
            self.post_message(self.LessonChosen(name))

        if self.session is not None and self.session.catalogue:
            self.app.push_screen(LessonsScreen(self.session), choose)

    def action_prompt(self) -> None:
        """Gives the keys to the prompt."""
        if self.session is not None and self.session.node is not None:
            self._input.focus()

    def action_walk(self) -> None:
        """Gives the keys back to the walk; what is typed of a shape goes."""
        if self._is_asking and self._typed:
            self._type_answer("")
        self.set_focus(None)

    def action_copy_answer(self) -> None:
        """Copies what is selected, or else the code in the prompt, to the clipboard (OSC 52)."""
        text = self._input.selected_text or self.get_selected_text() or self._input.text
        if not text:
            self.app.action_help_quit()
            return
        self.app.copy_to_clipboard(text)
        self._toast(f"copied; {self._config.keymap.in_prompt('quit')} quits")

    def action_suspend(self) -> None:
        """Stops the process, where the terminal can; the shell's `fg` goes on."""
        self.app.action_suspend_process()
        self.set_timer(RESUMED, self._paint_anew)

    def _paint_anew(self) -> None:
        """The terminal shows nothing of before: a paint of what has changed would leave it empty."""
        self.app.refresh(repaint=True, layout=True)

    def action_help(self) -> None:
        """The keys that act here first, then all."""
        self.app.push_screen(HelpScreen(self.mode, self._config.keymap))
