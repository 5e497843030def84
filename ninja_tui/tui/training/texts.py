"""What is told of a training, as text: pure functions of its state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual.content import Content

from ninja_tui.engine.training.config import Backward, Engine
from ninja_tui.engine.training.events import Trained
from ninja_tui.engine.training.messages import GradientCheck, StatementCost
from ninja_tui.lesson.syntax.vectorize import Cause
from ninja_tui.tui.commands import Command, Mode
from ninja_tui.tui.session import Session
from ninja_tui.tui.training.form import Form
from ninja_tui.tui.training.state import SideState, Stage, TrainState

KEY = "bold $text-accent"
HELP = f"app.help('{Mode.TRAINING.value}')"
FOOTER_KEY = "bold $footer-key-foreground"
MUTED = "dim"
KEY_GAP = "  "
"""Between two keys of the last line."""
MOST = 0.5
"""The part of a step from which on a statement is told of whatever its form."""
BACKWARD_NAMES = {
    Backward.MANUAL: "your own backward pass",
    Backward.AUTOGRAD: "autograd's backward pass",
    Backward.BOTH: "your own and autograd's",
}
CAUSES = {
    Cause.ELEMENTS: "It takes single elements in a Python loop: an operation on whole tensors is faster.",
    Cause.LOOP: "Each turn of its Python loop calls PyTorch anew: one call on whole tensors is faster.",
    Cause.CLONES: "Each of its clone() calls copies a tensor: only one that is changed in place needs a copy.",
}
STAGES = {
    Stage.IDLE: "",
    Stage.STARTING: "starting: gradients are checked on fresh minibatches",
    Stage.RUNNING: "training",
    Stage.MEASURING: "the loss of whole splits is computed",
    Stage.SAMPLING: "names are sampled",
}


@dataclass(frozen=True)
class Key:
    """A key that acts now, and what it does."""

    key: str
    label: str
    action: str


def keys(state: TrainState, commands: Sequence[Command], *, typing: bool) -> tuple[Key, ...]:
    """The keys that act now: letters, and while one types into a field those that it does not take."""
    go = "Pause" if state.stage is Stage.RUNNING else "Go on" if state.stage is Stage.PAUSED else "Start"
    acting = {"go": go} if go != "Start" or not state.busy else {}
    if state.may_stop:
        acting["stop"] = "Stop"
    if not state.busy:
        acting |= {"sample": "Names", "save": "Save"} if state.trained else {}
        acting["load"] = "Load"
    if not typing:
        acting["choices"] = "Choices"
    chosen = [
        Key((each.everywhere if typing else each.walk_keys or each.everywhere).split(", ")[0], label, each.action)
        for action, label in acting.items()
        for each in commands
        if each.action == action
    ]
    rest = (
        (Key("Tab", "Next", "app.focus_next"), Key("Esc", "Done", "leave"))
        if typing
        else (Key("Esc", "Walk", "leave"),)
    )
    return (*chosen, *rest, Key("F2", "Help", HELP))


def title(session: Session, state: TrainState) -> Content:
    """The lesson, and the stage of its training."""
    stage = headline(state)
    return Content.assemble(
        (f"{session.lesson.name}", "bold"), " · train & sample", *([f" · {stage}"] if stage else [])
    )


def headline(state: TrainState) -> str:
    """The stage in a few words; a training that was ended early is stopped, not done."""
    if state.stage is Stage.PAUSED:
        return f"paused at step {state.step:,}"
    if state.stage is not Stage.OVER:
        return STAGES[state.stage]
    if state.error or not state.trained:
        return "failed"
    trained = min(state.trained, key=lambda each: each.steps)
    if trained.steps < state.plan.steps:
        return _ended(trained, state.plan.steps)
    return "done"


def choices_text(form: Form) -> Content:
    """The choices in one line, and the key that opens them."""
    parts = [f"{_thousands(form.steps)} steps"]
    if form.batch_size.strip():
        parts.append(f"batch {form.batch_size}")
    parts.append(f"rate {form.first_rate}, then {form.second_rate}")
    if form.seed.strip():
        parts.append(f"seed {form.seed}")
    parts.append(BACKWARD_NAMES[form.backward])
    return Content.assemble(("c", KEY), " ", (" · ".join(parts), MUTED))


def invitation(session: Session, backward: Backward) -> Content:
    """Before a run: what will train, what the curve will show, and how to start."""
    lesson, facts = session.lesson, session.facts
    passed, total = session.passed, len(lesson.asks)
    if backward is Backward.AUTOGRAD:
        whose = "Autograd's gradients train the network."
    elif passed == total:
        whose = f"All {total} gradients pass: your own backward pass trains the network."
    elif not passed:
        whose = "No gradient passes yet: autograd's train the network."
    else:
        whose = f"{passed} of {total} gradients pass and train the network; autograd's stand in for the others."
    start = Content.assemble(
        ("g", KEY), " starts    ", ("c", KEY), " changes the choices    ", ("o", KEY), " loads a run"
    )
    parameters = ", ".join(lesson.parameters)
    step = f"A step draws a minibatch, runs the forward and the backward pass, and updates {parameters}."
    loss = f"It begins near {facts.loss:.4f}." if facts is not None else ""
    lines = [step, f"The curve shows the loss, up to the current step. {loss}".rstrip()]
    if lesson.predict is not None:
        lines.append("While it trains, the network invents names, from its weights as they are.")
    return Content("\n\n").join([Content(whose), start, *(Content(line) for line in lines)])


def choices_help() -> Content:
    """What the choices mean."""
    rows = (
        ("second half", "the learning rate of the second half of the steps"),
        ("seed", "of parameters and minibatches; empty: the lesson's"),
        ("sampling seed", "of the names at the end"),
        ("backward", "whose gradients train; both: side by side"),
        ("if wrong", "what trains for a gradient that does not pass"),
    )
    return Content("\n").join([Content.assemble((name, "bold"), f": {text}") for name, text in rows])


def messages(state: TrainState, warned: str, gradients: Mapping[str, str]) -> list[Content]:
    """What a person has to know of the answers and of the run, the most urgent first."""
    parts = []
    if warned:
        parts.append(Content.styled(f"{warned}. Start again to train all the same.", "$text-warning"))
    if state.error:
        parts.append(Content.styled(state.error, "$text-error"))
    for side in state.sides.values():
        if side.trained is not None and side.trained.stop is not None:
            parts.append(Content.styled(losses(side.trained, state.plan.steps), "$text-error"))
    parts += [Content.styled(text, "$text-warning") for text in advice(state)]
    checked = gradcheck_text(state.checks, gradients)
    if checked:
        fits = all(check.fits for check in state.checks)
        parts.append(Content.styled(checked, "$text-success" if fits else "$text-warning"))
    if state.message:
        parts.append(Content(state.message))
    return parts


def advice(state: TrainState) -> list[str]:
    """A sentence on each of the person's statements that takes a large part of a step, and what is faster."""
    side = state.sides.get(Backward.MANUAL)
    if side is None or side.engine == Engine.COMPILED:
        return []
    total = sum(cost.seconds for cost in side.costs)
    return [text for cost in side.costs if cost.is_answer and (text := _advice(cost, total))]


