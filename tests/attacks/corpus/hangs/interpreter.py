# Never gives the interpreter back to other threads.
import sys
sys.setswitchinterval(10_000)
while True:
    pass
