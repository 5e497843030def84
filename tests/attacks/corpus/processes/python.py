# Starts another Python, without the lock of this one.
import subprocess, sys
subprocess.run([sys.executable, "-c", "open('@CANARY@/made', 'w')"])
