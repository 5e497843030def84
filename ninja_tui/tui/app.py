"""The app: one session with one lesson."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from textual.app import App, SystemCommand
from textual.command import CommandPalette
from textual.constants import DEFAULT_THEME
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter
from textual.message import Message
from textual.screen import Screen
from textual.theme import Theme

from ninja_tui.engine.backend import Backend, BackendFactory, PracticeFactory
from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.engine.events import Event, Failed, Opened, RunsUnlocked
from ninja_tui.engine.process_backend import ProcessBackend
from ninja_tui.errors import UsageError
from ninja_tui.lesson.open import check_solutions
from ninja_tui.lesson.practice.deck_file import deck_path
from ninja_tui.lesson.practice.variation import Round
from ninja_tui.tui.commands import Mode
from ninja_tui.tui.config import Known, config_path
from ninja_tui.tui.config_file import Config
from ninja_tui.tui.contrast import ALL_COLOURS, ReadableDim, Terminal, this_terminal
from ninja_tui.tui.driver import TerminalDriver
from ninja_tui.tui.ending import Ending, leave_terminal, rescued, say, told
from ninja_tui.tui.history import History, history_path
from ninja_tui.tui.keys import tell_alt_enter
from ninja_tui.tui.painting.dialog import Palette
from ninja_tui.tui.painting.plain_text import PlainText
from ninja_tui.tui.practice.keeper import DeckKeeper
from ninja_tui.tui.screens.help import HelpScreen
from ninja_tui.tui.screens.paned import TABS
from ninja_tui.tui.screens.walk import WalkScreen
from ninja_tui.tui.session import Session
from ninja_tui.tui.themes import THEMES, first_theme, offered_themes, readable_variables

SWITCH_INTERVAL = 0.0002
"""Seconds that painting keeps the interpreter from the thread that has a verdict."""


PRACTICE = "Practice"
UNLOCKED = (
    "{name} runs now, and nothing on this system locks it in: its code can do whatever you can. "
    "`ninja-tui doctor` tells more."
)
READING_TIME = 20
"""Seconds that a person has for a sentence that is long, or matters."""


class BackendEvent(Message):
    """An ``event`` of the app's ``number``th backend, on the app's own loop."""

    def __init__(self, event: Event, number: int) -> None:
        super().__init__()
        self.event, self.number = event, number


class NotKept(Message):
    """Settings, or the deck, are not kept: a ``sentence`` why, and the ``title`` of what it is about."""

    def __init__(self, sentence: str, title: str) -> None:
        super().__init__()
        self.sentence, self.title = sentence, title


@dataclass(frozen=True)
class Practice:
    """The deck, what makes the backends of practice, and what is ``asked`` when the app begins, if anything is."""

    keeper: DeckKeeper
    make_backend: PracticeFactory
    asked: Round | None = None


class NinjaApp(App[int]):
    """Owns the backend of the open lesson; the walk's screen owns the session."""

    TITLE = "ninja-tui"
    CSS_PATH = ["walk.tcss", "training/train.tcss"]
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        lesson: str,
        make_backend: BackendFactory,
        config: Config | None = None,
        terminal: Terminal = ALL_COLOURS,
        practice: Practice | None = None,
        *,
        driver: type[Driver] | None = None,
    ) -> None:
        self._config = config or Config()
        self._practice = practice or Practice(DeckKeeper(), lambda asked, emit: make_backend(asked.lesson, emit))
        self.terminal, self._dim, self._plain = terminal, ReadableDim(terminal), PlainText()
        self._variables: dict[str, dict[str, str]] = {}
        # Textual computes all colours while it is made
        self.set_reactive(App.theme, first_theme(self._config.settings.theme or DEFAULT_THEME, terminal))
        super().__init__(driver_class=driver)
        self.set_keymap(self._config.keymap.bindings())
        self._config.tell = partial(self._tell_not_kept, self._config.title)
        self._practice.keeper.tell = partial(self._tell_not_kept, PRACTICE)
        self.failure = ""
        self.crash: Exception | None = None
        self._exit_code = 0
        self._closing_lock = threading.Lock()
        self._rest: str | None = None
        self.on_terminal_lost: Callable[[], None] = self.exit
        self._make_backend = make_backend
        self._history = History(history_path())
        self._number = 0
        self._lesson = lesson
        self._begin(lesson, self._practice.asked)

    def _begin(self, lesson: str, asked: Round | None) -> None:
        """Makes the backend and the screen of a lesson, or of practice, which knows nothing of earlier answers."""
        self._asked = asked
        self._number += 1
        emit = partial(self._post, number=self._number)
        if asked is not None:
            self.backend = self._practice.make_backend(asked, emit)
            lesson, history = asked.lesson, History(Path(os.devnull))
        else:
            self.backend = self._make_backend(lesson, emit)
            self._lesson, history = lesson, self._history
        self._walk = WalkScreen(self.backend, history, lesson, self._config, keeper=self._practice.keeper, asked=asked)

    def get_driver_class(self) -> type[Driver]:
        """Textual's, but where that would be the one of Linux and Mac."""
        found = super().get_driver_class()
        return TerminalDriver if found is LinuxDriver else found

    def get_default_screen(self) -> Screen[None]:
        """The walk."""
        return self._walk

    def get_css_variables(self) -> dict[str, str]:
        """The theme's variables, moved until they can be read."""
        if self.theme not in self._variables:
            self._variables[self.theme] = readable_variables(super().get_css_variables(), self.terminal)
        self.theme_variables = self._variables[self.theme]
        return self.theme_variables

    @property
    def available_themes(self) -> dict[str, Theme]:
        """Those that can be read in this terminal."""
        return offered_themes(self.terminal)

    def watch_theme(self, theme: str) -> None:
        """Keeps the choice."""
        self._config.keep(replace(self._config.settings, theme=theme))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters; before them one that keeps dim text readable, and one that lets only text through."""
        return [self._dim, self._plain, *super().get_line_filters()]

    @property
    def ready(self) -> bool:
        """Whether the lesson has run."""
        return self._walk.ready

    def on_mount(self) -> None:
        """Starts once the first frame is painted; says what in the config file is not used."""
        if self._exit_code:
            self.end(self._exit_code)
        self.call_after_refresh(self.backend.start)
        if self._config.problems:
            problems = "\n".join(f"· {problem}" for problem in self._config.problems)
            self._warn(problems, READING_TIME, self._config.title)
        if self._practice.keeper.problem:
            self._warn(self._practice.keeper.problem, READING_TIME, PRACTICE)

    def on_not_kept(self, message: NotKept) -> None:
        """The config file, or the deck, cannot be written."""
        self._warn(message.sentence, title=message.title)

    def _warn(self, text: str, seconds: float | None = None, title: str = "") -> None:
        self.notify(text, title=title, severity="warning", timeout=seconds, markup=False)

    def end(self, exit_code: int) -> None:
        """Ends the app without a question; any thread may call it, and a handler of signals."""
        self._exit_code = exit_code
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(lambda: self.exit(exit_code, return_code=exit_code))

    def lose_terminal(self) -> None:
        """Ends the app, whose terminal is gone; any thread may call it."""
        self.on_terminal_lost()

    def fail(self, error: Exception) -> None:
        """Ends the app by an error of its own; any thread may call it."""
        self.call_later(self._handle_exception, error)

    async def action_quit(self) -> None:
        """Ends the app; where answers are not saved, it asks first."""
        self._walk.leave(self.exit)

    def _handle_exception(self, error: Exception) -> None:
        """Ends the app; what is told of ``error`` is told afterwards."""
        self.crash = self.crash or error
        super()._handle_exception(error)

    def _print_error_renderables(self) -> None:
        """No traceback on the terminal: it is in a report."""
        self._exit_renderables.clear()

    def action_help(self, mode: str) -> None:
        """The keys that act in a mode first, then all."""
        self.push_screen(HelpScreen(Mode(mode), self._config.keymap))

    def on_walk_screen_lesson_chosen(self, message: WalkScreen.LessonChosen) -> None:
        """Opens another lesson in the place of the one that is open."""
        self._walk.leave(lambda: self._open(message.name))

    def on_practising_screen_asked(self, message: WalkScreen.Asked) -> None:
        """Asks for a gradient in the place of what is open."""
        self._walk.leave(lambda: self._open(self._lesson, message.asked))

    def _open(self, lesson: str, asked: Round | None = None) -> None:
        self.run_worker(partial(self._leave, self.backend, self._walk.session), thread=True)
        before = self.current_mode
        self._begin(lesson, asked)
        mode = f"lesson {self._number}"
        self.add_mode(mode, lambda: self._walk)  # the default screen cannot be switched, only left
        self.switch_mode(mode)
        if before.startswith("lesson"):
            self.remove_mode(before)
        self.call_after_refresh(self.backend.start)

    def on_backend_event(self, message: BackendEvent) -> None:
        """Hands an event of the current backend to the walk's screen; ends where the lesson cannot be run."""
        event = message.event
        if message.number != self._number:
            return
        if isinstance(event, Failed) and not self._walk.ready:
            self._fail_to_open(event.reason)
            return
        if isinstance(event, RunsUnlocked):
            self._warn(UNLOCKED.format(name=event.path.name), READING_TIME, "Not locked in")
        self._walk.apply(event)
        if isinstance(event, Opened):
            self.call_after_refresh(_settle_garbage)

    def _fail_to_open(self, reason: str) -> None:
        """Ends where a lesson cannot be run; where practice cannot, goes on with what else is due, or with a lesson."""
        if self._asked is None:
            self.failure = reason
            self.exit(2, return_code=2)
            return
        self._practice.keeper.skip(self._asked)
        self._warn(f"{reason}. It is left out for now", title=PRACTICE)
        self._open(self._lesson, self._practice.keeper.next_round(other_sizes=self._config.settings.other_sizes))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Textual's own commands, those of the command table, and the lessons."""
        unoffered = ("Keys", "Screenshot") if self.is_web else ("Keys",)  # Help has the keys; a browser takes pictures
        yield from (each for each in super().get_system_commands(screen) if each.title not in unoffered)
        for command in self._config.keymap.commands:
            if not command.action.startswith("app."):
                keys = " or ".join(filter(None, (command.walk_keys, command.everywhere)))
                yield SystemCommand(command.title, f"key: {keys}", partial(self._walk.run_action, command.action))
        session = self._walk.session
        for lesson in session.catalogue if session else ():
            yield SystemCommand(f"Lesson: {lesson.name}", lesson.full_description, self._opening(lesson.name))

    def action_command_palette(self) -> None:
        """All commands, to be searched."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(Palette())

    def _opening(self, name: str) -> Callable[[], None]:
        return lambda: self.on_walk_screen_lesson_chosen(WalkScreen.LessonChosen(name))

    def close(self) -> str:
        """Ends the open lesson; a sentence on answers that could not be saved, empty where there are none."""
        with self._closing_lock:  # what ends the app may come twice
            if self._rest is None:
                self.backend.close()
                self._rest = rescued(self.backend.unsaved, self._walk.session)
            return self._rest

    def _leave(self, backend: Backend, session: Session | None) -> None:
        """Ends a lesson that another one has taken the place of."""
        backend.close()
        if rest := rescued(backend.unsaved, session):
            self.call_from_thread(self._warn, rest, READING_TIME)

    def _tell_not_kept(self, title: str, sentence: str) -> None:
        self.post_message(NotKept(sentence, title))

    def _post(self, event: Event, number: int) -> None:
        self.post_message(BackendEvent(event, number))


def _settle_garbage() -> None:
    """From here on a collection visits only new objects: a full one takes longer than a key may."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)
    gc.enable()


