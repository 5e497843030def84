# Prints what the program is called with, and where it looks for modules.
import sys
raise RuntimeError([each for each in (*sys.argv, *sys.path, *sys.orig_argv) if each.endswith(("/private", "other.py"))] or None)
