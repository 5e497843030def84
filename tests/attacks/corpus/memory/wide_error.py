# Raises an error of many words.
raise ValueError("x " * 10_000_000)
