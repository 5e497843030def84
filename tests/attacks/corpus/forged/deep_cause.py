# Raises an error with a chain of a thousand causes.
error = ValueError("no")
for number in range(1000):
    other = ValueError(number)
    other.__cause__ = error
    error = other
raise error
