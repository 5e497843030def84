# Prints without end.
import itertools
for number in itertools.count():
    print("x" * 10_000)
