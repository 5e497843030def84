"""Files of answers, scripts and notebooks to reports: every gradient in them judged, without the app."""

from ninja_tui.lesson.read import DEFAULT_LESSON
from ninja_tui.replay.judge import FileJudge, digest_of, to_judge
from ninja_tui.replay.many import Jobs, replay
from ninja_tui.replay.paths import Submission, find
from ninja_tui.replay.reports import AnsweredLesson, FileReport, LessonReport, Report, TrainingReport
from ninja_tui.replay.request import Limits, Progress, Request
from ninja_tui.replay.session import replay_session
from ninja_tui.replay.training import train

__all__ = [
    "DEFAULT_LESSON",
    "AnsweredLesson",
    "FileJudge",
    "FileReport",
    "Jobs",
    "LessonReport",
    "Limits",
    "Progress",
    "Report",
    "Request",
    "Submission",
    "TrainingReport",
    "digest_of",
    "find",
    "replay",
    "replay_session",
    "to_judge",
    "train",
]
