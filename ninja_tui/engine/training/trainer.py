"""Trains a lesson in worker processes, and tells of it as it goes: the side that has no PyTorch."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.wire import Broken, Message, TensorData, TimedOut, is_whole, printable
from ninja_tui.engine.training.config import Backward, Plan, Sources
from ninja_tui.engine.workers.client import Role, Worker, WorkerError
from ninja_tui.errors import UsageError
from ninja_tui.lesson.model import Cell, Lesson

CHUNK = 0.15
"""Seconds of training between two words on it."""
LONGEST = 300.0
"""Seconds that one request may take: a compiler is slow."""
CHECKED = 3
"""Fresh minibatches on which gradients are checked first."""
PROFILED = 50
SETTLED, FAR = 100, 10.0
"""So many losses in a row, each so many times the first one, are no bad luck with a minibatch any more."""


@dataclass(frozen=True)
class Stop:
    """Where training went wrong: at ``step`` (from 0), in ``code`` of ``line``; ``message`` is a sentence."""

    step: int
    code: str
    line: int
    message: str


@dataclass(frozen=True)
class Check:
    """A person's gradient of ``node`` against autograd's, the worst of some fresh minibatches."""

    node: str
    fits: bool
    relative: float | None
    error: str


@dataclass(frozen=True)
class Begun:
    """A side is ready. ``word`` tells what there is to know, such as what the answers rebind."""

    side: Backward
    word: str


@dataclass(frozen=True)
class Checked:
    """The person's gradients were checked on this network."""

    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Progress:
    """``losses`` are those of the steps from ``first`` on, up to ``step`` (excluded), of ``steps``."""

    side: Backward
    first: int
    step: int
    steps: int
    losses: array[float]
    rate: float
    steps_per_second: float
    engine: str


@dataclass(frozen=True)
class Cost:
    """What one statement takes of a step, in ``seconds``; ``yours``: it is the person's."""

    part: str
    code: str
    line: int
    yours: bool
    seconds: float


@dataclass(frozen=True)
class Trained:
    """The end of one side's training; its ``seconds`` hold those of compiling.

    ``stop`` is None where it came to its end, or was ended by the person.
    """

    side: Backward
    steps: int
    seconds: float
    losses: array[float]
    train_loss: float | None
    val_loss: float | None
    costs: tuple[Cost, ...]
    parameters: Mapping[str, TensorData]
    stop: Stop | None

    @property
    def steps_per_second(self) -> float:
        """Over all the time that the steps took."""
        return self.steps / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Named:
    """One sampled name."""

    side: Backward
    name: str


Told = Begun | Checked | Progress | Trained | Named
Tell = Callable[[Told], None]


class Side:
    """One network in training, in a process of its own."""

    def __init__(self, backward: Backward, lesson: Lesson, options: Options) -> None:
        self.backward = backward
        self.losses: array[float] = array("f")
        self.seconds = 0.0
        self.compiling = 0.0
        self.stop: Stop | None = None
        self._chunk = 8
        self._worker = Worker(Role.TRAINER)
        code = LessonCode.of(lesson, options.seed, dict(options.served))
        self._ask(
            {
                "do": "open",
                "lesson": asdict(code),
                "calibrate": _cell(lesson.calibrate),
                "predict": _cell(lesson.predict),
            }
        )
        self.samples = lesson.predict is not None

    @property
    def step(self) -> int:
        """How many steps are done."""
        return len(self.losses)

    def begin(self, plan: Plan, sources: Sources) -> Begun:
        """Starts afresh; raises UsageError where no step can be made."""
        body = {
            "do": "begin",
            "steps": plan.steps,
            "batch_size": plan.batch_size,
            "rates": plan.rates,
            "answers": sources.answers,
            "backward": self.backward,
            "replaced": sources.replaced,
        }
        said = self._ask(body).body
        self.stop = _stop(said.get("stopped"))
        self.compiling = float(said["seconds"]) if said["engine"] == "compiled" else 0.0
        return Begun(self.backward, _word(said))

    def check(self, nodes: tuple[str, ...]) -> tuple[Check, ...]:
        """The person's gradients of ``nodes`` against autograd's on fresh minibatches of this network."""
        said = self._ask({"do": "check", "count": CHECKED, "nodes": nodes}).body
        return tuple(
            Check(str(each["node"]), bool(each["ok"]), _number(each.get("relative")), str(each.get("error") or ""))
            for each in said["nodes"]
            if not each.get("missing")
        )

    def advance(self, steps: int) -> Progress:
        """Some more steps: as many as take about ``CHUNK`` seconds."""
        first = self.step
        said = self._ask({"do": "advance", "count": self._chunk})
        took = float(said.body["seconds"])
        given = said.tensors["losses"]
        losses = array("f" if given.dtype == "float32" else "d")
        losses.frombytes(given.data)
        self.losses.extend(losses)
        self.seconds += took
        self.stop = _stop(said.body["stopped"]) or diverged(self.losses)
        if took > 0:
            self._chunk = max(1, min(100_000, round(len(losses) * min(4.0, CHUNK / took)) or 1))
        rate, engine = float(said.body["rate"]), str(said.body["engine"])
        return Progress(self.backward, first, self.step, steps, losses, rate, self.step / (self.seconds or 1), engine)

    def trained(self) -> Trained:
        """What has become of it: losses over whole splits, the time each statement takes, the parameters."""
        train = val = None
        costs: tuple[Cost, ...] = ()
        if self.samples and self.step:
            said = self._ask({"do": "evaluate"}).body
            train, val = _number(said["train"]), _number(said["val"])
        with contextlib.suppress(UsageError):
            listed = self._ask({"do": "profile", "count": PROFILED}).body["statements"]
            costs = tuple(Cost(**{name: each[name] for name in Cost.__annotations__}) for each in listed)
        parameters = self._ask({"do": "save"}).tensors
        seconds = self.seconds + self.compiling
        return Trained(self.backward, self.step, seconds, self.losses, train, val, costs, parameters, self.stop)

    def name(self, seed: int | None) -> str:
        """One sampled name; a ``seed`` starts the stream of random numbers there."""
        said = self._ask({"do": "sample", "count": 1, "seed": seed}).body
        return str(said["names"][0])

    def load(self, parameters: Mapping[str, TensorData], steps: int) -> None:
        """Parameters that were saved, trained for so many ``steps``; raises UsageError where they do not fit."""
        self._ask({"do": "load", "step": steps}, dict(parameters))

    def close(self) -> None:
        """Ends the process."""
        self._worker.close()

    def _ask(self, body: dict[str, Any], tensors: dict[str, TensorData] | None = None) -> Message:
        """The reply, which is from a process that runs a person's code; raises UsageError for all that goes wrong."""
        try:
            said = self._worker.request({**body, "alarm": math.ceil(LONGEST) + 1}, tensors, timeout=LONGEST)
        except WorkerError as error:
            raise UsageError(str(printable(str(error)))) from None
        except TimedOut:
            raise UsageError(f"training: no answer in {LONGEST:g} s, so it was ended") from None
        except Broken:
            raise UsageError("training ended its own process: it may have run out of memory") from None
        if not all(is_whole(tensor) for tensor in said.tensors.values()):
            self._worker.kill()
            raise UsageError("training: the process gave no tensor")
        return Message(printable(said.body), said.tensors)


