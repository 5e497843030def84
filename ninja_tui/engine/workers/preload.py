"""Imported once in the server from which all workers are forked: a fork then has PyTorch at no cost."""

from __future__ import annotations

import gc
import os

os.environ["OMP_NUM_THREADS"] = "1"  # a thread pool does not survive a fork
os.environ["MKL_NUM_THREADS"] = "1"

import torch

import ninja_tui.engine.workers.answers
import ninja_tui.engine.workers.programs
import ninja_tui.engine.workers.reference  # noqa: F401
from ninja_tui.lesson.words import bundled_text

torch.set_num_threads(1)
for name in ("names.txt", "dinosaurs.txt"):
    bundled_text(name)
torch.ones(64, 64) @ torch.ones(64, 64)  # chooses its kernels by the machine, which a locked process cannot look at
gc.collect()
gc.freeze()  # a million objects that no collection in a worker needs to visit
