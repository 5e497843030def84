"""How long tests of the app wait for it."""

from __future__ import annotations

import textual._wait

# Pilot looks every 20 ms whether the app is idle, at least three times a key. A look costs nothing; what a test needs
# to see it waits for by itself.
textual._wait.SLEEP_GRANULARITY = 1 / 250
textual._wait.SLEEP_IDLE = textual._wait.SLEEP_GRANULARITY / 8
