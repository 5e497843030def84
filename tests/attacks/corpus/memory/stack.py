# Calls itself without end.
import sys
sys.setrecursionlimit(1 << 30)
def again():
    return again() + 1
again()
