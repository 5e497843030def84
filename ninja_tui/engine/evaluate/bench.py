"""The workbench: a lesson's reference worker and its runners, driven from a process that has no PyTorch."""

from __future__ import annotations

import contextlib
import math
import pathlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import msgspec

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.verdict import Diagnosis, Path, Status, Verdict, Warning
from ninja_tui.engine.protocol.views import TensorView, ViewRequest
from ninja_tui.engine.protocol.wire import Broken, Message, TensorData, TimedOut, is_whole, printable
from ninja_tui.engine.protocol.worlds import World
from ninja_tui.engine.workers.client import Role, Worker, WorkerError
from ninja_tui.errors import UsageError
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.syntax.dependencies import Traits

OPENING = 120.0
"""Seconds that a lesson's own set-up and forward pass may take."""


@dataclass(frozen=True)
class Options:
    """The choices of a session: a seed in place of the lesson's, and texts in the place of data files.

    ``data`` is a person's own data file, ``setup`` a script that defines what a found lesson lacks, and ``part`` says
    which of a file's forward passes is meant.
    """

    seed: int | None = None
    served: tuple[tuple[str, str], ...] = ()
    data: pathlib.Path | None = None
    setup: pathlib.Path | None = None
    part: int = 1


@dataclass(frozen=True)
class Facts:
    """What running a lesson told: ``shapes`` of the nodes, ``names`` with a tensor's shape or another's kind."""

    loss: float
    seed: int | None
    torch: str
    shapes: dict[str, tuple[int, ...]]
    names: dict[str, tuple[int, ...] | str]


@dataclass(frozen=True)
class Case:
    """One answer to be judged: what it gave and raised in each world, and what its text tells.

    ``restored`` is its LOCAL gradient with the lesson's own values for the names in ``clobbered`` (name, node
    of the answer that bound it anew, line).
    """

    node: str
    gradients: Mapping[World, TensorData]
    errors: Mapping[World, str]
    traits: Traits
    restored: TensorData | None = None
    clobbered: Sequence[tuple[str, str, str]] = field(default_factory=tuple)

    def plain(self) -> dict[str, Any]:
        """All but the tensors."""
        return {
            "node": self.node,
            "errors": {str(world): error for world, error in self.errors.items()},
            "depends": sorted(self.traits.depends),
            "multiplies": self.traits.multiplies,
            "multiplies_matrices": self.traits.multiplies_matrices,
            "reads_grad": self.traits.reads_grad,
            "clobbered": list(self.clobbered),
        }


class Workbench:
    """Opens a lesson; judges tensors against its reference; makes runners for answers."""

    def __init__(self, lesson: Lesson, options: Options) -> None:
        self.lesson = lesson
        self._gradient_names = lesson.gradients
        self._code = asdict(LessonCode.of(lesson, options.seed, dict(options.served)))
        self._reference: Worker | None = None
        self._values: dict[str, TensorData] = {}
        self._carried: list[int] = []
        self._gradients: dict[str, Mapping[str, TensorData]] = {}
        self._facts: Facts | None = None
        self._ahead = _Ahead(self._code)

    def open(self) -> Facts:
        """Runs the lesson; raises UsageError where it cannot be run."""
        self._ahead.prime()
        self._reference = Worker(Role.REFERENCE)
        answer = _opened(self._reference, self._code)
        self._values = answer.tensors
        self._carried = list(answer.body["carried"])
        body = answer.body
        shapes = {name: tuple(shape) for name, shape in body["nodes"].items()}
        absent = [name for name in self.lesson.asks if name not in shapes]
        if absent and self.lesson.found and len(absent) < len(self.lesson.asks):
            there = tuple(name for name in self.lesson.asks if name in shapes)
            self.lesson = replace(self.lesson, asks=there)
        elif absent:
            raise UsageError(f"the loss of `{self.lesson.name}` does not depend on {', '.join(absent)}")
        names = {name: tuple(shape) if isinstance(shape, list) else str(shape) for name, shape in body["names"].items()}
        self._facts = Facts(float(body["loss"]), body["seed"], str(body["torch"]), shapes, names)
        return self._facts

    def gradient_name(self, node: str) -> str:
        """The name under which a node's gradient stands, where no answer of a file gives it another."""
        return self._gradient_names.get(node, f"d{node}")

    @property
    def facts(self) -> Facts:
        """What ``open`` gave."""
        if self._facts is None:
            raise RuntimeError("the workbench is not open")
        return self._facts

    def runner(self) -> Runner:
        """A runner that has seen no gradient of this lesson."""
        worker = self._ahead.take()
        worker.request({"do": "load", "carried": self._carried}, self._values, timeout=OPENING)
        return Runner(worker)

    def make_ahead(self) -> None:
        """Has the next runner made in the background, so that it is there at once."""
        self._ahead.prime()

    def gradient(self, node: str, world: World) -> TensorData:
        """The upstream gradient of ``node`` that stands in ``world``."""
        if node not in self._gradients:
            self._gradients[node] = self._ask({"do": "gradients", "node": node}).tensors
        return self._gradients[node][world]

    def judge(self, case: Case) -> Verdict:
        """The verdict on what an answer gave."""
        tensors: dict[str, TensorData] = {str(world): each for world, each in case.gradients.items()}
        if case.restored is not None:
            tensors["restored"] = case.restored
        said = self._ask({"do": "judge", **case.plain()}, tensors).body
        found = said["diagnosis"]
        diagnosis = None if found is None else Diagnosis(found["kind"], found["message"])
        verdict = Verdict(
            node=case.node,
            status=Status.ERROR,
            expected_shape=tuple(said["expected_shape"]),
            diagnosis=diagnosis,
            vacuous=said["vacuous"],
        )
        if "shape" not in said:
            return verdict
        return replace(
            verdict,
            status=Status.PASS if said["passed"] else Status.FAIL,
            shape=tuple(said["shape"]),
            exact=said["exact"],
            approximate=said["approximate"],
            maxdiff=said["maxdiff"],
            relative=said["relative"],
            chained=said["chained"],
            warnings=tuple(Warning(name) for name in said["warnings"]),
            probe=said["probe"],
            leans=tuple(said["leans"]),
            note=said["note"],
            paths=tuple(Path(tuple(reader), present) for reader, present in said["paths"]),
        )

    def compare(self, node: str, dt: TensorData) -> tuple[bool, bool, float | None]:
        """What the notebook's ``cmp`` prints: exact, approximate, maxdiff."""
        said = self._ask({"do": "compare", "node": node}, {"float32": dt}).body
        return said["exact"], said["approximate"], said["maxdiff"]

    def inspect(self, request: ViewRequest) -> TensorView:
        """Summary, heatmap and window of a tensor."""
        body = self._ask({"do": "inspect", "request": msgspec.to_builtins(request)}).body
        return msgspec.convert(body, TensorView)

    def close(self) -> None:
        """Ends all processes."""
        if self._reference:
            self._reference.close()
        self._ahead.close()

    def _ask(self, body: dict[str, Any], tensors: dict[str, TensorData] | None = None) -> Message:
        if self._reference is None:
            raise RuntimeError("the workbench is not open")
        return self._reference.request(body, tensors)


