# Raises an error whose class has a very long name.
raise type("N" * 1_000_000, (Exception,), {})("no")
