"""The screen on which the network trains: choices, progress, the loss curve, names, and the costs of a step."""

from __future__ import annotations

from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Grid, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import Input, Label, ProgressBar, Select, Static

from ninja_tui.engine.training.config import Backward, Wrong
from ninja_tui.tui.commands import TRAINING
from ninja_tui.tui.session import Session
from ninja_tui.tui.training import texts
from ninja_tui.tui.training.control import TrainControl, gradient_sources
from ninja_tui.tui.training.curve import LossCurve, legend
from ninja_tui.tui.training.form import Form
from ninja_tui.tui.training.keys import KeyLine
from ninja_tui.tui.training.saved_runs import SavedRunsScreen
from ninja_tui.tui.training.state import Stage, TrainState

BACKWARDS = (("your own", Backward.MANUAL), ("autograd's", Backward.AUTOGRAD), ("both", Backward.BOTH))
WRONGS = (("autograd's instead", Wrong.AUTOGRAD), ("yours, wrong", Wrong.AS_IS))
REDRAW = 0.25
"""Seconds between two drawings of the curve."""
WIDE = (110, 30)
"""Columns and rows from which on the choices stand beside the curve."""

FIELDS = (
    ("steps", "steps"),
    ("batch_size", "batch size"),
    ("first_rate", "learning rate"),
    ("second_rate", "second half"),
    ("seed", "seed"),
    ("sampling_seed", "sampling seed"),
)


