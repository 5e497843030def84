"""The files that a locked process may read: Python, what is installed, and what both load; no lesson's solution."""

from __future__ import annotations

import contextlib
import site
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from ninja_tui.engine.workers.lock.landlock import Access, Grant

PACKAGE = Path(__file__).resolve().parents[3]
LESSONS = PACKAGE / "lessons"
"""They have the solutions."""
DATA = (PACKAGE / "data", PACKAGE.parent / "data")
READ = Access.READ_FILE | Access.LIST
SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime",
          "/usr/share/zoneinfo", "/proc/cpuinfo", "/sys/devices/system/cpu", "/dev/urandom")  # fmt: skip
"""Shared libraries, and what tells torch and NumPy which machine it is."""
NULL = "/dev/null"


def readable() -> list[Grant]:
    """The grants, each as narrow as it has to be to leave out ``LESSONS``."""
    paths = {name: Path(path) for name, path in sysconfig.get_paths().items()}
    folders = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders |= {Path(each) for each in (*site.getsitepackages(), site.getusersitepackages(), *SYSTEM)}
    folders |= {Path(each) for each in sys.path if any(Path(each).glob("*.dist-info"))}
    library = sysconfig.get_config_var("LIBDIR")
    if library:
        folders |= {each for each in Path(library).glob("libpython*") if each.is_file()}
    grants = [grant for folder in sorted({*folders, PACKAGE, *DATA}) for grant in _without(folder, LESSONS)]
    return [*grants, Grant(Path(NULL), Access.READ_FILE | Access.WRITE_FILE)]


def _without(folder: Path, hidden: Path) -> Iterator[Grant]:
    """Reading beneath ``folder``, but for what is beneath ``hidden``; the names in between can be listed."""
    with contextlib.suppress(OSError):
        folder = folder.resolve()
        if folder == hidden or hidden in folder.parents:
            return
        if folder not in hidden.parents:
            yield Grant(folder, READ)
            return
        yield Grant(folder, Access.LIST)
        for each in folder.iterdir():
            yield from _without(each, hidden)
