# Makes a second name of a file.
# control
import posix
posix.link("@SECRET@", "@CANARY@/link")
