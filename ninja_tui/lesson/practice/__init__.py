"""Practice: a deck of the gradients that were answered, and the same gradients again with other numbers."""