def _advice(cost: StatementCost, total: float) -> str:
    part = cost.seconds / total
    if cost.cause is None and cost.faster is None and part < MOST:
        return ""
    code = cost.code.splitlines()
    what = f"`{code[0]}{' …' if len(code) > 1 else ''}` takes {part:.0%} of a step, {microseconds(cost.seconds)}."
    if cost.faster is not None:
        return f"{what} The same in {microseconds(cost.faster.seconds)}: `{cost.faster.code}`"
    return f"{what} {CAUSES[cost.cause]}" if cost.cause is not None else what


def names(state: TrainState) -> Content:
    """The names of the trained network, and those on the way there, the last first."""
    parts: list[Content] = []
    for backward, side in state.sides.items():
        if len(state.sides) > 1:
            parts.append(Content.styled(str(backward), "bold"))
        if side.names:
            parts.append(Content("  ".join(name or "(empty)" for name in side.names)))
        if side.names and side.previews:
            parts += [Content(""), Content.styled("on the way, by step:", MUTED)]
        width = max((len(f"{preview.step:,}") for preview in side.previews), default=0)
        for preview in side.previews:
            invented = "  ".join(name or "(empty)" for name in preview.names)
            parts.append(Content.assemble((f"{preview.step:>{width},}  ", MUTED), invented))
    return Content("\n").join(parts) if parts else Content.styled(_no_names(state), MUTED)


def _no_names(state: TrainState) -> str:
    return "no names" if state.stage is Stage.OVER else "Names come here while it trains."


def costs(state: TrainState) -> Content:
    """The statements of a step, the slowest first, the person's marked; how long a step takes, and compiled."""
    side = next((each for each in state.sides.values() if each.costs), None)
    if side is None:
        return Content.styled("The time of each statement comes here.", MUTED)
    total = sum(cost.seconds for cost in side.costs)
    first = f"{microseconds(total)} a step in Python"
    if side.engine == Engine.COMPILED and side.speed:
        first += f", {microseconds(1 / side.speed)} in C"
    lines = [Content(first)]
    for cost in sorted(side.costs, key=lambda each: -each.seconds):
        whose = "yours" if cost.is_answer else cost.part
        code = " ".join(cost.code.split())
        line = f"{whose:<9} {microseconds(cost.seconds):>7} {cost.seconds / (total or 1.0):>4.0%} {code}"
        lines.append(Content.styled(line, "bold" if cost.is_answer else MUTED))
    return Content("\n").join(lines)


def status(state: TrainState, backward: Backward, side: SideState) -> str:
    """The line below the curve: the progress of a side, or its outcome."""
    name = f"{backward}: " if len(state.sides) > 1 else ""
    if side.trained is not None and state.stage not in (Stage.RUNNING, Stage.PAUSED):
        done = side.trained.steps >= state.plan.steps and side.trained.seconds
        speed = f" · {side.trained.steps_per_second:,.0f} steps/s" if done else ""
        return f"{name}{losses(side.trained, state.plan.steps)}{speed}"
    engine = f" · {side.engine}" if side.engine else ""
    return f"{name}{progress_text(state, side)}{engine}"