class Runner:
    """A runner process, and which nodes' reference gradients it has been given."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.seen: set[str] = set()

    def begin(self, worlds: Iterable[World], names: Iterable[str]) -> None:
        """Starts a run for each world; the tensors called ``names``, which code may change, are its own."""
        self._worker.request({"do": "begin", "worlds": list(worlds), "names": sorted(names)})

    def put(self, node: str, name: str, gradients: Mapping[World, TensorData]) -> None:
        """Binds upstream gradients of ``node`` to ``name`` in the runs of those worlds."""
        self.seen.add(node)
        self._worker.request({"do": "put"}, {f"{world}:{name}": each for world, each in gradients.items()})

    def request(self, body: dict[str, Any], timeout: float) -> tuple[dict[str, Any], dict[str, TensorData]]:
        """Runs code; raises TimedOut or Broken, after which this runner is dead.

        What comes back is from a process that ran a person's code: what does not hang together counts as Broken.
        """
        try:
            answer = self._worker.request({**body, "alarm": math.ceil(timeout) + 1}, timeout=timeout)
        except WorkerError as error:
            self._worker.kill()
            raise Broken(str(error)) from None
        if not all(is_whole(tensor) for tensor in answer.tensors.values()):
            self._worker.kill()
            raise Broken("no tensor")
        return printable(answer.body), answer.tensors

    def close(self) -> None:
        """Ends the process."""
        self._worker.close()


class _Ahead:
    """One runner process made ahead of need, in the background."""

    def __init__(self, code: dict[str, Any]) -> None:
        self._code = code
        self._worker: Worker | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()  # `close` comes from another thread than `prime`
        self._closed = False

    def prime(self) -> None:
        """Begins to make a process where none is ready or under way."""
        with self._lock:
            idle = self._worker is None and (self._thread is None or not self._thread.is_alive())
            if idle and not self._closed:
                self._thread = threading.Thread(target=self._make, daemon=True)
                self._thread.start()

    def take(self) -> Worker:
        """The process that was made ahead, or a new one."""
        if self._thread:
            self._thread.join()
        worker, self._worker = self._worker, None
        return worker or self._new()

    def close(self) -> None:
        """Ends what nobody took."""
        with self._lock:
            self._closed = True
        if self._thread:
            self._thread.join()
        if self._worker:
            self._worker.close()

    def _make(self) -> None:
        with contextlib.suppress(UsageError):  # said again, and heard, when a process is taken
            self._worker = self._new()

    def _new(self) -> Worker:
        worker = Worker(Role.RUNNER)
        _opened(worker, self._code)
        return worker


def _opened(worker: Worker, code: dict[str, Any]) -> Message:
    """Has a worker run the lesson; raises UsageError where it cannot be run."""
    try:
        return worker.request({"do": "open", "lesson": code}, timeout=OPENING)
    except WorkerError as error:
        reason = str(error)
    except Broken:
        reason = f"{code['where']} ended its own process"
    except TimedOut:
        reason = f"{code['where']} did not come to an end in {OPENING:.0f} s"
    worker.close()
    raise UsageError(reason)
