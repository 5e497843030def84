"""A training step as one function, in Python and in C."""
