"""Trains a lesson step after step, in a process of its own: generated, and compiled where that is possible."""
