"""The records of a run, kept on the disk: what stays in memory of a file is where its record stands."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator

from ninja_tui.report.as_json import record_from, whole_json
from ninja_tui.report.records import FileRecord


class Results:
    """Records by position, until they are closed."""

    def __init__(self) -> None:
        self._stream = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._places: dict[int, tuple[int, int]] = {}
        self._known: dict[tuple[str, str], int] = {}

    def close(self) -> None:
        """Lets go of all records."""
        self._stream.close()
        self._places.clear()
        self._known.clear()

    def __len__(self) -> int:
        return len(self._places)

    def add(self, position: int, record: FileRecord) -> None:
        """One more record."""
        data = json.dumps(whole_json(record)).encode()
        start = self._stream.seek(0, 2)
        self._stream.write(data)
        self._places[position] = (start, len(data))
        if record.sha256 is not None:
            self._known[record.path, record.sha256] = position

    def find(self, path: str, sha256: str | None) -> FileRecord | None:
        """The record of a file with that content, if there is one."""
        position = self._known.get((path, sha256)) if sha256 is not None else None
        return None if position is None else self._at(position)

    def records(self) -> Iterator[FileRecord]:
        """All records, by position."""
        return (self._at(position) for position in sorted(self._places))

    def _at(self, position: int) -> FileRecord:
        start, length = self._places[position]
        self._stream.seek(start)
        return record_from(json.loads(self._stream.read(length)))
