# Takes the lock away from where it is.
# control
import posix
from ninja_tui.engine.workers import lock
lock.Lock.apply = lambda *_: None
lock.limits.limit()
posix.mkdir("@CANARY@/made")
