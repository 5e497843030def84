# Lets nothing be called any more.
import sys
sys.setrecursionlimit(60)
