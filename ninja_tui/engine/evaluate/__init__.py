"""Drives workers: a whole program, and code as it is typed."""
