"""Seccomp filters: the system calls that are left to a process. They are built by libseccomp, through pyseccomp."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from typing import Any


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COMPUTING = _names("""
    read write readv writev pread64 preadv pwrite64 pwritev lseek close close_range dup dup2 dup3 pipe pipe2
    poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2
    mmap mmap2 munmap mprotect mremap madvise brk mincore msync mlock munlock membarrier pkey_alloc pkey_free
    futex futex_waitv set_robust_list get_robust_list rseq sched_yield sched_getaffinity sched_getparam
    sched_getscheduler sched_get_priority_max sched_get_priority_min getcpu
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait sigaltstack sigreturn
    restart_syscall nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times alarm setitimer
    getitimer pause getrandom uname sysinfo getrusage getrlimit ugetrlimit
    getpid getppid gettid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp getpgid getsid
    getpriority capget arch_prctl set_tid_address exit exit_group wait4 waitid umask fadvise64
    fstat newfstatat stat lstat statx fstatfs statfs access faccessat faccessat2 readlink readlinkat getdents
    getdents64 getcwd
""")
"""What Python and PyTorch compute with; the last lines tell of files, and open none."""
OPENING = ("open", "openat", "openat2")
"""Allowed where Landlock says what may be opened."""
REFUSED = _names("""
    socket socketpair connect bind listen accept accept4 sendto sendmsg sendmmsg recvfrom recvmsg
    ptrace process_vm_readv process_vm_writev kcmp pidfd_open pidfd_getfd pidfd_send_signal kill tkill rt_sigqueueinfo
    rt_tgsigqueueinfo setsid setpgid unshare setns mount umount umount2 pivot_root chroot move_mount open_tree
    mount_setattr fsopen fsmount fsconfig fspick io_uring_setup io_uring_enter io_uring_register memfd_create
    memfd_secret userfaultfd perf_event_open bpf keyctl add_key request_key personality init_module finit_module
    delete_module kexec_load kexec_file_load reboot swapon swapoff quotactl acct settimeofday adjtimex clock_adjtime
    clock_settime sethostname setdomainname open_by_handle_at name_to_handle_at fanotify_init seccomp
    shmget shmat shmctl msgget msgsnd msgrcv semget semop mq_open timer_create process_madvise process_mrelease
    setuid setgid setreuid setregid setresuid setresgid setgroups capset chown fchown lchown fchownat sched_setattr
    sched_setscheduler setpriority ioprio_set
""")
"""What a process that may start a compiler does not need, and could reach others with."""
CLONE_THREAD = 0x00010000
NEW_NAMESPACES = 0x7E020080
"""The flags of ``clone`` that make namespaces."""
FILE_CONTROL = (0, 1, 2, 3, 4, 1030, 1031, 1032)
"""``fcntl``: duplicates, flags, the size of a pipe; no owner, to whom a signal would go."""
DEVICE_CONTROL = (0x5421, 0x5450, 0x5451)
"""``ioctl``: FIONBIO, FIONCLEX, FIOCLEX; nothing of a terminal."""
TYPES_INTO_TERMINAL = 0x5412
PROCESS_CONTROL = (15, 16, 0x53564D41)
"""``prctl``: the thread's name, and that of an area of memory."""


class Filter:
    """A filter that is built once, and loaded by each process for itself."""

    def __init__(self, default: int) -> None:
        """What no rule is about has ``default``. Raises ImportError, RuntimeError or OSError without libseccomp."""
        self._default = default
        self._filter = _library().SyscallFilter(default)

    def add(self, action: int, name: str, *arguments: Any) -> None:
        """Adds a rule; none for a system call that this architecture does not have."""
        try:
            self._filter.add_rule(action, name, *arguments)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EDOM):
                raise

    def load(self) -> None:
        """Restricts this thread, and all that it starts, for good; signals reach the process itself only."""
        seccomp = _library()
        if self._default != seccomp.ALLOW:
            for name in ("kill", "tgkill"):
                self.add(seccomp.ALLOW, name, seccomp.Arg(0, seccomp.EQ, os.getpid()))
        self._filter.load()


def computing(*, opens_files: bool) -> Filter:
    """A filter that leaves what computing on open pipes needs; ``opens_files`` where something else says which."""
    seccomp = _library()
    left = Filter(seccomp.ERRNO(errno.EPERM))
    for name in (*COMPUTING, *(OPENING if opens_files else ())):
        left.add(seccomp.ALLOW, name)
    left.add(seccomp.ALLOW, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_THREAD, CLONE_THREAD))
    left.add(seccomp.ERRNO(errno.ENOSYS), "clone3")  # its flags are in memory: the C library takes clone instead
    left.add(seccomp.ALLOW, "prlimit64", seccomp.Arg(2, seccomp.EQ, 0))
    for name, commands in (("fcntl", FILE_CONTROL), ("ioctl", DEVICE_CONTROL)):
        _allow_commands(left, name, 1, commands)
    _allow_commands(left, "prctl", 0, PROCESS_CONTROL)
    return left


def compiling() -> Filter:
    """A filter that leaves what a C compiler needs beside: files, and processes in this process's group."""
    seccomp = _library()
    left = Filter(seccomp.ALLOW)
    for name in REFUSED:
        left.add(seccomp.ERRNO(errno.EPERM), name)
    for flag in (1 << bit for bit in range(32) if NEW_NAMESPACES >> bit & 1):
        left.add(seccomp.ERRNO(errno.EPERM), "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    left.add(seccomp.ERRNO(errno.ENOSYS), "clone3")
    typing = seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, TYPES_INTO_TERMINAL)
    left.add(seccomp.ERRNO(errno.EPERM), "ioctl", typing)
    return left


def _allow_commands(left: Filter, name: str, place: int, commands: Iterable[int]) -> None:
    seccomp = _library()
    for command in commands:
        left.add(seccomp.ALLOW, name, seccomp.Arg(place, seccomp.EQ, command))


def _library() -> Any:
    import pyseccomp  # Linux only, and it looks for libseccomp when it is imported

    return pyseccomp
