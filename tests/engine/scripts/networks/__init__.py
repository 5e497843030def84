"""All scripts."""

from __future__ import annotations

from tests.engine.scripts.networks import (
    attention,
    containers,
    gated,
    kinks,
    losses,
    modules,
    norms,
    recurrent,
    regular,
    spatial,
)
from tests.engine.scripts.script import Script

SCRIPTS: tuple[Script, ...] = (
    *recurrent.SCRIPTS,
    *gated.SCRIPTS,
    *spatial.SCRIPTS,
    *attention.SCRIPTS,
    *norms.SCRIPTS,
    *regular.SCRIPTS,
    *modules.SCRIPTS,
    *losses.SCRIPTS,
    *kinks.SCRIPTS,
    *containers.SCRIPTS,
)
