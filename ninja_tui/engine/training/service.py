"""The worker that trains: it runs a lesson's steps with a person's backward pass, in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from ninja_tui.engine.protocol.messages import Refused, Request
from ninja_tui.engine.recording.errors import message_of
from ninja_tui.engine.training.messages import (
    BeginTraining,
    CheckGradients,
    EvaluateSplits,
    LoadParameters,
    OpenLesson,
    PreviewNames,
    ProfileStep,
    SampleNames,
    SaveParameters,
    TrainSteps,
)
from ninja_tui.engine.training.session import TrainingSession

NICENESS = 10
"""What trains for minutes makes way for the app, and for what a person waits for."""

Handler = Callable[[Any], object]


class Training:
    """The service of this process, whose priority it lowers."""

    def __init__(self) -> None:
        os.nice(NICENESS)
        self._session = TrainingSession()

    def handlers(self) -> Mapping[type[Request[Any]], Handler]:
        """By kind of request what carries it out."""
        return handlers_of(self._session)


def handlers_of(session: TrainingSession) -> Mapping[type[Request[Any]], Handler]:
    """By kind of request the method of ``session`` that carries it out; each raises Refused for all that goes wrong."""
    methods: dict[type[Request[Any]], Handler] = {
        OpenLesson: session.open,
        BeginTraining: session.begin,
        TrainSteps: session.train,
        CheckGradients: session.check,
        ProfileStep: session.profile,
        EvaluateSplits: session.evaluate,
        SampleNames: session.sample,
        PreviewNames: session.preview,
        SaveParameters: session.save,
        LoadParameters: session.load,
    }
    return {kind: _refusing(method) for kind, method in methods.items()}


def _refusing(method: Handler) -> Handler:
    """``method`` that refuses where it would raise: a person's code, which it ran, may have spoilt anything."""

    def handler(request: Any) -> object:
        try:
            return method(request)
        except Refused:
            raise
        except Exception as error:
            raise Refused(message_of(error)) from None

    return handler
