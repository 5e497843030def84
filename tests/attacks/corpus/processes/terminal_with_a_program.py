# Starts a program in a terminal of its own.
import pty
pty.spawn(["touch", "@CANARY@/made"])
