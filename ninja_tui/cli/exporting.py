"""``ninja-tui export``: a file's answers as a notebook, and as one page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ninja_tui.cli.arguments import STEPS, Arguments
from ninja_tui.cli.exit_codes import Exit
from ninja_tui.cli.printing import warn_where_unlocked
from ninja_tui.cli.requests import request_of
from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.engine.training.config import Plan
from ninja_tui.engine.training.events import Progress, TrainingEvent
from ninja_tui.errors import UsageError
from ninja_tui.export.notebook import notebook_of, notebook_of_script
from ninja_tui.export.page import Exported, page_of
from ninja_tui.export.word_lists import WordList
from ninja_tui.formatting import visible
from ninja_tui.lesson.files import is_reachable_folder
from ninja_tui.lesson.notebook.cells import is_notebook
from ninja_tui.replay import FileReport, LessonReport, Request, replay, train
from ninja_tui.report.display import Display
from ninja_tui.report.files import check_writable, written
from ninja_tui.report.page import Page, print_error
from ninja_tui.report.training_bar import TrainingBar
from ninja_tui.version import __version__


def export(arguments: Arguments) -> int:
    """Judges a file, and writes what was asked for; answers with the exit code. Raises UsageError."""
    outputs = _Outputs.of(arguments)
    request = request_of(arguments)
    request = replace(request, options=replace(request.options, differences=arguments.html is not None))
    with Display(1) as display:
        (file,) = replay(request, display.show).files
    if file.error is not None:
        print_error(file.error, file.excerpt)
        return Exit.FAILED if file.internal else Exit.UNUSABLE
    lessons = _chosen(file, arguments)
    book, lists = _notebook(file, lessons, arguments) if outputs.notebook is not None else ("", ())
    outputs.check_lists(lists)
    page = _page(file, lessons, request, arguments) if outputs.html is not None else ""
    _tell(lessons, outputs.write(book, lists, page))
    for note in file.notes:
        print_error(f"{file.path}: {note}")
    warn_where_unlocked()
    complete = not file.unjudged and all(lesson.passed == lesson.total for lesson in lessons)
    return Exit.ALL_PASS if complete else Exit.NOT_ALL_PASS


class _Outputs:
    """The files that are written, all of them or none, at the end."""

    def __init__(self, notebook: Path | None, html: Path | None, *, force: bool) -> None:
        self.notebook, self.html, self._force = notebook, html, force

    @staticmethod
    def of(arguments: Arguments) -> _Outputs:
        """What was asked for. Raises UsageError where it cannot be written, or would replace what is there."""
        if arguments.notebook is None and arguments.html is None:
            raise UsageError("what is to be written? --notebook FILE, --html FILE, or both")
        (source,) = arguments.files
        if is_reachable_folder(source):
            raise UsageError(f"{source} is a directory, not a file: one file is exported at a time")
        if arguments.notebook is not None and is_notebook(source):
            raise UsageError(f"{source} is a notebook already; --html FILE writes a page of it")
        outputs = _Outputs(arguments.notebook, arguments.html, force=arguments.force)
        paths = [path for path in (arguments.notebook, arguments.html) if path is not None]
        if len({path.resolve() for path in paths}) < len(paths):
            raise UsageError(f"the notebook and the page cannot both be {paths[0]}")
        for path in paths:
            if path.resolve() == source.resolve():
                raise UsageError(f"{path} is the file that is exported: name another one")
            outputs.check(path)
        return outputs

    def check(self, path: Path) -> None:
        """Raises UsageError where ``path`` cannot be written, or is there and is not to be replaced."""
        if path.is_file() and not self._force:
            raise UsageError(f"{path} is there already; --force writes over it")
        check_writable(path)

    def check_lists(self, lists: tuple[WordList, ...]) -> None:
        """Raises UsageError where another list stands beside the notebook under the name of one that it reads."""
        for each in lists:
            if not self._is_there(each):
                path = self._beside(each)
                if path.exists() and not self._force:
                    raise UsageError(
                        f"the notebook reads {each.name} in its folder, and {path} holds other words: "
                        "write it into another folder, or --force writes over it"
                    )
                check_writable(path)

    def write(self, book: str, lists: tuple[WordList, ...], page: str) -> list[Path]:
        """Writes all of it, each file whole; the paths."""
        texts = [(self._beside(each), each.text) for each in lists if not self._is_there(each)]
        texts += [(path, text) for path, text in ((self.notebook, book), (self.html, page)) if path is not None]
        for path, text in texts:
            with written(path) as stream:
                stream.write(text)
        return [path for path, _ in texts]

    def _beside(self, words: WordList) -> Path:
        assert self.notebook is not None
        return self.notebook.parent / words.name

    def _is_there(self, words: WordList) -> bool:
        try:
            return self._beside(words).read_bytes() == words.text.encode()
        except OSError:
            return False


def _chosen(file: FileReport, arguments: Arguments) -> tuple[LessonReport, ...]:
    """The lessons that are exported: the one that was named, or all."""
    if arguments.lesson is None:
        return file.lessons
    names = {arguments.lesson, Path(arguments.lesson).name}
    lessons = tuple(lesson for lesson in file.lessons if lesson.lesson in names)
    if not lessons:
        raise UsageError(f"{file.path} holds nothing for the lesson `{arguments.lesson}`")
    return lessons


def _notebook(
    file: FileReport, lessons: tuple[LessonReport, ...], arguments: Arguments
) -> tuple[str, tuple[WordList, ...]]:
    if file.network is not None:
        return notebook_of_script(file.network.source), ()
    if len(lessons) > 1:
        names = ", ".join(lesson.lesson for lesson in lessons)
        raise UsageError(f"{file.path} answers {len(lessons)} lessons, and a notebook holds one: --lesson {names}")
    return notebook_of(lessons[0], arguments.sample)


def _page(file: FileReport, lessons: tuple[LessonReport, ...], request: Request, arguments: Arguments) -> str:
    """The page, with a training: of a network of one's own only where its steps were asked for."""
    steps = arguments.train if arguments.train is not None else 0 if file.network is not None else STEPS
    exported = Exported(file, lessons)
    return page_of(_trained(exported, request, steps, arguments.sample) if steps else exported, __version__)


