# Raises a number to a power.
3 ** (10**9)
