"""The screen on which the network trains: choices, progress, the loss curve, names, and the costs of a step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Grid, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Footer, Input, Label, ProgressBar, Select, Static

from ninja_tui.engine.training.config import Backward, Wrong
from ninja_tui.engine.training.messages import StatementCost
from ninja_tui.tui.commands import TRAINING
from ninja_tui.tui.session import Session
from ninja_tui.tui.training.control import TrainControl, gradient_sources
from ninja_tui.tui.training.curve import LossCurve
from ninja_tui.tui.training.form import Form
from ninja_tui.tui.training.saved_runs import SavedRunsScreen
from ninja_tui.tui.training.state import SideState, Stage, TrainState, gradcheck_text, losses, progress_text

BACKWARDS = (("your own", Backward.MANUAL), ("autograd's", Backward.AUTOGRAD), ("both", Backward.BOTH))
WRONGS = (("autograd's instead", Wrong.AUTOGRAD), ("yours, wrong", Wrong.AS_IS))
REDRAW = 0.25
"""Seconds between two drawings of the curve."""


FIELDS = (
    ("steps", "steps"),
    ("batch_size", "batch size"),
    ("first_rate", "learning rate"),
    ("second_rate", "second half"),
    ("seed", "seed"),
    ("sampling_seed", "sampling seed"),
)


class TrainScreen(Screen[Form]):
    """Trains the lesson's network; returns the choices, for the next time."""

    BINDINGS = [
        Binding("escape,ctrl+t", "leave", "Walk", show=True, priority=True),
        Binding("enter", "go", show=False),
        *(b for command in TRAINING for b in command.bindings()),
    ]
    state: reactive[TrainState] = reactive(TrainState(), always_update=True)

    def __init__(self, control: TrainControl, session: Session, form: Form) -> None:
        super().__init__()
        self._control, self._session, self._form = control, session, form
        self._warned = ""
        self._drawn: TrainState | None = None

    def compose(self) -> ComposeResult:
        """Choices on the left; curve, names and costs on the right."""
        yield Static(Content(f"ninja-tui  {self._session.lesson.name}  ·  train & sample"), id="train-title")
        with Horizontal(id="train-panes"):
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
                    messages.can_focus = False
                    yield Static("", id="train-message")
            with Vertical(id="train-right"):
                with Vertical(id="train-run") as run:
                    run.border_title = "Loss (log10)"
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
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Shows the state; the first field has the focus."""
        self.set_interval(REDRAW, self._draw_curve)
        self.query_one("#train-steps", Input).focus()
        self.call_after_refresh(self.watch_state, self._control.state)

    def watch_state(self, state: TrainState) -> None:
        """Shows the state."""
        if not self.is_mounted:
            return
        sides = list(state.sides.items())
        self.query_one("#train-bar", ProgressBar).update(
            total=max(1, state.plan.steps * max(1, len(sides))), progress=sum(side.step for _, side in sides)
        )
        self.query_one("#train-status", Static).update(
            Content("\n").join(Content(self._status(state, backward, side)) for backward, side in sides)
        )
        gradients = self._session.lesson.gradients
        self.query_one("#train-message", Static).update(Content("\n").join(_messages(state, self._warned, gradients)))
        self.query_one("#train-names", Static).update(_names(state))
        costs = [side.trained.costs for _, side in sides if side.trained is not None and side.trained.costs]
        self.query_one("#train-costs", Static).update(_costs(costs[0]) if costs else "")
        if not state.busy:
            self._draw_curve()

    def on_input_submitted(self) -> None:
        """Enter in a field starts."""
        self.action_go()

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
            self.state = self._control.state
            return
        self._warned = ""
        self._control.start(plan, self._session)

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

    def action_leave(self) -> None:
        """Back to the walk; a training goes on."""
        self.dismiss(self._read())

    def _read(self) -> Form:
        typed = {name: self.query_one(f"#train-{name}", Input).value for name, _ in FIELDS}
        backward, wrong = (self.query_one(f"#train-{name}", Select).value for name in ("backward", "wrong"))
        return Form(**typed, backward=Backward(str(backward)), wrong=Wrong(str(wrong)))

    def _status(self, state: TrainState, backward: Backward, side: SideState) -> str:
        name = f"{backward}: " if len(state.sides) > 1 else ""
        if side.trained is not None and state.stage not in (Stage.RUNNING, Stage.PAUSED):
            speed = f" · {side.trained.steps_per_second:,.0f} steps/s" if side.trained.seconds else ""
            return f"{name}{losses(side.trained)}{speed}"
        engine = f" · {side.engine}" if side.engine else ""
        return f"{name}{progress_text(state, side)}{engine}"

    def _draw_curve(self) -> None:
        state = self._control.state
        if state is not self._drawn:
            self._drawn = state
            self.query_one(LossCurve).draw_state(state)


def _messages(state: TrainState, warned: str, gradients: Mapping[str, str]) -> list[Content]:
    parts = []
    if warned:
        parts.append(Content.styled(f"{warned}. F8 again trains all the same.", "$text-warning"))
    if state.error:
        parts.append(Content.styled(state.error, "$text-error"))
    for side in state.sides.values():
        if side.trained is not None and side.trained.stop is not None:
            parts.append(Content.styled(losses(side.trained), "$text-error"))
    if state.stage is not Stage.IDLE:
        parts.append(Content.styled(str(state.stage.value), "bold"))
    if state.message:
        parts.append(Content(state.message))
    checked = gradcheck_text(state.checks, gradients)
    if checked:
        fits = all(check.fits for check in state.checks)
        parts.append(Content.styled(checked, "$text-success" if fits else "$text-warning"))
    if not parts:
        parts.append(Content("F8 trains the network on your own backward pass."))
    return parts


def _names(state: TrainState) -> Content:
    parts = []
    for backward, side in state.sides.items():
        if len(state.sides) > 1:
            parts.append(Content.styled(str(backward), "bold"))
        parts += [Content(name or "(empty)") for name in side.names]
    return Content("\n").join(parts)


def _costs(costs: tuple[StatementCost, ...]) -> Table:
    """The statements of a step, the slowest first, the person's marked."""
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False)
    for narrow in (True, True, True, False):
        table.add_column(no_wrap=narrow)
    total = sum(cost.seconds for cost in costs) or 1.0
    for cost in sorted(costs, key=lambda each: -each.seconds):
        style = "bold" if cost.is_answer else "dim"
        table.add_row(
            Text("yours" if cost.is_answer else cost.part, style),
            Text(f"{cost.seconds * 1e6:,.0f} µs", style, justify="right"),
            Text(f"{cost.seconds / total:.0%}", style, justify="right"),
            Text(" ".join(cost.code.split())[:120], style, no_wrap=True, overflow="ellipsis"),
        )
    return table
