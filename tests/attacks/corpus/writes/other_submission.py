# Changes another submission.
# control
import posix
posix.write(posix.open("@OTHER@", posix.O_WRONLY | posix.O_APPEND), b"dW1 = 0")
