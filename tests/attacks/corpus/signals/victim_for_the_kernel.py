# Has the kernel choose another process when memory is short.
import posix
posix.write(posix.open("/proc/@VICTIM@/oom_score_adj", posix.O_WRONLY), b"1000")
