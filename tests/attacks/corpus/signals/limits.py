# Changes the limits of another process.
# control
import resource
resource.prlimit(@VICTIM@, resource.RLIMIT_NOFILE, (10, 10))
