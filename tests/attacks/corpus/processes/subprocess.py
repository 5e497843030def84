# Starts a program as Python does.
# control
import subprocess
subprocess.run(["touch", "@CANARY@/made"])
