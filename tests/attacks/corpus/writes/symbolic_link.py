# Makes a symbolic link.
# control
import posix
posix.symlink("@SECRET@", "@CANARY@/link")
