"""No reader raises anything but UsageError, or takes its time, whatever a file holds."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.readers import READERS, Reader
from tests.fuzz.trying import Hangs, trial

FILES = {"notebook": 300, "solutions": 500, "word list": 400, "settings": 400, "module and data": 80}
"""By reader; the others read so many as ``MANY``. ``make fuzz`` reads more, and others each time."""
MANY = 200


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_a_sentence_or_a_reading(name: str) -> None:
    @settings(
        max_examples=FILES.get(name, MANY),
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(READERS[name].contents)
    def each(content: bytes) -> None:
        result = trial(READERS[name], content)
        assert result.passed, f"{result.seconds:.1f} s\n{result.fault}\n{content!r}"

    each()


def test_a_fault_is_told() -> None:
    def failing(_: object) -> None:
        raise IndentationError("unexpected indent")

    def hanging(_: object) -> None:
        raise Hangs

    for read, named in ((failing, "IndentationError: unexpected indent"), (hanging, "Hangs")):
        result = trial(Reader("any.py", read, st.just(b"")), b"x = 1")
        assert not result.passed and named in result.fault


def test_files_are_different_ones() -> None:
    for reader in READERS.values():
        made: list[bytes] = []

        @settings(max_examples=30, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(reader.contents, st.just(made))
        def each(content: bytes, made: list[bytes]) -> None:
            made.append(content)

        each()
        assert len(set(made)) > len(made) * 0.5, reader.name
