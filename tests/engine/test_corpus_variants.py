"""Right answers with other seeds, and a sample of the corpus with the kernels that other processors would be given."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.corpus.answers import RIGHT
from tests.engine.corpus.judged import false_alarms

pytestmark = pytest.mark.processes

CAPABILITIES = ("default", "avx2")
SEEDS = (1, 7, 42)
HERE = Path(__file__).parent
NOT_HERE = 77
ON_THESE_KERNELS = f"""
import sys, pytest, torch
if torch.backends.cpu.get_cpu_capability().lower() != sys.argv[1]:
    sys.exit({NOT_HERE})
sys.exit(pytest.main(sys.argv[2:]))
"""
SAMPLED = [str(HERE / name) for name in ("test_corpus.py", "test_corpus_truth.py")]


@pytest.mark.parametrize("seed", SEEDS)
def test_right_answers_pass_with_other_seeds(seed: int) -> None:
    count, wrong = false_alarms(seed)
    assert count == len(RIGHT)
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("capability", CAPABILITIES)
def test_same_on_other_processors(capability: str) -> None:
    """A sample of the corpus with the kernels that other processors would be given."""
    environment = {**os.environ, "ATEN_CPU_CAPABILITY": capability, "CORPUS_EVERY": "5"}
    arguments = ["-q", "-n0", "-p", "no:cacheprovider", "--tb=short", *SAMPLED]
    command = [sys.executable, "-c", ON_THESE_KERNELS, capability, *arguments]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode == NOT_HERE:
        pytest.skip(f"this processor has no {capability}")
    assert ran.returncode == 0, ran.stdout[-6000:]
