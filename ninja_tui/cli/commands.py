"""What each command does. What it needs is imported where it runs: a short answer is to be a quick one."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ninja_tui.cli.arguments import Arguments, Command
from ninja_tui.cli.exit_codes import Exit
from ninja_tui.cli.requests import check_trained, options_of, request_of, session_options, word_list
from ninja_tui.errors import UsageError
from ninja_tui.formatting import one_line

if TYPE_CHECKING:
    from ninja_tui.lesson.practice.deck import Deck
    from ninja_tui.replay import Report, Request


def run(arguments: Arguments) -> int:
    """Does what was asked for; answers with the exit code. Raises UsageError."""
    if arguments.completion is not None:
        return _completion(arguments.completion)
    _check_lesson(arguments)
    match arguments.command:
        case Command.LIST:
            return _list(arguments)
        case Command.CHECK:
            return _check(arguments)
        case Command.REPLAY:
            return _replay(arguments)
        case Command.TRAIN:
            return _train(arguments)
        case Command.EXPLAIN:
            return _explain(arguments)
        case Command.PRACTICE:
            return _practice(arguments)
        case Command.EXPORT:
            return _export(arguments)
        case Command.DOCTOR:
            return _doctor()
        case Command.SERVE:
            return _serve(arguments)
        case Command.OPEN:
            return _app(arguments)


def _completion(shell: str) -> int:
    from ninja_tui.cli.completion import shell_code

    print(shell_code(shell))
    return Exit.ALL_PASS


def _check_lesson(arguments: Arguments) -> None:
    """Raises UsageError for a ``--lesson`` that is none.

    With a notebook of one's own it may be one of that notebook's backward passes, to be trained: ``mine:2``.
    """
    if arguments.lesson is None:
        return
    from ninja_tui.lesson.classify import locate

    own = {path.stem for path in arguments.files if path.suffix == ".ipynb"}
    if re.sub(r":\d+$", "", arguments.lesson) not in own:
        locate(arguments.lesson)


def _list(arguments: Arguments) -> int:
    from ninja_tui.lesson.catalogue import by_chapter, lesson_summaries

    deck, today = _deck(), date.today()
    lessons = lesson_summaries(arguments.solutions)
    width = max(len(lesson.name) for lesson in lessons)
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for chapter, in_it in by_chapter(lessons):
        print(chapter)
        for lesson in in_it:
            count = f"{lesson.answered:>2} of {lesson.asked:>2} answered"
            if deck.cards:
                progress = deck.progress(lesson.name, today, lesson.nodes)
                passed = min(progress.passed, lesson.asked)  # a card may be of a node that is asked for no more
                count += f"  {passed:>2} passed" if passed else " " * 11
                count += f"  {progress.due:>2} due" if progress.due else " " * 8
            start = f"  {lesson.name:{width}}  {count}   "
            print(start + _fitted(lesson.description, columns and columns - len(start)))
    return Exit.ALL_PASS


def _fitted(text: str, room: int | None) -> str:
    """``text``, cut where a terminal would break the line: a lesson is one line of the list."""
    return text if room is None or len(text) <= room else f"{text[: max(room - 3, 0)].rstrip()}..."


def _deck() -> Deck:
    """The deck of practice; what is wrong with its file is told."""
    from ninja_tui.lesson.practice.deck_file import deck_path, read_deck

    reading = read_deck(deck_path())
    if reading.problem:
        print(f"ninja-tui: {one_line(reading.problem)}", file=sys.stderr)
    return reading.deck


def _practice(arguments: Arguments) -> int:
    from ninja_tui.lesson.open import gone
    from ninja_tui.lesson.practice.deck import nothing_due

    deck, today = _deck(), date.today()
    deck = deck.without(gone(deck, today))
    if deck.due(today):
        return _app(arguments, practise=True)
    print(nothing_due(deck, today))
    return Exit.ALL_PASS


def _check(arguments: Arguments) -> int:
    from ninja_tui.check import check
    from ninja_tui.cli.printing import warn_where_unlocked
    from ninja_tui.lesson.read import is_bundled

    lesson, findings = check(str(arguments.check), options_of(arguments, word_list(arguments)))
    for finding in findings:
        print(one_line(f"{lesson.name}: {finding}"))
    if not is_bundled(lesson.path):
        warn_where_unlocked()
    if findings:
        return Exit.NOT_ALL_PASS
    asked = len(lesson.asks)
    print(f"{one_line(lesson.name)}: nothing is wrong with it; {asked} gradient{'s' if asked != 1 else ''} to find")
    return Exit.ALL_PASS


def _replay(arguments: Arguments) -> int:
    from ninja_tui.engine.workers.client import start_server

    start_server()  # PyTorch loads there while the rest of this loads here
    from ninja_tui.cli.replaying import replay

    return replay(arguments)


def _export(arguments: Arguments) -> int:
    from ninja_tui.engine.workers.client import start_server

    start_server()
    from ninja_tui.cli.exporting import export

    return export(arguments)


def _train(arguments: Arguments) -> int:
    check_trained(arguments)
    request = request_of(arguments)
    from ninja_tui.engine.workers.client import start_server

    start_server()
    from ninja_tui.cli.printing import warn_where_unlocked
    from ninja_tui.replay import replay
    from ninja_tui.report.display import Display

    with Display(1) as display:
        report = replay(request, display.show)
    if arguments.train is not None and report.files[0].error is None:
        report = _trained(report, request, arguments)
    _print(report, arguments)
    warn_where_unlocked()
    (file,) = report.files
    if file.error is not None:
        return Exit.FAILED if file.internal else Exit.UNUSABLE
    stopped = report.training is not None and report.training.outcome.stop is not None
    return Exit.ALL_PASS if file.status == "pass" and not stopped else Exit.NOT_ALL_PASS


def _print(report: Report, arguments: Arguments) -> None:
    """The report: as JSON, or for people; errors go to stderr, and notes where there is JSON on stdout."""
    from ninja_tui.report.as_json import json_text
    from ninja_tui.report.files import written

    if arguments.json == "-":
        sys.stdout.write(json_text(report))
    else:
        from ninja_tui.report.as_text import Detail, print_report

        print_report(report, Detail.ALL if arguments.verbose else Detail.FAILURES)
        if arguments.json is not None:
            with written(Path(arguments.json)) as stream:
                stream.write(json_text(report))
    from ninja_tui.report.page import print_error

    for file in report.files:
        if arguments.json == "-":
            for note in file.notes:
                print_error(f"{file.path}: {note}")
        if file.error is not None:
            print_error(file.error, file.excerpt)


def _trained(report: Report, request: Request, arguments: Arguments) -> Report:
    from ninja_tui.engine.training.config import Backward, Plan, Wrong
    from ninja_tui.replay import train
    from ninja_tui.report.training_bar import TrainingBar

    backward, wrong = Backward(arguments.backward), Wrong(arguments.wrong)
    plan = Plan(arguments.train or 0, backward=backward, wrong=wrong, names=arguments.sample)
    with TrainingBar(plan.steps) as bar:
        return replace(report, training=train(report.files[0], request, plan, bar.show, bar.warn))


def _explain(arguments: Arguments) -> int:
    from ninja_tui.report.as_explanation import print_explanation, print_names

    if arguments.kind is None:
        print_names()
    else:
        print_explanation(arguments.kind)
    return Exit.ALL_PASS


def _doctor() -> int:
    from ninja_tui.doctor import diagnose
    from ninja_tui.engine.workers.client import WorkerError
    from ninja_tui.report.as_diagnosis import print_diagnosis

    try:
        diagnosis = diagnose()
    except WorkerError as error:
        raise UsageError(str(error)) from None
    print_diagnosis(diagnosis)
    return Exit.ALL_PASS if diagnosis.is_protected else Exit.NOT_ALL_PASS


def _serve(arguments: Arguments) -> int:
    from ninja_tui.cli.serving import serve

    return serve(arguments)


def _app(arguments: Arguments, *, practise: bool = False) -> int:
    lesson = arguments.path or arguments.lesson or "names"
    if lesson == "-":
        raise UsageError("the app reads keys from standard input, and no file; `ninja-tui replay -` reads one")
    options = session_options(arguments, lesson)
    if not arguments.in_browser and not (sys.stdin.isatty() and sys.stdout.isatty()):
        if practise:
            raise UsageError("gradients are due, and the app, which asks for them, needs a terminal")
        raise UsageError("the app needs a terminal; to check saved answers use `ninja-tui replay FILE`")
    os.environ.setdefault("TEXTUAL_FPS", "500")  # a verdict is painted after its key: it is not to wait for a frame
    from ninja_tui.tui.app import run as run_app

    return run_app(lesson, arguments.solutions, options, practise=practise, in_browser=arguments.in_browser)
