# Calls itself through C without end.
import functools
function = int
for _ in range(100_000):
    function = functools.partial(map, function)
repr(function)
