"""What is asked of the server that forks workers, and its replies."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Protection:
    """What locks a worker here: the version of ``landlock``'s interface (0: none), and whether seccomp does."""

    landlock: int = 0
    seccomp: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether files, network and processes are out of reach: seccomp alone then opens no files at all."""
        return self.seccomp


@dataclass(frozen=True)
class Start:
    """Forks a worker of that role, which gets the two descriptors sent along: where it reads, and where it writes.

    ``folder`` is one in which it may write files and run a compiler; without one it does neither.
    """

    role: str
    log: str | None = None
    folder: str | None = None


@dataclass(frozen=True)
class End:
    """Kills a worker, and all that it has started."""

    process: int


@dataclass(frozen=True)
class Ready:
    """The server's first word."""

    protection: Protection


@dataclass(frozen=True)
class Started:
    """A worker's process id; 0 where there could be none."""

    process: int


@dataclass(frozen=True)
class Asked:
    """One request: exactly one of the two."""

    start: Start | None = None
    end: End | None = None
