"""Landlock: a process and its children lose every file that is not on a list, TCP, and signals to others.

The system calls are made directly: the C library has no functions for them. Their numbers are the same on every
architecture; structures and flags are those of ``linux/landlock.h`` (https://docs.kernel.org/userspace-api/landlock.html).
"""

from __future__ import annotations

import ctypes
import enum
import os
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION = 1
RULE_PATH_BENEATH = 1
NO_NEW_PRIVILEGES = 38
"""``PR_SET_NO_NEW_PRIVS``, without which the kernel takes no ruleset from an ordinary person."""
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many kinds of access to files the versions before the fifth know; from there on 16."""
NETWORK, SCOPES = 3, 3
"""Binding and connecting by TCP (version 4); abstract sockets and signals outside (version 6)."""


class Access(enum.IntFlag):
    """What may be done with what is beneath a path."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    LIST = 1 << 3
    ALL = (1 << 16) - 1


@dataclass(frozen=True)
class Grant:
    """A path, and what stays allowed beneath it; of a file only what there is for files."""

    path: Path
    access: Access


class Ruleset:
    """What a process may still reach once it has applied this; built once, applied by many."""

    def __init__(self, grants: Iterable[Grant]) -> None:
        """Raises OSError where the kernel has no Landlock."""
        self.version = version()
        rights = (1 << FILE_RIGHTS.get(self.version, 16)) - 1
        fields = (rights, NETWORK if self.version >= 4 else 0, SCOPES if self.version >= 6 else 0)
        known = 3 if self.version >= 6 else 2 if self.version >= 4 else 1
        attributes = struct.pack(f"={known}Q", *fields[:known])
        self._descriptor = _call(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0))
        for grant in grants:
            self._add(grant, rights)

    def _add(self, grant: Grant, rights: int) -> None:
        """Adds a rule; a path that is not there needs none."""
        try:
            beneath = os.open(grant.path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return
        of_files = Access.EXECUTE | Access.WRITE_FILE | Access.READ_FILE
        access = grant.access if grant.path.is_dir() else grant.access & of_files
        try:
            rule = struct.pack("=Qi", access & rights, beneath)
            _call(ADD_RULE, ctypes.c_int(self._descriptor), ctypes.c_int(RULE_PATH_BENEATH), rule, ctypes.c_uint(0))
        finally:
            os.close(beneath)

    def apply(self) -> None:
        """Restricts this thread, and all that it starts, for good. Raises OSError."""
        _library().prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _call(RESTRICT_SELF, ctypes.c_int(self._descriptor), ctypes.c_uint(0))
        self.close()

    def close(self) -> None:
        """Lets go of it in this process: who has it can add to it, for all that apply it later."""
        os.close(self._descriptor)


def version() -> int:
    """The version of Landlock's interface that the kernel has; raises OSError where there is none."""
    if sys.platform != "linux":
        raise OSError("Landlock is a part of Linux")
    return _call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(VERSION))


def _call(number: int, *arguments: object) -> int:
    result: int = _library().syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
