# Ends itself without a word.
import posix
posix._exit(0)
