"""A Report for people, as rustc and pytest print: passes are quiet, and a failure comes with its code."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from pathlib import Path

from ninja_tui.engine.evaluate.program import Comparison
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.errors import Excerpt
from ninja_tui.formatting import number_text, shape_text
from ninja_tui.lesson.locations import Prompts, cell_and_line, place
from ninja_tui.lesson.model import gradient_name
from ninja_tui.replay import FileReport, LessonReport, Report, TrainingReport
from ninja_tui.report.caret import meant
from ninja_tui.report.page import Page
from ninja_tui.report.records import Tally, record_of
from ninja_tui.report.sentences import about_warnings, sentences_on
from ninja_tui.report.table import STYLES, print_table

MOST_ADRIFT = 4


class Detail(enum.Enum):
    """How much is told: what is not right, or a table of all answers and a note on each as well."""

    FAILURES = enum.auto()
    ALL = enum.auto()


def print_report(report: Report, detail: Detail) -> None:
    """Prints a section for each lesson of each file, and the training."""
    page = Page()
    for file in report.files:
        print_file(page, file, detail)
    print_total(page, Tally.of(map(record_of, report.files)))
    if report.training is not None:
        _print_training(report.training, page)


def print_file(page: Page, file: FileReport, detail: Detail) -> None:
    """Prints a section for each lesson of a file."""
    for lesson in file.lessons:
        _Section(page, file, lesson).print(detail)
    for note in file.notes:
        page.line((f"{page.signs.warning} ", "yellow"), (f"note: {note}", "yellow"))


def print_total(page: Page, tally: Tally) -> None:
    """Prints what several files, or lessons, come to."""
    if tally.files > 1:
        between = f" {page.signs.note} "
        counts: list[str | tuple[str, str]] = []
        for status, count in sorted(tally.by_status.items(), key=lambda each: list(Status).index(each[0])):
            counts += [between if counts else "   ", (f"{count} {status}", STYLES[status])]
        page.line((f"{tally.files} files", "bold"), *counts)
    if tally.lessons > 1:
        style = "bold green" if tally.passed == tally.total else "bold"
        page.line((f"{tally.passed} of {tally.total} pass in all", style))


class _Section:
    """What is told of a file's answers to one lesson."""

    def __init__(self, page: Page, file: FileReport, lesson: LessonReport) -> None:
        self._page, self._lesson = page, lesson
        room = page.width
        self._path = file.path if room is None or len(file.path) <= room // 2 else Path(file.path).name

    def print(self, detail: Detail) -> None:
        """Prints the summary, then what is not right, what is worth a word, and what is missing."""
        lesson = self._lesson
        self._summary()
        if detail is Detail.ALL:
            print_table(self._page, lesson)
        for verdict in lesson.verdicts:
            if verdict.status not in (Status.PASS, Status.MISSING) and lesson.has_judged(verdict):
                self._failure(verdict)
        self._stopped([verdict.gradient for verdict in lesson.verdicts if not lesson.has_judged(verdict)])
        passed = [verdict for verdict in lesson.verdicts if verdict.passed]
        self._warnings([verdict for verdict in passed if verdict.warnings])
        self._missing([verdict.gradient for verdict in lesson.verdicts if verdict.status is Status.MISSING])
        if detail is Detail.ALL:
            for verdict in passed:
                if verdict.note:
                    self._note(f"{self._place(verdict)}  {verdict.gradient}: {verdict.note}")
        else:
            self._folded_notes(passed)
        self._adrift([verdict for verdict in passed if verdict.adrift])
        self._comparisons(lesson.comparisons, detail)
        if lesson.revealed:
            self._note(f"revealed, not found: {', '.join(map(gradient_name, sorted(lesson.revealed)))}")

    def _summary(self) -> None:
        lesson, between = self._lesson, f" {self._page.signs.note} "
        counts: list[str | tuple[str, str]] = []
        for status in Status:
            count = sum(verdict.status is status for verdict in lesson.verdicts)
            if count and status is not Status.PASS:
                counts += [between, (f"{count} {status}", STYLES[status])]
        exact = len({verdict.node for verdict in lesson.verdicts if verdict.exact and verdict.passed})
        done = f"{lesson.passed} of {lesson.total} pass"
        style = "bold green" if lesson.passed == lesson.total else "bold"
        name = "" if lesson.lesson == Path(self._path).stem else f"  {lesson.lesson}"
        self._page.line((self._path, "bold"), f"{name}   ", (done, style), *counts, f"{between}{exact} exact")

    def _failure(self, verdict: Verdict) -> None:
        page, excerpts = self._page, meant(self._lesson.code_of(verdict), verdict)
        column = f":{excerpts[0].start + 1}" if verdict.raised is not None and excerpts else ""
        facts = [
            "" if verdict.status is Status.FAIL else str(verdict.status),
            "" if verdict.maxdiff is None else number_text(verdict.maxdiff),
            "" if verdict.diagnosis is None else str(verdict.diagnosis.kind),
            *map(str, verdict.warnings),
        ]
        sign = (f"{page.signs.failed} ", STYLES[verdict.status])
        where = f"{self._place(verdict, excerpts)}{column if not self._lesson.starts else ''}"
        page.line(sign, (where, "bold"), f"  {_name(verdict)}", *(f"  {fact}" for fact in facts if fact), hang=4)
        sentences = self._sentences(verdict)
        first = (sentences[0] if sentences else "", "yellow")
        if excerpts:
            numbers = [cell_and_line(each.line, self._lesson.starts)[1] for each in excerpts]
            page.excerpts(excerpts, numbers, first)
        else:
            page.below(first)
        for sentence in sentences[1:]:
            page.below(sentence)
        for fact in _columns(verdict):
            page.below((fact, "dim"))

    def _sentences(self, verdict: Verdict) -> list[str]:
        """What is wrong, then what else there is to know; an error's own line is told before it."""
        sentences = sentences_on(verdict)
        if verdict.raised is not None and sentences:
            sentences[0] = sentences[0].removeprefix(f"{place(verdict.raised.line, self._lesson.starts)}: ")
        return sentences

    def _warnings(self, verdicts: Sequence[Verdict]) -> None:
        """What is worth a word beside a pass: one line for all to which the same applies."""
        groups: dict[str, list[Verdict]] = {}
        for verdict in verdicts:
            groups.setdefault(_warning_words(verdict), []).append(verdict)
        for words, group in groups.items():
            where = self._place(group[0]) if len(group) == 1 else self._path
            names = ", ".join(map(_name, group))
            sign = (f"{self._page.signs.warning} ", "yellow")
            self._page.line(sign, (where, "bold"), f"  {names}  ", (words, "yellow"), hang=4)

    def _stopped(self, gradients: Sequence[str]) -> None:
        """The answers for which no time was left: one line for all."""
        if gradients:
            words = f"{len(gradients)} {self._lesson.stopped}: {', '.join(gradients)}"
            self._page.line((f"{self._page.signs.failed} {words}", STYLES[Status.TIMEOUT]))

    def _missing(self, gradients: Sequence[str]) -> None:
        if gradients:
            self._page.line((f"{self._page.signs.missing} {len(gradients)} missing: {', '.join(gradients)}", "dim"))

    def _folded_notes(self, passed: Iterable[Verdict]) -> None:
        """The notes on answers that pass: a line for each sentence, and one for all that are rounded otherwise."""
        groups: dict[str, list[str]] = {}
        rounded = 0
        for verdict in passed:
            if verdict.note is None or verdict.adrift or verdict.note in about_warnings(verdict):
                continue
            if verdict.vacuous or verdict.exact or verdict.maxdiff is None or not verdict.approximate:
                groups.setdefault(verdict.note, []).append(verdict.gradient)
            else:
                rounded += 1
        for sentence, gradients in groups.items():
            self._note(f"{', '.join(gradients)}: {sentence}")
        if rounded:
            differ = "answer differs" if rounded == 1 else "answers differ"
            listed = "-v lists it" if rounded == 1 else "-v lists them"
            self._note(f"{rounded} {differ} in the last bits only: rounding, not your maths ({listed})")

    def _adrift(self, verdicts: Sequence[Verdict]) -> None:
        """What training would see: right answers that get a wrong upstream gradient from one before them."""
        if not verdicts:
            return
        names = [verdict.gradient for verdict in verdicts]
        some = ", ".join(names[:MOST_ADRIFT]) + (f" and {len(names) - MOST_ADRIFT} more" * (len(names) > MOST_ADRIFT))
        self._note(f"right, but off in training, because an upstream gradient is wrong: {some}")

    def _comparisons(self, comparisons: Sequence[Comparison], detail: Detail) -> None:
        """What the file's own calls of ``cmp`` give; those that are exact are quiet."""
        quiet = [] if detail is Detail.ALL else [each for each in comparisons if each.exact]
        for each in comparisons:
            if each not in quiet:
                columns = f"exact: {each.exact}  approximate: {each.approximate}"
                where = place(each.line, self._lesson.starts)
                self._note(f"{where}: cmp {each.label}  {columns}  maxdiff: {number_text(each.maxdiff)}")
        if quiet:
            self._note(f"cmp is exact: {', '.join(each.label for each in quiet)}")

    def _note(self, words: str) -> None:
        self._page.line((f"{self._page.signs.note} {words}", "dim"))

    def _place(self, verdict: Verdict, excerpts: Sequence[Excerpt] = ()) -> str:
        """``mist.py:6``; ``mine.ipynb, cell 3, line 2``; ``In [3], line 2``; the file alone for what stands nowhere.

        Among cells it is the place of ``excerpts``, the code that is shown, whose numbers count in theirs.
        """
        line = verdict.line if verdict.raised is None else verdict.raised.line
        if self._lesson.starts and excerpts:
            line = excerpts[0].line
        if line is None:
            return self._path
        if isinstance(self._lesson.starts, Prompts):
            return place(line, self._lesson.starts)
        return f"{self._path}, {place(line, self._lesson.starts)}" if self._lesson.starts else f"{self._path}:{line}"


