# Opens a file of the teacher's.
# control
raise RuntimeError(open("@SECRET@").read())
