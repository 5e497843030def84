# Raises an error on a file with a name of several lines.
open("a\n\x1b[2Jb.txt")
