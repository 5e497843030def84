"""Tape, runner and judge: processes that run PyTorch, and the workbench that drives them."""