class TrainScreen(Screen[Form]):
    """Trains the lesson's network; returns the choices, for the next time.

    In a narrow terminal the choices make way once something has trained: a line tells them, and a key opens them.
    """

    AUTO_FOCUS = ""  # the letters are the screen's, until a field has the focus
    BINDINGS = [
        Binding("escape", "leave", "Walk"),
        Binding("ctrl+t", "dismiss_form", "Walk", priority=True),
        Binding("enter,space", "go", show=False),
        *(b for command in TRAINING for b in command.bindings()),
    ]
    state: var[TrainState] = var(TrainState(), always_update=True)

    def __init__(self, control: TrainControl, session: Session, form: Form) -> None:
        super().__init__()
        self._control, self._session, self._form = control, session, form
        self._warned = ""
        self._shown: dict[str, str] = {}
        self.add_class("fresh", "open")

    def compose(self) -> ComposeResult:
        """Choices and messages; curve, names and costs; the keys that act now."""
        yield Static("", id="train-title")
        yield Static("", id="train-choices")
        with Container(id="train-panes"):
            with Vertical(id="train-left"):
                with Grid(id="train-form") as form:
                    form.border_title = "Choices"
                    for name, label in FIELDS:
                        yield Label(label)
                        yield Input(str(getattr(self._form, name)), compact=True, id=f"train-{name}")
                    yield Label("backward")
                    yield Select(
                        BACKWARDS, value=self._form.backward, allow_blank=False, compact=True, id="train-backward"
                    )
                    yield Label("if wrong")
                    yield Select(WRONGS, value=self._form.wrong, allow_blank=False, compact=True, id="train-wrong")
                with VerticalScroll(id="train-messages") as messages:
                    messages.border_title = "Messages"
                    yield Static("", id="train-message")
            with Vertical(id="train-right"):
                with Vertical(id="train-run"):
                    with VerticalScroll(id="train-invitation", can_focus=False):
                        yield Static("", id="train-invitation-text")
                    yield LossCurve(id="train-curve")
                    yield ProgressBar(show_eta=False, id="train-bar")
                    yield Static("", id="train-status")
                with Horizontal(id="train-results"):
                    with VerticalScroll(id="train-names-box") as box:
                        box.border_title = "Names"
                        yield Static("", id="train-names")
                    with VerticalScroll(id="train-costs-box") as box:
                        box.border_title = "One step"
                        yield Static("", id="train-costs")
        yield KeyLine(id="train-keys")

    def on_mount(self) -> None:
        """Shows the state."""
        self.set_interval(REDRAW, self._draw_curve)
        self.call_after_refresh(self._show_all)

    def on_resize(self, event: events.Resize) -> None:
        """Chooses the layout."""
        self.set_class(event.size.width < WIDE[0] or event.size.height < WIDE[1], "narrow")

    def watch_state(self) -> None:
        """Shows the state."""
        if self.is_mounted:
            self._show_all()

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

    def on_select_changed(self) -> None:
        """Other choices; a run of another backward pass."""
        if self.is_mounted:
            self._show_all()

    # What the keys do

    def action_go(self) -> None:
        """Starts, pauses, or continues."""
        if self._control.state.busy:
            self._control.pause_or_continue()
            return
        try:
            self._form = self._read()
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
            seed = self._read().plan().sampling_seed
        except ValueError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        if seed == self._control.state.plan.sampling_seed and any(s.names for s in self._control.state.sides.values()):
            seed += 1
            self.query_one("#train-sampling_seed", Input).value = str(seed)
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
        if self._typing:
            self._close_choices()
            return
        self.add_class("open")
        self.query_one("#train-steps", Input).focus()

    def action_leave(self) -> None:
        """Out of the choices; or back to the walk, and a training goes on."""
        if self._typing:
            self._close_choices()
        else:
            self.action_dismiss_form()

    def action_dismiss_form(self) -> None:
        """Back to the walk; a training goes on."""
        self.dismiss(self._read())

    # What is shown

    @property
    def _typing(self) -> bool:
        """Whether one of the choices has the focus."""
        return isinstance(self.focused, Input | Select)

    def _close_choices(self) -> None:
        self.set_focus(None)
        self.set_class(self._control.state.stage is Stage.IDLE, "open")
        self._show_keys()

    def _read(self) -> Form:
        typed = {name: self.query_one(f"#train-{name}", Input).value for name, _ in FIELDS}
        backward, wrong = (self.query_one(f"#train-{name}", Select).value for name in ("backward", "wrong"))
        return Form(**typed, backward=Backward(str(backward)), wrong=Wrong(str(wrong)))

    def _show_all(self) -> None:
        state, form = self._control.state, self._read()
        sides = list(state.sides.items())
        fresh = state.stage is Stage.IDLE
        if self.has_class("fresh") and not fresh:
            self._close_choices()
        self.set_class(fresh, "fresh")
        self._show("title", texts.title(self._session, state))
        self._show("choices", texts.choices_text(form))
        messages = texts.messages(state, self._warned, self._session.lesson.gradients)
        self.set_class(not messages, "silent")
        self.query_one("#train-messages").border_title = "Messages" if messages else "The choices"
        self._show("message", Content("\n").join(messages) if messages else texts.choices_help())
        self._show("names", texts.names(state))
        self._show("costs", texts.costs(state))
        lines = [Content(texts.status(state, backward, side)) for backward, side in sides]
        self._show("status", Content("\n").join(lines))
        self.query_one("#train-run").border_title = legend(state)
        self.query_one("#train-bar", ProgressBar).update(
            total=max(1, state.plan.steps * max(1, len(sides))), progress=sum(side.step for _, side in sides)
        )
        self._show_keys()
        if fresh:
            self._show("invitation-text", texts.invitation(self._session, form.backward))
        elif not state.busy:
            self._draw_curve()

    def _show(self, part: str, content: Content) -> None:
        """Paints a part that has changed; lays out the screen anew only where it has another height."""
        if content.markup == self._shown.get(part):
            return
        self._shown[part] = content.markup
        widget = self.query_one(f"#train-{part}", Static)
        height = content.get_height({}, max(1, widget.size.width))
        widget.update(content, layout=height != widget.size.height)

    def _show_keys(self) -> None:
        if self.is_mounted:
            self.query_one(KeyLine).keys = texts.keys(self._control.state, typing=self._typing)

    def _draw_curve(self) -> None:
        self.query_one(LossCurve).training = self._control.state
