"""The screen on which the network trains: choices, progress, the loss curve, names, and the costs of a step."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import Static

from ninja_tui.engine.training.config import Backward
from ninja_tui.tui.commands import TRAINING
from ninja_tui.tui.keymap import STANDARD, Keymap
from ninja_tui.tui.painting.compositor import SparingCompositor
from ninja_tui.tui.session import Session
from ninja_tui.tui.training import texts
from ninja_tui.tui.training.choices import Choices
from ninja_tui.tui.training.control import TrainControl, gradient_sources
from ninja_tui.tui.training.curve import LossCurve, legend
from ninja_tui.tui.training.form import Form
from ninja_tui.tui.training.keys import KeyLine
from ninja_tui.tui.training.saved_runs import SavedRunsScreen
from ninja_tui.tui.training.state import Stage, TrainState
from ninja_tui.tui.training.texts import HELP

PAUSE = 0.01
"""Seconds in which what is mounted is painted before the rest comes."""
REDRAW = 0.25
"""Seconds between two drawings of the curve."""
WIDE = (110, 30)
"""Columns and rows from which on the choices stand beside the curve."""


class TrainScreen(Screen[Form]):
    """Trains the lesson's network; returns the choices, for the next time.

    In a narrow terminal the choices make way once something has trained: a line tells them, and a key opens them.
    """

    AUTO_FOCUS = ""  # the letters are the screen's, until a field has the focus
    BINDINGS = [
        Binding("escape", "leave", "Walk"),
        Binding("ctrl+t", "dismiss_form", "Walk", priority=True),
        Binding("enter,space", "go", show=False),
        Binding("f2", HELP, priority=True, show=False),
        Binding("question_mark", HELP, show=False),
        *(b for command in TRAINING for b in command.bindings()),
    ]
    state: var[TrainState] = var(TrainState(), always_update=True)

    def __init__(self, control: TrainControl, session: Session, form: Form, keymap: Keymap = STANDARD) -> None:
        super().__init__()
        self._compositor = SparingCompositor()
        self._control, self._session, self._form, self._keymap = control, session, form, keymap
        self._warned = ""
        self._shown: dict[str, str] = {}
        self._fresh, self._tells = True, False
        self._built, self._waits = False, False
        self._open = True

    def compose(self) -> ComposeResult:
        """The curve, and what invites to train before there is one; the rest comes one after another."""
        self._choose_layout(self.app.size)  # before anything has a style, which costs nothing
        yield Static("", id="train-title")
        yield Static("", id="train-choices")
        with Container(id="train-panes"):
            yield Vertical(id="train-left")
            yield Vertical(id="train-right")
        yield KeyLine(id="train-keys")

    def on_mount(self) -> None:
        """The rest comes once this much is painted."""
        self.call_after_refresh(self._mount_rest)

    async def _mount_rest(self) -> None:
        """Choices, messages, names and costs, each in its turn: all at once would keep the app from painting."""
        left, right = self.query_one("#train-left"), self.query_one("#train-right")
        invitation = VerticalScroll(Static("", id="train-invitation-text"), id="train-invitation", can_focus=False)
        names = VerticalScroll(Static("", id="train-names"), id="train-names-box")
        costs = VerticalScroll(Static("", id="train-costs"), id="train-costs-box")
        names.border_title, costs.border_title = "Names", "One step"
        await right.mount(Vertical(invitation, LossCurve(), Static("", id="train-status"), id="train-run"))
        for column, part in (
            (left, Choices(self._form)),
            (left, VerticalScroll(Static("", id="train-message"), id="train-messages")),
            (right, Horizontal(names, costs, id="train-results")),
        ):
            await asyncio.sleep(PAUSE)
            await column.mount(part)
        self._built = True
        self._show_all()
        self.set_interval(REDRAW, self._draw_curve)

    def on_resize(self, event: events.Resize) -> None:
        """Chooses the layout."""
        self._choose_layout(event.size)
        if self._built:
            self._arrange()

    def watch_state(self) -> None:
        """Shows the state: once for all events that come together."""
        if self._built and not self._waits:
            self._waits = True
            self.call_later(self._show_all)

    def on_descendant_focus(self) -> None:
        """Other keys act in a field."""
        self._show_keys()

    def on_descendant_blur(self) -> None:
        """The letters act again."""
        self.call_after_refresh(self._show_keys)

    def on_input_submitted(self) -> None:
        """Enter in a field starts."""
        self.action_go()

    def on_input_changed(self) -> None:
        """Other choices."""
        self._warned = ""

    def on_choice_changed(self) -> None:
        """Other choices; a run of another backward pass."""
        self._warned = ""
        self.watch_state()

    # What the keys do

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing but leaving acts before all is there."""
        return self._built or action not in {command.action for command in TRAINING}

    def action_go(self) -> None:
        """Starts, pauses, or continues."""
        if self._control.state.busy:
            self._control.pause_or_continue()
            return
        try:
            self._form = self._choices.read()
            plan = self._form.plan()
        except ValueError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        if self._session.facts is None:
            self.notify("PyTorch is still starting", markup=False)
            return
        uses_answers = plan.backward is not Backward.AUTOGRAD
        warning = gradient_sources(self._session, plan.wrong).message if uses_answers else ""
        if warning and warning != self._warned:
            self._warned = warning
            self._show_all()
            return
        self._warned = ""
        self._control.start(plan, self._session)
        self._close_choices()

    def action_stop(self) -> None:
        """Ends the training after the steps that are done."""
        self._control.stop()

    def action_sample(self) -> None:
        """Samples other names: with the next seed, if the one in the form was just used."""
        try:
            seed = self._choices.read().plan().sampling_seed
        except ValueError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        if seed == self._control.state.plan.sampling_seed and any(s.names for s in self._control.state.sides.values()):
            seed += 1
            self._choices.set_sampling_seed(seed)
        self._control.sample(seed)

    def action_save(self) -> None:
        """Saves the trained networks."""
        if not self._control.save(self._session.lesson.name):
            self.notify("nothing is trained yet", markup=False)

    def action_load(self) -> None:
        """Offers the saved runs."""
        paths = self._control.saved_runs(self._session.lesson.name)

        def load(path: Path | None) -> None:
            if path is not None:
                self._control.load(path)

        if paths:
            self.app.push_screen(SavedRunsScreen(paths), load)
        else:
            self.notify("no run of this lesson is saved here", markup=False)

    def action_choices(self) -> None:
        """Opens the choices, and gives them the keys; closes them, where they have these."""
        if self._choices.typing:
            self._close_choices()
            return
        self._open = True
        self._arrange()
        self._choices.focus_first()

    def action_leave(self) -> None:
        """Out of the choices; or back to the walk, and a training goes on."""
        if self._built and self._choices.typing:
            self._close_choices()
        else:
            self.action_dismiss_form()

    def action_dismiss_form(self) -> None:
        """Back to the walk; a training goes on."""
        self.dismiss(self._choices.read() if self._built else self._form)

    # What is shown

    @property
    def _choices(self) -> Choices:
        return self.query_one(Choices)

    def _close_choices(self) -> None:
        self.set_focus(None)
        self._open = self._control.state.stage is Stage.IDLE
        self._arrange()
        self._show_keys()

    def _choose_layout(self, size: Size) -> None:
        self.set_class(size.width < WIDE[0] or size.height < WIDE[1], "narrow")

    def _arrange(self) -> None:
        """Which parts have room: in a narrow terminal the choices only before a run, and where they were opened."""
        fresh, narrow = self._control.state.stage is Stage.IDLE, self.has_class("narrow")
        shown = {
            "#train-form": self._open or not narrow,
            "#train-choices": narrow and not self._open,
            "#train-messages": self._tells or not narrow,
            "#train-invitation": fresh,
            "LossCurve": not fresh,
            "#train-status": not fresh,
            "#train-results": not (fresh and narrow),
        }
        for part, display in shown.items():
            widget = self.query_one(part)
            if widget.display != display:
                widget.display = display

    def _show_all(self) -> None:
        self._waits = False
        state, form = self._control.state, self._choices.read()
        fresh = state.stage is Stage.IDLE
        if self._fresh and not fresh:
            self._close_choices()
        self._fresh = fresh
        messages = texts.messages(state, self._warned, self._session.lesson.gradients)
        self._tells = bool(messages)
        self._arrange()
        self._show_border("run", Content("Train") if fresh else legend(state))
        self._show_border("messages", Content("Messages" if messages else "What they mean"))
        self._show("title", texts.title(self._session, state))
        self._show("choices", texts.choices_text(form))
        self._show("message", Content("\n").join(messages) if messages else texts.choices_help())
        self._show("names", texts.names(state))
        self._show("costs", texts.costs(state))
        self._show_keys()
        if fresh:
            self._show("invitation-text", texts.invitation(self._session, form.backward))
            return
        bar_width = 0 if self.has_class("narrow") else self.query_one("#train-status").size.width
        self._show("status", texts.status_lines(state, bar_width))
        if not state.busy:
            self._draw_curve()

    def _show(self, part: str, content: Content) -> None:
        """Paints a part that has changed; lays out the screen anew only where it has another height."""
        if content.markup == self._shown.get(part):
            return
        self._shown[part] = content.markup
        widget = self.query_one(f"#train-{part}", Static)
        height = content.get_height({}, max(1, widget.size.width))
        widget.update(content, layout=height != widget.size.height)

    def _show_border(self, part: str, title: Content) -> None:
        if title.markup != self._shown.get(f"{part} border"):
            self._shown[f"{part} border"] = title.markup
            self.query_one(f"#train-{part}").border_title = title

    def _show_keys(self) -> None:
        if self._built:
            self.query_one(KeyLine).keys = texts.keys(
                self._control.state, self._keymap.training, typing=self._choices.typing
            )

    def _draw_curve(self) -> None:
        state = self._control.state
        if state.stage is not Stage.IDLE:
            self.query_one(LossCurve).training = state
