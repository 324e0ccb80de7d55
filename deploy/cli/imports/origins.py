"""Where the origins of an import came first, on disk: a million of them need no memory."""

import sqlite3
from types import TracebackType
from typing import Self


class Origins:
    """The line of each origin in the file; a context manager."""

    def __init__(self) -> None:
        # Without a name it is a temporary file, which ends with the connection.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE lines (origin TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")

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
