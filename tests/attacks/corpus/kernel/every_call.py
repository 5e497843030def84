# Makes every system call with arguments that are wrong, and looks which are not refused.
# machine: x86_64
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
forbidden = {
    41: "socket", 42: "connect", 59: "execve", 62: "kill", 83: "mkdir", 87: "unlink", 101: "ptrace",
    155: "pivot_root", 161: "chroot", 165: "mount", 166: "umount2", 167: "swapon", 175: "init_module",
    206: "io_setup", 272: "unshare", 319: "memfd_create", 321: "bpf",
    425: "io_uring_setup", 426: "io_uring_enter", 427: "io_uring_register", 434: "pidfd_open", 435: "clone3",
}
reached = []
for number, name in forbidden.items():
    ctypes.set_errno(0)
    if libc.syscall(number, -1, -1, -1, -1, -1, -1) >= 0 or ctypes.get_errno() not in (1, 38):
        reached.append(name)
if reached:
    raise RuntimeError(@HIT@, reached)
