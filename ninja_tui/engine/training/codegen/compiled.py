"""Compiled training: a step written in C goes through the machine's C compiler, and is loaded."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
import time
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
LONGEST = 60.0
"""Seconds that the compiler may take."""


class NoCompiler(Exception):
    """There is no C compiler, or it failed."""


def compiler() -> str | None:
    """The path of a C compiler, if there is one."""
    own = os.environ.get("CC", "").split()
    return next((found for name in (*own[:1], "cc", "gcc", "clang") if (found := shutil.which(name))), None)


@dataclass(frozen=True)
class Compiled:
    """Steps in machine code. ``seconds`` is what compiling took."""

    library: ctypes.CDLL
    source: Source
    scratch: torch.Tensor
    seconds: float

    def run(self, ahead: Ahead, rates: Sequence[float]) -> torch.Tensor | None:
        """One step for each rate: the losses. None where an index was out of range; then some steps are done."""
        drawn = [tensor.contiguous() for tensor in ahead.tensors(len(rates))]
        losses = torch.empty(len(rates))
        each = torch.tensor(rates)
        tensors = [*drawn, *self.source.tensors[self.source.ahead :], self.scratch]
        pointers = (ctypes.c_void_p * len(tensors))(*(tensor.data_ptr() for tensor in tensors))
        failed = self.library.steps(
            ctypes.c_int64(len(rates)), pointers, ctypes.c_void_p(each.data_ptr()), ctypes.c_void_p(losses.data_ptr())
        )
        return None if failed else losses


def compile_source(source: Source) -> Compiled:
    """Compiles ``source`` in a temporary folder that is gone afterwards; raises NoCompiler."""
    began = time.perf_counter()
    found = compiler()
    if found is None:
        raise NoCompiler("there is no C compiler")
    with tempfile.TemporaryDirectory(prefix="ninja-tui-") as folder:
        code, library = Path(folder) / "steps.c", Path(folder) / "steps.so"
        code.write_text(source.text, encoding="ascii")
        try:
            done = subprocess.run(
                [found, *FLAGS, str(code), "-o", str(library), "-lm"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LONGEST,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise NoCompiler(f"{found}: {type(error).__name__}") from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
            raise NoCompiler(f"{found} failed: {said}")
        try:
            loaded = ctypes.CDLL(str(library))
        except OSError as error:
            raise NoCompiler(str(error)) from None
    scratch = torch.zeros(source.scratch // 4 + 16)
    return Compiled(loaded, source, scratch, time.perf_counter() - began)
