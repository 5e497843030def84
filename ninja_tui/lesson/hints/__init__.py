"""Hints drawn from the operations that read a node."""
