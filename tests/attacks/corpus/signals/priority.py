# Changes the priority of another process.
# control
import posix
posix.setpriority(0, @VICTIM@, 10)
