# Puts another file in the place of a submission.
import posix
posix.replace("@CANARY@/keep.txt", "@OTHER@")
