# Moves into the folder of the canaries, and writes there.
import posix
posix.chdir("@CANARY@")
posix.mkdir("folder")
