# Stops any process.
# control
import posix
posix.kill(@VICTIM@, 19)
