"""Imported once in the server from which all workers are forked: a fork then has PyTorch at no cost.

Nothing but that server imports this module: it silences the process's standard streams, which are the app's
terminal.
"""

from __future__ import annotations

import gc
import os

_NULL = os.open(os.devnull, os.O_RDWR)
for _stream in (0, 1, 2):
    os.dup2(_NULL, _stream)
os.close(_NULL)

os.environ["OMP_NUM_THREADS"] = "1"  # a thread pool does not survive a fork
os.environ["MKL_NUM_THREADS"] = "1"

import torch  # noqa: E402

import ninja_tui.engine.workers.answers  # noqa: E402
import ninja_tui.engine.workers.judge  # noqa: E402
import ninja_tui.engine.workers.programs  # noqa: E402
import ninja_tui.engine.workers.reference  # noqa: E402, F401

torch.set_num_threads(1)
gc.collect()
gc.freeze()  # a million objects that no collection in a worker needs to visit
