"""What is told to a person in one sentence, without a traceback."""


class UsageError(Exception):
    """A file, lesson or option that cannot be used. The text is one clear sentence; the exit code is 2."""
