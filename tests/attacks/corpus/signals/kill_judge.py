# Kills the process that judges.
# control
import posix
posix.kill(@PID@, 9)
