# Kills any process.
# control
import posix
posix.kill(@VICTIM@, 9)
