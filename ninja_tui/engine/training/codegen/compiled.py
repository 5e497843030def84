"""Compiled training: a step written in C goes through the machine's C compiler, and is loaded."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from ninja_tui.engine.training.codegen.draws import Ahead
from ninja_tui.engine.training.codegen.tracing import Source

FLAGS = [
    "-O3",
    "-march=native",
    "-std=gnu11",
    "-w",
    "-shared",
    "-fPIC",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fassociative-math",
    "-fno-signed-zeros",
    "-freciprocal-math",
]
"""No ``-ffast-math``: what is not finite has to stay so."""
COMPILER_TIMEOUT = 60.0
"""Seconds."""


class NoCompiler(Exception):
    """There is no C compiler, or it failed."""


def compiler() -> str | None:
    """The path of a C compiler, if there is one."""
    chosen = os.environ.get("CC", "").split()[:1]
    return next((path for name in (*chosen, "cc", "gcc", "clang") if (path := shutil.which(name))), None)


@dataclass(frozen=True)
class Compiled:
    """Steps in machine code."""

    library: ctypes.CDLL
    source: Source
    scratch: torch.Tensor

    def run(self, ahead: Ahead, rates: Sequence[float]) -> torch.Tensor | None:
        """One step for each rate: the losses. None where an index was out of range; then some steps are done."""
        drawn = [tensor.contiguous() for tensor in ahead.tensors(len(rates))]
        losses = torch.empty(len(rates), dtype=torch.float32)
        each = torch.tensor(rates, dtype=torch.float32)
        tensors = [*drawn, *self.source.tensors[self.source.ahead :], self.scratch]
        pointers = (ctypes.c_void_p * len(tensors))(*(tensor.data_ptr() for tensor in tensors))
        failed = self.library.steps(
            ctypes.c_int64(len(rates)), pointers, ctypes.c_void_p(each.data_ptr()), ctypes.c_void_p(losses.data_ptr())
        )
        return None if failed else losses


def compile_source(source: Source) -> Compiled:
    """Compiles ``source`` in a temporary folder that is gone afterwards; raises NoCompiler."""
    command = compiler()
    if command is None:
        raise NoCompiler("there is no C compiler")
    with tempfile.TemporaryDirectory(prefix="ninja-tui-") as folder:
        code, library = Path(folder) / "steps.c", Path(folder) / "steps.so"
        code.write_text(source.text, encoding="ascii")
        try:
            done = subprocess.run(
                [command, *FLAGS, str(code), "-o", str(library), "-lm"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=COMPILER_TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise NoCompiler(f"{command}: {type(error).__name__}") from None
        if done.returncode:
            message = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
            raise NoCompiler(f"{command} failed: {message}")
        try:
            loaded = ctypes.CDLL(str(library))
        except OSError as error:
            raise NoCompiler(str(error)) from None
    scratch = torch.zeros(source.scratch // 4 + 16, dtype=torch.float32)
    return Compiled(loaded, source, scratch)
