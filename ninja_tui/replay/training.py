"""A network trained on the answers of a file, as they were judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.engine.training.config import Plan, Sources, sources
from ninja_tui.engine.training.events import Listener, NameSampled, TrainingEvent
from ninja_tui.engine.training.trainer import Trainer
from ninja_tui.errors import UsageError
from ninja_tui.replay.reports import AnsweredLesson, FileReport, LessonReport, TrainingReport
from ninja_tui.replay.request import Request

TRAINED = "train"
"""The lesson that is trained of a file with several, unless another is named."""


def train(
    file: FileReport, request: Request, plan: Plan, listener: Listener, warn: Callable[[str], None]
) -> TrainingReport:
    """Trains a network on the answers of ``file``, as they were replayed.

    ``listener`` gets its events, ``warn`` what there is to know before. Raises UsageError where it cannot be trained.
    """
    report = _to_train(file, request)
    answered = report.answered or _answered(file, report, request)
    lesson, program = answered.lesson, answered.read()
    endless = [verdict.gradient for verdict in report.verdicts if verdict.status is Status.TIMEOUT]
    if endless and plan.backward is not plan.backward.AUTOGRAD:
        raise UsageError(f"{file.path}: `{endless[0]}` finds no end, so there is no step to train with; mend it first")
    failing = {verdict.node for verdict in report.verdicts if not verdict.passed}
    origin: Sources = sources(lesson, program, {node: node not in failing for node in lesson.asks}, plan.wrong)
    if origin.message and plan.backward is not plan.backward.AUTOGRAD:
        warn(f"lesson {lesson.name}: {origin.message}")
    if plan.names and lesson.predict is None:
        warn(f"lesson {lesson.name}: it has no cell `predict`, so no names are sampled")
    names: list[str] = []

    def listen(event: TrainingEvent) -> None:
        if isinstance(event, NameSampled):
            names.append(event.name)
        listener(event)

    trainer = Trainer(lesson, answered.options.seed, dict(answered.options.served), listen)
    try:
        (outcome,) = trainer.run(plan, origin)
    finally:
        trainer.close()
    return TrainingReport(lesson.name, outcome, tuple(names))


def _answered(file: FileReport, report: LessonReport, request: Request) -> AnsweredLesson:
    """What is trained of a program: the forward pass that is read from its text."""
    from ninja_tui.lesson.notebook.data_files import served_for

    if file.network is None:
        raise UsageError(f"{file.path} was not read")
    lessons = file.network.discovery.lessons
    chosen = lessons[min(file.lessons.index(report), len(lessons) - 1)]
    options = replace(request.options, served=served_for(chosen.lesson, request.options.data))
    return AnsweredLesson(chosen.to_answer, lambda: chosen.with_usual_names, options)


def _to_train(file: FileReport, request: Request) -> LessonReport:
    by_name = {lesson.lesson: lesson for lesson in file.lessons}
    if request.lesson is not None and request.lesson not in by_name:
        raise UsageError(f"{file.path} holds nothing for the lesson `{request.lesson}`")
    wanted = request.lesson or (TRAINED if TRAINED in by_name else next(iter(by_name)))
    return by_name[wanted]