def _name(verdict: Verdict) -> str:
    """``dprobs``; ``dh of h[t=2]`` where the name does not tell the tensor."""
    if verdict.gradient in (verdict.node, gradient_name(verdict.node)):
        return verdict.gradient
    return f"{verdict.gradient} of {verdict.node}"


def _warning_words(verdict: Verdict) -> str:
    """``shape: a gradient has its tensor's shape …``: the warnings beside a pass, and what there is to say on them."""
    words = ", ".join(map(str, verdict.warnings))
    beside = "; ".join(sentence for sentence in sentences_on(verdict) if sentence != verdict.note)
    if beside.startswith(words.replace("-", " ")):
        return beside
    return f"{words}: {beside}" if beside else words


def _columns(verdict: Verdict) -> list[str]:
    """What the columns of ``cmp`` show of a failure beside its difference."""
    facts = []
    if verdict.shape not in (None, verdict.expected_shape):
        facts.append(f"shape {shape_text(verdict.shape)}, and {verdict.node} is {shape_text(verdict.expected_shape)}")
    if verdict.approximate:
        facts.append(f"exact {'yes' if verdict.exact else 'no'}, approximate yes")
    return facts


def _print_training(training: TrainingReport, page: Page) -> None:
    done = training.outcome
    speed = f"{done.steps:,} steps in {done.seconds:.1f} s ({done.steps_per_second:,.0f} a second)"
    page.line((f"trained {training.lesson}, {done.side} backward pass: {speed}", "bold"))
    if done.stop is not None:
        where = f", line {done.stop.line}: {done.stop.code}" if done.stop.line else ""
        page.line((f"stopped at step {done.stop.step:,}: {done.stop.message}{where}", "bold red"))
    losses = [f"{name} {value:.4f}" for name, value in (("train", done.train_loss), ("val", done.val_loss)) if value]
    if losses:
        page.line(f"loss: {', '.join(losses)}")
    for name in training.names:
        page.line(name)
