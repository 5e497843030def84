# Ends itself with a core dump.
import posix
posix.abort()
