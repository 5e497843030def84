# Raises an error of 10 MB.
raise ValueError("x" * 10_000_000)
