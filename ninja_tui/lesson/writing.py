"""A file is written whole and is on the disk, or is as it was: what stands between an answer and its loss."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ninja_tui.errors import UsageError

LOCK_TIMEOUT = 2.0
"""Seconds that another program may hold the folder of a file for its own writing."""
LOCK_REST = 0.01
PART = ".part"
_NO_LOCKS = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)
"""Errors of a file system that has no locks."""
_NO_SYNC = (errno.EBADF, errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
"""Errors of a file system that has no fsync for folders."""


class Held(OSError):
    """Another program holds the folder."""


def target_of(path: Path) -> Path:
    """The file that is written in the place of ``path``: a link stays one. Raises UsageError for links in a circle."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        raise UsageError(f"{path} is a link that leads to itself") from None


@contextmanager
def locked_folder(path: Path) -> Iterator[None]:
    """Has the folder of the file ``path`` alone, among all programs that lock it before they write.

    A folder can be locked without a file for it, and stays the same when a file in it is replaced. Where the file
    system has no locks there is none. Raises OSError; ``Held`` where the folder does not come free.
    """
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    deadline = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Held(errno.EAGAIN, "another program is writing in its folder") from None
            time.sleep(LOCK_REST)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            return
        else:
            return


def write_whole(path: Path, content: bytes) -> None:
    """Has ``content`` in the file ``path``, on the disk when it returns; whatever happens, all of it or none.

    The mode and, where that is allowed, the owner are kept. Raises OSError; the file is then as it was, or, where the
    disk failed only afterwards, already as it is to be.
    """
    refuse_read_only(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        part = f".{path.name[:200]}.{os.urandom(4).hex()}{PART}"
        try:
            _write_part(folder, path, part, content)
            os.replace(part, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(part, dir_fd=folder)
            raise
        _sync_folder(folder)
    finally:
        os.close(folder)


def keep_whole(path: Path) -> None:
    """Has what stands in ``path`` on the disk, whoever wrote it. Raises OSError."""
    for each in (path, path.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            _sync_folder(descriptor)
        finally:
            os.close(descriptor)


def _write_part(folder: int, path: Path, part: str, content: bytes) -> None:
    """Writes a new file, which has the name ``part`` as late as may be: a process that is killed leaves none."""
    try:
        descriptor = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, 0o600)
        named = False
    except (OSError, AttributeError):  # not on this file system, or this system
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
        named = True
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        _be_like(descriptor, path)
        os.fsync(descriptor)
        if not named:
            os.link(f"/proc/self/fd/{descriptor}", part, dst_dir_fd=folder)
    finally:
        os.close(descriptor)


def _be_like(descriptor: int, path: Path) -> None:
    """The mode and the owner of ``path``; those of a new file where there is none."""
    try:
        before = path.stat()
    except FileNotFoundError:
        os.fchmod(descriptor, 0o666 & ~_umask())
        return
    own = os.fstat(descriptor)
    if (before.st_uid, before.st_gid) != (own.st_uid, own.st_gid):
        with suppress(OSError):
            os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode))


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync_folder(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def refuse_read_only(path: Path) -> None:
    """Raises OSError where ``path`` or its folder is not to be written, though a rename, or root, could."""
    for each, what in ((path, ""), (path.parent, "its folder ")):
        try:
            mode = each.stat().st_mode
        except FileNotFoundError:
            if what:
                raise FileNotFoundError(errno.ENOENT, "its folder does not exist") from None
            continue
        if not what and not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        if not mode & 0o222 or not os.access(each, os.W_OK):
            raise PermissionError(errno.EACCES, f"{what or 'it '}is read-only")


def clear_parts(path: Path) -> None:
    """Takes away what programs that were killed left beside ``path``; call it with the folder locked."""
    for part in path.parent.glob(f".{_literal(path.name[:200])}.*{PART}"):
        with suppress(OSError):
            part.unlink()


def _literal(name: str) -> str:
    return "".join(f"[{each}]" if each in "*?[" else each for each in name)


class Presence:
    """Tells programs of this user that have the same file open of one another; gone with the process, however it ends.

    It is a lock on a file in the user's own folder for what is temporary, in which the holder's process id stands.
    """

    def __init__(self, path: Path) -> None:
        import tempfile  # it takes longer to load than all else here, and the first frame waits for this module

        name = hashlib.sha256(os.fsencode(path)).hexdigest()[:24]
        self._path = Path(tempfile.gettempdir()) / f"ninja-tui-{os.getuid()}" / f"{name}.open"
        self._descriptor: int | None = None

    def other(self) -> int | None:
        """The process that has the file open besides this one; None where there is none, or none can be known of."""
        if self._descriptor is not None:
            return None
        try:
            return self._take()
        except (OSError, ValueError):
            return None

    def _take(self) -> int | None:
        folder = self._path.parent
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.lstat().st_uid != os.getuid() or not stat.S_ISDIR(folder.lstat().st_mode):
            return None
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = int(os.pread(descriptor, 20, 0) or b"0")
            os.close(descriptor)
            return None if holder == os.getpid() else holder
        except OSError:
            os.close(descriptor)
            raise
        if not os.fstat(descriptor).st_nlink:  # the one before took the file away, while this one opened it
            os.close(descriptor)
            return self._take()
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor
        return None

    def close(self) -> None:
        """This program has the file open no longer."""
        if self._descriptor is not None:
            with suppress(OSError):
                self._path.unlink()
            os.close(self._descriptor)
            self._descriptor = None
