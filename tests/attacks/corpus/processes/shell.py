# Has a shell run a command.
import os, posix
posix.system("touch @CANARY@/made")
os.popen("touch @CANARY@/made").read()
