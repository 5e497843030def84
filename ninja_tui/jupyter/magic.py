"""The magic ``%ninja`` in one session of IPython, and what it knows of the cells that have run."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from IPython.core.error import UsageError as Refusal
from IPython.display import display

from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.engine.workers.client import start_server, stop_server
from ninja_tui.errors import UsageError
from ninja_tui.jupyter.arguments import Arguments, help_text, read_arguments
from ninja_tui.jupyter.attempts import newest
from ninja_tui.jupyter.history import Executed, before_magic, history_of, names_touched, with_left_out
from ninja_tui.jupyter.shown import Judged
from ninja_tui.jupyter.watching import Watched
from ninja_tui.lesson.notebook.cells import session_source
from ninja_tui.replay import Request, replay_session

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

NAME = "ninja"
NOTHING_RUN = (
    "nothing has run in this session yet: run the cells with the forward pass, loss.backward() and your gradients, "
    "then %ninja; after a restart of the kernel, run them again"
)
NO_LOSS = "; what counts are the cells that have run since the kernel started, with forward pass and loss.backward()"
INTERRUPTED = "interrupted: nothing was judged"


@dataclass
class _Cell:
    """What is known of a cell beside its code."""

    cell_id: str | None = None
    stopped: int | None = None


class Ninja:
    """``%ninja`` of one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._cells: dict[int, _Cell] = {}
        self._running: _Cell | None = None
        self._watched: Watched | None = None
        self._watching = Arguments()

    def load(self) -> None:
        """Adds the magic; PyTorch begins to load in the process from which workers are forked."""
        self._shell.magics_manager.register_function(self.ninja, "line", NAME)
        self._shell.events.register("pre_run_cell", self._begins)
        self._shell.events.register("post_run_cell", self._ends)
        start_server()

    def unload(self) -> None:
        """Takes the magic away, and ends all processes."""
        self._shell.events.unregister("pre_run_cell", self._begins)
        self._shell.events.unregister("post_run_cell", self._ends)
        self._shell.magics_manager.magics["line"].pop(NAME, None)
        stop_server()

    def ninja(self, line: str) -> Judged | None:
        """Judges the gradients that this session has computed so far; ``%ninja --help`` tells what there is."""
        try:
            arguments = read_arguments(line)
            if arguments.help:
                print(help_text(), end="")
                return None
            return self._answer(arguments)
        except UsageError as error:
            raise Refusal(str(error)) from None
        except KeyboardInterrupt:
            raise Refusal(INTERRUPTED) from None

    def _answer(self, arguments: Arguments) -> Judged | None:
        if arguments.watch is False:
            self._watched = None
            print("cells are not watched any more")
            return None
        cells = self._executed()
        if arguments.watch:
            self._watched, self._watching = Watched(), arguments
            print("gradients are judged after each cell from now on; %ninja --no-watch ends it")
            if not cells:
                return None
        judged = self._judged(cells, arguments)
        if self._watched is not None:
            self._watched.see(judged.report)
        return judged.of_nodes(arguments.nodes) if arguments.nodes and judged.report.error is None else judged

    def _judged(self, cells: list[Executed], arguments: Arguments) -> Judged:
        """The session judged in another process. Raises UsageError where there is nothing to judge."""
        history = history_of(cells)
        if history.is_empty:
            raise UsageError(NOTHING_RUN)
        request = Request(
            (),
            options=Options(data=arguments.data, differences=True),
            timeout=arguments.timeout,
            strict=arguments.strict,
        )
        report = replay_session(session_source(history.codes), request)
        if report.error is not None and not report.internal:
            goes_back = any("backward(" in code or "grad(" in code for code in history.codes.values())
            raise UsageError(report.error if goes_back else f"{report.error}{NO_LOSS}")
        report = replace(report, notes=with_left_out(report.notes, history.notes))
        return Judged(report if arguments.verbose else newest(report, cells), detailed=arguments.verbose)

    def _executed(self) -> list[Executed]:
        """The cells that ran, and of the one that runs what stands above the magic."""
        codes = self._codes()
        last = len(codes) - 1
        known = self._cells if self._running is None else {**self._cells, last: self._running}
        nothing = _Cell()
        return [
            Executed(number, code, cell.cell_id, cell.stopped)
            for number, code in enumerate(codes)
            if code.strip()
            for cell in [known.get(number, nothing)]
        ]

    def _codes(self) -> list[str]:
        """The code of each prompt, by its number."""
        codes: list[str] = [*getattr(self._shell.history_manager, "input_hist_raw", [])]
        if self._running is not None:
            codes[-1] = before_magic(codes[-1])
        return codes

    def _begins(self, info: ExecutionInfo) -> None:
        """A cell is about to run; those that leave no history, as what a widget runs, are passed over."""
        self._running = _Cell(info.cell_id) if info.store_history and not info.silent else None

    def _ends(self, result: ExecutionResult) -> None:
        """A cell has run."""
        cell, self._running = self._running, None
        if cell is None:
            return
        if not result.success:
            cell.stopped = _line_that_raised(result, self._shell)
        self._cells[len(self._codes()) - 1] = cell
        if self._watched is not None:
            names = names_touched(_code_of(result))
            if any(_is_tensor(self._shell.user_ns.get(name)) for name in names) or (names and not result.success):
                self._watch(self._watched)

    def _watch(self, watched: Watched) -> None:
        """Judges the session, after a cell that bound or changed a tensor, or could not; tells what is new."""
        try:
            judged = self._judged(self._executed(), self._watching)
        except UsageError:
            return  # there is no backward pass yet
        except KeyboardInterrupt:
            print(INTERRUPTED, file=sys.stderr)
            return
        news = watched.see(judged.report)
        if news.changed:
            display(judged.of_verdicts(news.changed))  # type: ignore[no-untyped-call]  # IPython has no types for it
        else:
            print(news.summary)


def _is_tensor(value: object) -> bool:
    """Whether a value is a tensor, or holds some, as a list or a dict of gradients does."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else (value,)
    return any(isinstance(each, torch.Tensor) for each in inside)


def _code_of(result: ExecutionResult) -> str:
    return "" if result.info is None else str(result.info.raw_cell)


def _line_that_raised(result: ExecutionResult, shell: InteractiveShell) -> int:
    """The line of a cell that raised, from 1; 0 where nothing of it ran."""
    error = result.error_in_exec
    if error is None:
        return 0
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals is not shell.user_global_ns:
        trace = trace.tb_next
    above = _code_of(result).lstrip().startswith("%%")  # the magic of a cell is no line of its code
    return 1 if trace is None else trace.tb_lineno + above