def run(lesson: str, solutions: Path, options: Options, *, practise: bool = False, in_browser: bool = False) -> int:
    """Runs the app to its end.

    To ``practise`` begins with what is due in the deck, if anything is. ``in_browser``: standard input and output are
    pipes to a server that has a browser paint. Raises UsageError for a solutions file that cannot be used, before
    anything is painted, and for a lesson that cannot be opened.
    """
    check_solutions(solutions, lesson)
    sys.setswitchinterval(SWITCH_INTERVAL)
    tell_alt_enter()
    gc.disable()  # until the lesson is open: what is made before then stays
    config = Config.opened(config_path(), Known(THEMES, TABS))
    driver = None
    if in_browser:
        from ninja_tui.tui import browser  # a terminal's app begins without

        config.keymap, driver = browser.in_browser(config.keymap), browser.BrowserDriver
    keeper = DeckKeeper.opened(deck_path())
    practice = Practice(
        keeper,
        lambda asked, emit: ProcessBackend(asked.lesson, solutions, options, emit, asked),
        keeper.next_round(other_sizes=config.settings.other_sizes) if practise else None,
    )
    app = NinjaApp(
        lesson,
        lambda name, emit: ProcessBackend(name, solutions, options, emit),
        config,
        this_terminal(),
        practice,
        driver=driver,
    )
    with Ending(app.end, app.close) as ending:
        app.on_terminal_lost = partial(ending.begin, signal.SIGHUP)
        try:
            app.run()
        except Exception as error:  # while Textual itself begins or ends
            app.crash = app.crash or error
        rest = app.close()
    if ending.number == signal.SIGHUP:
        leave_terminal()
    if rest:
        say(rest)
    config.tell = keeper.tell = say
    config.close()
    keeper.close()
    if ending.number:
        return ending.exit_code
    if app.crash is not None:
        raise told(app.crash, f"Your answers are in {solutions}." if solutions.exists() and not rest else "")
    if app.return_code == 2:
        raise UsageError(app.failure)
    return app.return_code or 0
