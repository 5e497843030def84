# Copies from another submission.
# control
raise RuntimeError(open("@OTHER@").read())
