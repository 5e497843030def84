# Changes settings of the kernel.
import posix
for path in ("/proc/sys/kernel/core_pattern", "/proc/self/oom_score_adj", "/proc/sysrq-trigger", "/sys/fs/cgroup/cgroup.procs"):
    try:
        posix.open(path, posix.O_WRONLY)
    except OSError:
        continue
    raise RuntimeError(@HIT@, path)