def _trained(exported: Exported, request: Request, steps: int, names: int) -> Exported:
    endless = [
        verdict.gradient
        for lesson in exported.lessons
        for verdict in lesson.verdicts
        if verdict.status is Status.TIMEOUT
    ]
    if endless:
        return replace(exported, untrained=f"nothing was trained: {', '.join(endless)} found no end")
    remarks: list[str] = []
    try:
        with TrainingBar(steps) as bar:
            listener = _OnlySteps(bar)
            done = train(exported.file, request, Plan(steps, names=names), listener, remarks.append)
            return replace(exported, training=done, remarks=tuple(remarks))
    except UsageError as error:
        return replace(exported, untrained=f"nothing was trained: {error}")


class _OnlySteps:
    """Moves a bar, and says nothing of how the steps are run."""

    def __init__(self, bar: TrainingBar) -> None:
        self._bar = bar

    def __call__(self, event: TrainingEvent) -> None:
        """An event of the training."""
        if isinstance(event, Progress):
            self._bar.show(event)


def _tell(lessons: tuple[LessonReport, ...], paths: list[Path]) -> None:
    """What was judged, and what was written, a line each."""
    page = Page()
    for lesson in lessons:
        style = "bold green" if lesson.passed == lesson.total else "bold"
        page.line((lesson.lesson, "bold"), "  ", (f"{lesson.passed} of {lesson.total} pass", style))
    for path in paths:
        print("wrote", visible(str(path)))  # in one line, however long: it is to be copied
