# Makes a device that stands for the machine's memory.
import posix, stat
posix.mknod("@CANARY@/memory", 0o600 | stat.S_IFCHR, posix.makedev(1, 1))
