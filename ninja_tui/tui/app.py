"""The app: one session with one lesson."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from pathlib import Path

from textual.app import App, SystemCommand
from textual.message import Message
from textual.screen import Screen

from ninja_tui.engine.backend import Desk
from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.engine.events import Failed, News, Opened
from ninja_tui.errors import UsageError
from ninja_tui.lesson.classify import locate
from ninja_tui.lesson.solutions import read_solutions
from ninja_tui.tui.commands import COMMANDS
from ninja_tui.tui.history import History, history_path
from ninja_tui.tui.screens.walk import WalkScreen


class Told(Message):
    """News from the threads of a desk, the ``number``th of this app, on the app's own loop."""

    def __init__(self, news: News, number: int) -> None:
        super().__init__()
        self.news, self.number = news, number


class NinjaApp(App[int]):
    """Owns the desk of the lesson that is open; the walk's screen owns the session."""

    TITLE = "ninja-tui"
    CSS_PATH = ["walk.tcss", "training/train.tcss"]
    ENABLE_COMMAND_PALETTE = True

    def __init__(self, lesson: str, solutions: Path, options: Options) -> None:
        super().__init__()
        self.reason = ""
        self._solutions, self._options = solutions, options
        self._history = History(history_path())
        self._number = 0
        self.desk = self._desk(lesson)
        self._walk = WalkScreen(self.desk, self._history, lesson)

    def get_default_screen(self) -> Screen[None]:
        """The walk."""
        return self._walk

    @property
    def ready(self) -> bool:
        """Whether the lesson has run."""
        return self._walk.ready

    def on_mount(self) -> None:
        """Starts once the first frame is painted."""
        self.call_after_refresh(self.desk.start)

    def on_walk_screen_lesson_chosen(self, message: WalkScreen.LessonChosen) -> None:
        """Opens another lesson in the place of the one that is open."""
        self.run_worker(self.desk.close, thread=True)
        before = self.current_mode
        self.desk = self._desk(message.name)
        self._walk = WalkScreen(self.desk, self._history, message.name)
        mode = f"lesson {self._number}"
        self.add_mode(mode, lambda: self._walk)  # the default screen cannot be switched, only left
        self.switch_mode(mode)
        if before.startswith("lesson"):
            self.remove_mode(before)
        self.call_after_refresh(self.desk.start)

    def on_told(self, message: Told) -> None:
        """Hands news to the screen that shows them."""
        if message.number != self._number:
            return
        if isinstance(message.news, Failed) and not self._walk.ready:
            self.reason = message.news.reason
            self.exit(2, return_code=2)
            return
        self._walk.hear(message.news)
        if isinstance(message.news, Opened):
            self.call_after_refresh(_settle_garbage)
            self.run_worker(_load_training, thread=True)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Textual's own commands, and those of the command table."""
        yield from super().get_system_commands(screen)
        for command in COMMANDS:
            if not command.action.startswith("app."):
                yield SystemCommand(command.title, f"key: {command.key}", self._runs(command.action))
        session = self._walk.session
        for shelved in session.shelf if session else ():
            yield SystemCommand(f"Lesson: {shelved.name}", shelved.about, self._opens(shelved.name))

    def _runs(self, action: str) -> Runs:
        return Runs(self._walk, action)

    def _opens(self, name: str) -> Callable[[], None]:
        return lambda: self.on_walk_screen_lesson_chosen(WalkScreen.LessonChosen(name))

    def _desk(self, lesson: str) -> Desk:
        self._number += 1
        number = self._number
        return Desk(lesson, self._solutions, self._options, lambda news: self._tell(news, number))

    def _tell(self, news: News, number: int) -> None:
        self.post_message(Told(news, number))


class Runs:
    """Runs an action of the walk's screen."""

    def __init__(self, screen: WalkScreen, action: str) -> None:
        self._screen, self._action = screen, action

    async def __call__(self) -> None:
        """Runs it."""
        await self._screen.run_action(self._action)


def _load_training() -> None:
    """The training's screen, with the plot's library, before somebody opens it."""
    import ninja_tui.tui.training.screen  # noqa: F401


def _settle_garbage() -> None:
    """From here on a collection visits only what is new: a full one takes longer than a key may."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)
    gc.enable()


def run(lesson: str, solutions: Path, options: Options) -> int:
    """Runs the app to its end; raises UsageError for what cannot be used, before anything is painted."""
    locate(lesson)
    if solutions.exists():
        read_solutions(solutions, lesson)
    elif not solutions.absolute().parent.is_dir():
        raise UsageError(f"the folder {solutions.absolute().parent} for the solutions file does not exist")
    gc.disable()  # until the lesson is open: what is made before then stays
    app = NinjaApp(lesson, solutions, options)
    try:
        app.run()
    finally:
        app.desk.close()
    if app.return_code == 2:
        raise UsageError(app.reason)
    return app.return_code or 0
