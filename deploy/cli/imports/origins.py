"""What is known of the origins of an import, on disk: a million of them need no memory."""

import sqlite3
from collections.abc import Iterable
from types import TracebackType
from typing import Self


class Origins:
    """The line of each origin in the file, and when its record was last changed here; a context manager."""

    def __init__(self) -> None:
        # Without a name it is a temporary file, which ends with the connection.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE lines (origin TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._database.execute("CREATE TABLE records (origin TEXT PRIMARY KEY, updated_at TEXT) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def first_line(self, origin: str, line: int) -> int:
        """Return the line in which the origin came first, which is this one where it is new."""
        self._database.execute("INSERT OR IGNORE INTO lines VALUES (?, ?)", (origin, line))
        first: int = self._database.execute("SELECT line FROM lines WHERE origin = ?", (origin,)).fetchone()[0]
        return first

    def remember(self, records: Iterable[tuple[str, str]]) -> None:
        """Store when the record of each origin was last changed."""
        self._database.executemany("INSERT OR REPLACE INTO records VALUES (?, ?)", records)

    def updated_at(self, origin: str) -> str | None:
        """Return when the record of the origin was last changed; None where there was none."""
        found = self._database.execute("SELECT updated_at FROM records WHERE origin = ?", (origin,)).fetchone()
        return None if found is None else str(found[0])
