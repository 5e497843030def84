# Matches a pattern that backtracks.
import re
re.match(r"(a+)+$", "a" * 60 + "!")