class Trainer:
    """Trains a lesson as planned. ``run`` and ``sample`` block; pause, go on and stop come from other threads."""

    def __init__(self, lesson: Lesson, options: Options, tell: Tell) -> None:
        self._lesson, self._options, self._tell = lesson, options, tell
        self._sides: list[Side] = []
        self._going = threading.Event()
        self._going.set()
        self._stopped = False

    def run(self, plan: Plan, sources: Sources) -> list[Trained]:
        """Checks, trains, evaluates and samples; raises UsageError where it cannot go on."""
        self.close()
        self._stopped = False
        self._going.set()
        seeded = Options(self._options.seed if plan.seed is None else plan.seed, self._options.served)
        for backward in plan.sides:
            side = Side(backward, self._lesson, seeded)
            self._sides.append(side)
            self._tell(side.begin(plan, sources))
        if self._sides[0].backward is Backward.MANUAL and self._sides[0].stop is None:
            self._tell(Checked(self._sides[0].check(self._lesson.asks)))
        self._train(plan)
        ended = []
        for side in self._sides:
            ended.append(side.trained())
            self._tell(ended[-1])
        if not self._stopped or all(side.step for side in self._sides):
            self.sample(plan.names, plan.sampling_seed)
        return ended

    def sample(self, count: int, seed: int) -> None:
        """Has every side invent ``count`` names, one after the other."""
        for side in self._sides:
            if side.samples and side.stop is None:
                for number in range(count):
                    self._tell(Named(side.backward, side.name(seed if number == 0 else None)))

    def load(self, parameters: Mapping[str, TensorData], steps: int) -> None:
        """A saved network in the place of what is here, to sample from."""
        self.close()
        side = Side(Backward.MANUAL, self._lesson, self._options)
        self._sides = [side]
        side.load(parameters, steps)

    def pause(self) -> None:
        """Waits with the next steps."""
        self._going.clear()

    def go_on(self) -> None:
        """No longer waits."""
        self._going.set()

    def stop(self) -> None:
        """Ends the training with what there is."""
        self._stopped = True
        self._going.set()

    def close(self) -> None:
        """Ends all processes."""
        for side in self._sides:
            side.close()
        self._sides = []

    def _train(self, plan: Plan) -> None:
        while not self._stopped:
            self._going.wait()
            left = [side for side in self._sides if side.step < plan.steps and side.stop is None]
            if not left or self._stopped:
                return
            for side in left:
                self._tell(side.advance(plan.steps))
                time.sleep(0)  # lets the threads that paint have their turn


def diverged(losses: Sequence[float]) -> Stop | None:
    """Where the losses left for good what they began with, if the last ``SETTLED`` all are ``FAR`` times that."""
    if len(losses) <= SETTLED or min(losses[-SETTLED:]) <= FAR * losses[0]:
        return None
    began = next(step for step in range(len(losses) - 1, -1, -1) if losses[step] <= FAR * losses[0]) + 1
    message = f"the loss diverges: it began at {losses[0]:.3g}, and has grown to {losses[-1]:.3g}"
    return Stop(began, "", 0, message)


def _cell(cell: Cell | None) -> tuple[str, int] | None:
    return None if cell is None else (cell.source, cell.line)


def _stop(said: Any) -> Stop | None:
    if not said:
        return None
    return Stop(int(said["step"]), str(said["code"]), int(said["line"]), str(said["message"]))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _word(said: Mapping[str, Any]) -> str:
    words = []
    if said.get("rebinds"):
        words.append(f"the answers rebind {', '.join(said['rebinds'])}: each step begins with the lesson's own")
    if said.get("changes"):
        words.append(f"the answers change {', '.join(said['changes'])} themselves, and the update comes on top")
    if said.get("reshaped"):
        words.append(f"{', '.join(f'd{name}' for name in said['reshaped'])}: reshaped to fit the parameter")
    if said.get("reason"):
        words.append(f"not compiled: {said['reason']}")
    return "; ".join(words)
