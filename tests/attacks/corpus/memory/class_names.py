# Gives a thing whose class has a very long name.
return type("x" * 10_000_000, (), {})()
