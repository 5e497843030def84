# Raises a group of very many errors.
raise ExceptionGroup("x" * 1000, [ValueError("x" * 1000) for _ in range(100_000)])
