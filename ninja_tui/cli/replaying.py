"""``ninja-tui replay``: files judged, printed in their order, and written, once or whenever they are saved."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from pathlib import Path

from ninja_tui.cli.arguments import Arguments
from ninja_tui.cli.exit_codes import Exit
from ninja_tui.cli.outputs import STDOUT, Outputs
from ninja_tui.cli.printing import Printer, warn_where_unlocked
from ninja_tui.cli.requests import request_of
from ninja_tui.cli.signals import Interrupt, interruptible
from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.errors import UsageError
from ninja_tui.lesson.files import is_reachable_folder
from ninja_tui.replay import Jobs, Request, Submission, digest_of, find
from ninja_tui.report.as_json import Json, read_json, record_from
from ninja_tui.report.as_text import Detail
from ninja_tui.report.display import Display
from ninja_tui.report.page import Page, print_error
from ninja_tui.report.records import FileRecord, Tally, record_of
from ninja_tui.report.results import Results

TRUSTING = "; --trust says that this is meant"
POLL = 0.3
"""Seconds between two looks at whether a file was saved."""
Stamps = dict[Path, tuple[int, int, int]]


def replay(arguments: Arguments) -> int:
    """Judges what was named; answers with the exit code. Raises UsageError."""
    request = request_of(arguments)
    outputs = Outputs.of(arguments, request)
    if len(request.paths) > 1 or is_reachable_folder(request.paths[0]) or arguments.resume is not None:
        outputs.about = _about(request)
    earlier = Results()
    if arguments.resume is not None:
        _read_earlier(arguments.resume, earlier, outputs.about)
    words = _Words()
    with Jobs(request, words.show) as jobs, interruptible(jobs.interrupt) as interrupt:
        run = _Run(arguments, request, outputs, words)
        while True:
            seen = _stamps(request.paths)
            tally, earlier = run.round(jobs, earlier)
            code = _exit_code(tally, interrupt, arguments)
            if not request.trust:
                warn_where_unlocked(TRUSTING)
            if not arguments.watch or interrupt.code is not None:
                return code
            print_error("judged again when a file is saved; Ctrl-C ends it")
            if not _changed(request.paths, seen, jobs):
                return code
            run.page.clear()


class _Words:
    """What is being waited for, shown by whichever display there is."""

    display: Display | None = None

    def show(self, words: str) -> None:
        """Shows it."""
        if self.display is not None:
            self.display.show(words)


class _Run:
    """Rounds of one run, each over all files that are there then."""

    def __init__(self, arguments: Arguments, request: Request, outputs: Outputs, words: _Words) -> None:
        self._arguments, self._request, self._outputs, self._words = arguments, request, outputs, words
        self.page = Page()

    def round(self, jobs: Jobs, earlier: Results) -> tuple[Tally, Results]:
        """Judges what ``earlier`` holds nothing of; what all files come to, and their records."""
        submissions = dict(enumerate(find(self._request.paths)))
        results, tally = Results(), Tally()
        printer = self._printer(len(submissions))
        for position, record in _known(submissions, earlier):
            del submissions[position]
            printer.skip(position, record)
            self._keep(position, record, results, tally)
        earlier.close()
        if tally.files:
            printer.note(f"{tally.files} of {tally.files + len(submissions)} files are as they were, and judged before")
        try:
            self._judge(jobs, submissions, results, tally, printer)
        except BaseException:
            with contextlib.suppress(UsageError):
                self._outputs.finish(results, tally, interrupted=True)
            raise
        self._outputs.finish(results, tally, interrupted=jobs.interrupted)
        printer.print_rest(tally)
        if jobs.interrupted:
            print_error(self._interrupted(tally, len(submissions)))
        return tally, results

    def _judge(
        self, jobs: Jobs, submissions: dict[int, Submission], results: Results, tally: Tally, printer: Printer
    ) -> None:
        with Display(tally.files + len(submissions)) as display:
            self._words.display = display
            for position, file in jobs.judged(submissions):
                record = record_of(file)
                printer.add(position, file, record)
                self._keep(position, record, results, tally)
                self._outputs.keep_up(results, tally)
                display.count(tally)
                if printer.has_some:
                    with display.away():
                        printer.print()
            self._words.display = None

    def _keep(self, position: int, record: FileRecord, results: Results, tally: Tally) -> None:
        results.add(position, record)
        tally.add(record)
        self._outputs.keep(record)

    def _printer(self, files: int) -> Printer:
        detail = Detail.ALL if self._arguments.verbose else Detail.FAILURES
        points = None if self._arguments.points is None else self._outputs.points
        return Printer(self.page, detail, points, quiet=self._outputs.json == STDOUT, several=files > 1)

    def _interrupted(self, tally: Tally, files: int) -> str:
        told = f"interrupted: {tally.files} of {max(files, tally.files)} files are judged"
        if self._outputs.json in (None, STDOUT) or not self._outputs.about:
            return told
        return f"{told}; go on with --resume {self._outputs.json}"


def _known(submissions: dict[int, Submission], earlier: Results) -> list[tuple[int, FileRecord]]:
    """What was judged before, and has not changed."""
    if not len(earlier):
        return []
    found = ((position, earlier.find(str(each.path), digest_of(each.path))) for position, each in submissions.items())
    return [(position, record) for position, record in found if record is not None]


def _about(request: Request) -> Json:
    """What a verdict depends on beside the file: a run is gone on with only where that is the same."""
    options = request.options
    return {
        "options": {
            "lesson": request.lesson,
            "seed": options.seed,
            "strict": request.strict,
            "timeout": request.timeout,
            "data": None if options.data is None else digest_of(options.data),
            "setup": None if options.setup is None else digest_of(options.setup),
        }
    }


def _read_earlier(path: Path, earlier: Results, about: Json) -> None:
    """Puts into ``earlier`` what the report in ``path`` holds. One that is not there yet holds nothing."""
    if not path.exists():
        print_error(f"{path} is not there yet: all files are judged")
        return
    report = read_json(path)
    before = report.get("options")
    if not isinstance(before, dict):
        raise UsageError(f"{path} is the report of a single file, and cannot be gone on with")
    other = [f"--{key}" for key, value in about["options"].items() if before.get(key) != value]
    if other:
        raise UsageError(f"{path} was made with another {' and '.join(other)}: name another file, or the same options")
    for position, told in enumerate(report["files"]):
        earlier.add(position, record_from(told))


def _exit_code(tally: Tally, interrupt: Interrupt, arguments: Arguments) -> Exit:
    if interrupt.code is not None:
        return interrupt.code
    if tally.internal:
        return Exit.FAILED
    if arguments.exit_zero or tally.by_status == {Status.PASS: tally.files}:
        return Exit.ALL_PASS
    return Exit.UNUSABLE if Status.ERROR in tally.by_status else Exit.NOT_ALL_PASS


def _stamps(paths: Iterable[Path]) -> Stamps:
    """What tells whether a file was saved."""
    stamps: Stamps = {}
    for each in find(paths):
        with contextlib.suppress(OSError, ValueError):
            state = each.path.stat()
            stamps[each.path] = state.st_mtime_ns, state.st_size, state.st_ino
    return stamps


def _changed(paths: Iterable[Path], seen: Stamps, jobs: Jobs) -> bool:
    """Waits until a file is other than it was ``seen``, and is so for a moment; False where the run is interrupted."""
    before = seen
    while not jobs.interrupted:
        now = _stamps(paths)
        if now != seen and now == before:
            return True
        before = now
        time.sleep(POLL)
    return False
