"""A training's state, and the requests to the backend that change it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ninja_tui.engine.backend import Backend
from ninja_tui.engine.events import TrainingUpdate
from ninja_tui.engine.training.checkpoints import SavedRun
from ninja_tui.engine.training.config import Backward, Plan, Sources, Wrong, gaps
from ninja_tui.tui import own_functions
from ninja_tui.tui.session import Session
from ninja_tui.tui.training.state import Stage, TrainState


class TrainControl:
    """Holds the training's state, and calls ``changed`` with every new one."""

    def __init__(self, backend: Backend, changed: Callable[[TrainState], None]) -> None:
        self._backend, self._changed = backend, changed
        self.state = TrainState()

    def apply(self, event: TrainingUpdate) -> None:
        """Takes an event of the training into the state."""
        self._set(self.state.after(event))

    def start(self, plan: Plan, session: Session) -> None:
        """Trains as planned with what the person has answered."""
        sources = gradient_sources(session, plan.wrong)
        by_autograd = plan.backward is not Backward.MANUAL or bool(sources.replaced)
        told = (sources.message, own_functions.in_training(session) if by_autograd else "")
        self._set(TrainState.started(plan, "; ".join(filter(None, told))))
        self._backend.train(plan, _passes(session))

    def pause_or_continue(self) -> None:
        """Pauses a training that runs, or continues one that is paused."""
        if self.state.stage is Stage.RUNNING:
            self._backend.pause_training()
            self._set(self.state.paused())
        elif self.state.stage is Stage.PAUSED:
            self._backend.continue_training()
            self._set(self.state.continued())

    def stop(self) -> None:
        """Ends the training after the steps that are done."""
        if self.state.busy:
            self._backend.stop_training()

    def sample(self, seed: int) -> None:
        """Samples other names, from random numbers that start with ``seed``."""
        if self.state.trained and not self.state.busy:
            count = self.state.plan.names
            self._set(self.state.resampled(seed))
            self._backend.sample(count, seed)

    def save(self, lesson: str) -> bool:
        """Saves the trained networks; False where there is none yet."""
        if self.state.busy:
            return False
        for backward, side in self.state.sides.items():
            trained = side.trained
            if trained is not None:
                run = SavedRun(
                    lesson, backward, trained.steps, trained.train_loss, trained.val_loss, side.names,
                    trained.losses, trained.parameters,
                )  # fmt: skip
                self._backend.save_run(run)
        return bool(self.state.trained)

    def saved_runs(self, lesson: str) -> list[Path]:
        """The saved runs of ``lesson``, the newest first."""
        return self._backend.saved_runs(lesson)

    def load(self, path: Path) -> None:
        """Replaces the trained network by that of a saved run."""
        if not self.state.busy:
            self._backend.load_run(path)

    def _set(self, state: TrainState) -> None:
        self.state = state
        self._changed(state)


def gradient_sources(session: Session, wrong: Wrong) -> Sources:
    """The asked gradients that are missing or wrong, and those that autograd's would replace."""
    answered = {node for node in session.lesson.asks if session.entry(node).code}
    missing, failing = gaps(session.lesson, answered, _passes(session))
    replaced = (*missing, *(failing if wrong is Wrong.AUTOGRAD else ()))
    return Sources((), replaced, missing, failing)


def _passes(session: Session) -> dict[str, bool]:
    return {node: verdict.passed for node, verdict in session.verdicts().items()}
