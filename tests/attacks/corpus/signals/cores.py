# Moves another process to one core.
# control
import posix
posix.sched_setaffinity(@VICTIM@, {0})
