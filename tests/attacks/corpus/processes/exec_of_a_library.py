# Runs a program that may be read, through the loader.
import posix
posix.execv("/lib64/ld-linux-x86-64.so.2", ["ld.so", "/bin/sh", "-c", ": > @CANARY@/made"])
