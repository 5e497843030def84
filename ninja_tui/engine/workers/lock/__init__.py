"""The lock: what keeps a process that runs strangers' code from everything but computing on its pipes."""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass
from pathlib import Path

from ninja_tui.engine.protocol.processes import Protection
from ninja_tui.engine.workers.lock import limits, seccomp
from ninja_tui.engine.workers.lock.landlock import Access, Grant, Ruleset
from ninja_tui.engine.workers.lock.readable import READ, readable

PARENT_DEATH_SIGNAL = 1
"""``PR_SET_PDEATHSIG``."""


class Confinement(enum.Enum):
    """How much is left: computing; the same for what runs our code alone; or a C compiler, in a folder of its own."""

    COMPUTE = "compute"
    JUDGE = "judge"
    COMPILE = "compile"


@dataclass(frozen=True)
class Lock:
    """The walls, built once in a process from which workers are forked; each of these applies them to itself.

    A wall that this system does not have is None.
    """

    ruleset: Ruleset | None
    computing: seccomp.Filter | None
    judging: seccomp.Filter | None
    compiling: seccomp.Filter | None

    @classmethod
    def build(cls) -> Lock:
        """As many walls as this system has."""
        try:
            ruleset = Ruleset(readable())
        except OSError:
            ruleset = None
        try:
            computing, judging = seccomp.computing(opens_files=ruleset is not None), seccomp.computing(opens_files=True)
            return cls(ruleset, computing, judging, seccomp.compiling())
        except (ImportError, RuntimeError, OSError, AttributeError):
            return cls(ruleset, None, None, None)

    @property
    def protection(self) -> Protection:
        """What of it is there."""
        return Protection(self.ruleset.version if self.ruleset is not None else 0, self.computing is not None)

    def apply(self, confinement: Confinement, folder: Path | None = None) -> None:
        """Locks this process for good; ``folder`` is the one in which a compiler may work. Raises OSError."""
        compiles = confinement is Confinement.COMPILE
        limits.limit(writes=compiles)
        if compiles and self.ruleset is not None:
            self.ruleset.close()
            Ruleset([*readable(), *_for_compiler(folder)]).apply()
        elif self.ruleset is not None:
            self.ruleset.apply()
        filters = {
            Confinement.COMPUTE: self.computing,
            Confinement.JUDGE: self.judging,
            Confinement.COMPILE: self.compiling,
        }
        filter_ = filters[confinement]
        if filter_ is not None:
            filter_.load()


def _for_compiler(folder: Path | None) -> list[Grant]:
    run = READ | Access.EXECUTE
    paths = ("/usr", "/bin", "/lib", "/lib64", "/opt", "/etc/alternatives")
    return [*(Grant(Path(path), run) for path in paths), *([Grant(folder, Access.ALL)] if folder is not None else [])]


def die_with_parent(parent: int) -> None:
    """Has the kernel end this process when ``parent``, which forked it, ends; where the system can."""
    import ctypes

    library = ctypes.CDLL(None)
    if hasattr(library, "prctl"):
        library.prctl(PARENT_DEATH_SIGNAL, 9, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)
