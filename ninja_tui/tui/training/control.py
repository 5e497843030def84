"""Between the panes that show a training and the desk that does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ninja_tui.engine.backend import Desk
from ninja_tui.engine.events import Training
from ninja_tui.engine.training.checkpoints import SavedRun, saved_paths
from ninja_tui.engine.training.config import Plan, Sources, Wrong, gaps
from ninja_tui.tui.session import Session
from ninja_tui.tui.training.state import Stage, TrainState


class TrainControl:
    """Holds the training's state; ``changed`` hears of every new one."""

    def __init__(self, desk: Desk, changed: Callable[[TrainState], None]) -> None:
        self._desk, self._changed = desk, changed
        self.state = TrainState()

    def hear(self, told: Training) -> None:
        """News of the training."""
        self._set(self.state.heard(told))

    def start(self, plan: Plan, session: Session) -> None:
        """Trains as planned with what the person has answered."""
        self._set(TrainState.started(plan, standing(session, plan.wrong).message))
        self._desk.train(plan, _passes(session))

    def pause_or_go_on(self) -> None:
        """Waits, or no longer waits."""
        trainer = self._desk.trainer
        if trainer is not None and self.state.stage is Stage.RUNNING:
            trainer.pause()
            self._set(self.state.paused())
        elif trainer is not None and self.state.stage is Stage.PAUSED:
            trainer.go_on()
            self._set(self.state.going())

    def stop(self) -> None:
        """Ends the training with what there is."""
        if self._desk.trainer is not None and self.state.busy:
            self._desk.trainer.stop()

    def sample(self, seed: int) -> None:
        """Other names, from random numbers that start with ``seed``."""
        if self.state.trained and not self.state.busy:
            count = self.state.plan.names
            self._set(self.state.resampled(seed))
            self._desk.sample(count, seed)

    def save(self, lesson: str) -> bool:
        """Saves what was trained; False where there is nothing yet."""
        if self.state.busy:
            return False
        for backward, side in self.state.sides.items():
            told = side.trained
            if told is not None:
                run = SavedRun(
                    lesson, backward, told.steps, told.train_loss, told.val_loss, side.names, told.losses,
                    told.parameters,
                )  # fmt: skip
                self._desk.save_run(run)
        return bool(self.state.trained)

    def saved(self, lesson: str) -> list[Path]:
        """The runs that were saved before, the newest first."""
        return saved_paths(self._desk.folder, lesson)

    def load(self, path: Path) -> None:
        """Puts a saved run in the place of what is here."""
        if not self.state.busy:
            self._desk.load_run(path)

    def _set(self, state: TrainState) -> None:
        self.state = state
        self._changed(state)


def standing(session: Session, wrong: Wrong) -> Sources:
    """Which asked gradients are missing or wrong, and what would stand for them."""
    answered = {node for node in session.lesson.asks if session.entry(node).code}
    missing, failing = gaps(session.lesson, answered, _passes(session))
    replaced = (*missing, *(failing if wrong is Wrong.AUTOGRAD else ()))
    return Sources((), replaced, missing, failing)


def _passes(session: Session) -> dict[str, bool]:
    return {node: verdict.passed for node, verdict in session.verdicts().items()}
