"""From arguments to what is asked of a lesson, and of a replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ninja_tui.cli.arguments import Arguments
from ninja_tui.errors import UsageError

if TYPE_CHECKING:
    from ninja_tui.engine.evaluate.bench import Options
    from ninja_tui.replay import Request


def options_of(arguments: Arguments, served: tuple[tuple[str, str], ...] = ()) -> Options:
    """The choices of a session. Raises UsageError."""
    from ninja_tui.engine.evaluate.bench import Options
    from ninja_tui.lesson.read import read_text

    if arguments.setup is not None:
        read_text(arguments.setup, "the set-up file")  # whatever is opened, a missing one is an error
    return Options(arguments.seed, served, arguments.data, arguments.setup, arguments.part)


def word_list(arguments: Arguments) -> tuple[tuple[str, str], ...]:
    """The word list of --data, in the place of all that a lesson reads. Raises UsageError."""
    from ninja_tui.lesson.words import EVERY_LIST, word_list_text

    return () if arguments.data is None else ((EVERY_LIST, word_list_text(arguments.data)),)


def session_options(arguments: Arguments, lesson: str) -> Options:
    """The choices of a session of the app with ``lesson``. Raises UsageError, also where there is no such lesson."""
    from ninja_tui.lesson.classify import BundledLesson, locate

    place = locate(lesson)
    reads_words = isinstance(place, BundledLesson) or place.is_dir()  # another file may read data of any form
    return options_of(arguments, word_list(arguments) if reads_words else ())


def request_of(arguments: Arguments) -> Request:
    """What is to be replayed. Raises UsageError."""
    options = options_of(arguments)
    from ninja_tui.lesson.files import STDIN
    from ninja_tui.replay import Limits, Request

    paths = tuple(STDIN if str(path) == "-" else path for path in arguments.files)
    return Request(
        paths,
        arguments.lesson,
        options,
        arguments.timeout,
        strict=arguments.strict,
        limits=Limits(
            setup=arguments.setup_timeout,
            file=arguments.file_timeout,
            run=None if arguments.watch else arguments.run_timeout,  # which has no end of its own
        ),
        jobs=arguments.jobs,
        trust=arguments.trust,
        watch=arguments.watch,
    )


def check_trained(arguments: Arguments) -> None:
    """Raises UsageError where there is not one file to train."""
    if not arguments.files:
        raise UsageError("`ninja-tui train` needs a file of answers; the lesson opens by `ninja-tui --lesson train`")
    if len(arguments.files) > 1:
        raise UsageError("one file is trained at a time")
    if arguments.files[0].is_dir():
        raise UsageError(f"{arguments.files[0]} is a directory, not a file: one file is trained at a time")
