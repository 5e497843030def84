"""Unit tests start no processes: PyTorch is not loaded ahead of what they are about."""

from __future__ import annotations

from typing import NoReturn

import pytest

from ninja_tui.engine.workers import client


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """No server of workers, but for a test that says that it has processes."""
    if request.node.get_closest_marker("processes") is None:
        monkeypatch.setattr(client._OneServer, "running", _refuse)


def _refuse(_: object) -> NoReturn:
    raise client.WorkerError("a unit test has no workers")
