"""A place to plant a violation in: every check must find the one that it is for."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from tests.architecture.sources import Module, read

Plant = Callable[[str, str], list[Module]]


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Write a module into a tree of its own, and read that tree."""

    def write(path: str, source: str) -> list[Module]:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(source))
        return read(tmp_path, "*")

    return write
