# Reads the lesson's own solution.
# control
open("@SOLUTION@").read()
raise RuntimeError(@HIT@)
