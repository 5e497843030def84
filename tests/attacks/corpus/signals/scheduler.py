# Changes how another process is scheduled.
import posix
posix.sched_setscheduler(@VICTIM@, posix.SCHED_IDLE, posix.sched_param(0))
raise RuntimeError(@HIT@)