def status_lines(state: TrainState, bar_width: int) -> Content:
    """The lines below the curve, with a bar where it has a width."""
    lines = [Content(status(state, backward, side)) for backward, side in state.sides.items()]
    return Content("\n").join([bar(state, bar_width), *lines] if bar_width else lines)


def bar(state: TrainState, width: int) -> Content:
    """How much of the training is done: ``━━━━───── 45%``."""
    steps = max(1, state.plan.steps * len(state.sides))
    part = min(1.0, sum(side.step for side in state.sides.values()) / steps)
    columns = max(0, width - 6)
    filled = int(part * columns)
    return Content.assemble(("━" * filled, "$text-accent"), ("─" * (columns - filled), MUTED), f" {part:>4.0%}")


def summary(state: TrainState) -> str:
    """One line: the progress, or the outcome."""
    if not state.sides:
        return ""
    side = next(iter(state.sides.values()))
    if state.stage is Stage.STARTING:
        return STAGES[Stage.STARTING]
    if side.trained is None or state.stage in (Stage.RUNNING, Stage.PAUSED):
        loss = f" · loss {side.loss:.4f}" if side.loss is not None else ""
        return f"{'paused at ' if state.stage is Stage.PAUSED else ''}step {side.step:,} of {state.plan.steps:,}{loss}"
    return losses(side.trained, state.plan.steps)


def pane_text(session: Session, state: TrainState, keys: Sequence[str]) -> Content:
    """In the walk: the progress of a training and its names; before one, how to start it."""
    line = state.error or summary(state)
    if line:
        sides = state.sides.values()
        invented = [name for side in sides for name in side.names or (side.previews[0].names if side.previews else ())]
        return Content.assemble(line, ("\n" + "  ".join(invented), "$text-accent"))
    if session.practice is not None:
        return Content.styled("Practice does not train: its answers are not kept.", "dim")
    passed, total = session.passed, len(session.lesson.asks)
    opening = [part for key in keys for part in (" or ", (key, KEY))][1:]
    if passed < total:
        text = " trains on them, and on autograd's for the rest."
        return Content.assemble(f"{passed} of {total} pass. ", *opening, text)
    names = ": watch it invent names" if session.lesson.predict is not None else ""
    text = f" trains the network{names}."
    return Content.assemble((f"All {total} gradients pass. ", "bold $text-success"), *opening, text)


def progress_text(state: TrainState, side: SideState) -> str:
    """``step 1,200 of 200,000 · 4,100 steps/s · 0:48 left · loss 2.3100``."""
    parts = [f"step {side.step:,} of {state.plan.steps:,}"]
    if side.speed:
        parts.append(f"{side.speed:,.0f} steps/s")
        parts.append(f"{clock((state.plan.steps - side.step) / side.speed)} left")
    if side.loss is not None:
        parts.append(f"loss {side.loss:.4f}")
    return " · ".join(parts)


def losses(trained: Trained, planned: int) -> str:
    """``20,000 steps: loss train 2.0712  val 2.1101``, or where it stopped."""
    if trained.stop is not None:
        where = f", line {trained.stop.line}: {trained.stop.code}" if trained.stop.line else ""
        return f"stopped at step {trained.stop.step:,}: {trained.stop.message}{where}"
    steps = f"{trained.steps:,} steps" if trained.steps >= planned else _ended(trained, planned)
    parts = [
        f"{name} {value:.4f}" for name, value in (("train", trained.train_loss), ("val", trained.val_loss)) if value
    ]
    return f"{steps}: loss {'  '.join(parts)}" if parts else steps


def _ended(trained: Trained, planned: int) -> str:
    return f"stopped at step {trained.steps:,} of {planned:,} ({trained.steps / planned:.0%})"


def gradcheck_text(checks: tuple[GradientCheck, ...], gradients: Mapping[str, str]) -> str:
    """The outcome of the check before the first step; ``gradients`` maps nodes to the names of their gradients."""
    if not checks:
        return ""
    wrong = [check for check in checks if not check.fits]
    if not wrong:
        agree = "gradient agrees" if len(checks) == 1 else f"{len(checks)} gradients agree"
        return f"your {agree} with autograd's on fresh minibatches"
    listed = ", ".join(gradients[check.node] + (f" ({check.error})" if check.error else "") for check in wrong[:3])
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return f"not autograd's on fresh minibatches: {listed}{more}"


def clock(seconds: float) -> str:
    """``1:05``, ``1:02:30``."""
    whole = max(0, round(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def microseconds(seconds: float) -> str:
    """``79 µs``, ``4.1 ms``."""
    return f"{seconds * 1e3:,.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:,.0f} µs"


def key_line(chosen: Sequence[Key]) -> Content:
    """Keys with their labels."""
    return Content(KEY_GAP).join([Content.assemble((each.key, FOOTER_KEY), f" {each.label}") for each in chosen])


def _thousands(number: str) -> str:
    return f"{int(number):,}" if number.isdecimal() else number
