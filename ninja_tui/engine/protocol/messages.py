"""What is asked of a worker, and what it replies."""

from __future__ import annotations

from typing import Any

from ninja_tui.engine.protocol.wire import TensorData

Reply = tuple[dict[str, Any], dict[str, TensorData]]


class Refused(Exception):
    """A request that cannot be carried out; the text is for a person."""
