"""What reaches the wire or the disk is what the masters say; `make golden` accepts what was meant to change."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.golden.comparison import MASTERS, read, report

NAMES = sorted(file.stem for file in MASTERS.glob("*.json"))


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("golden")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.golden", str(folder)]
    asked = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if asked.returncode:
        pytest.fail("\n".join(["the product cannot be asked:", *asked.stderr.splitlines()[-3:]]), pytrace=False)
    return read(folder)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_differs_from_the_master(name: str, today: dict[str, Any]) -> None:
    different = report(read(MASTERS)[name], today.get(name))
    if different:
        pytest.fail(f"{name} differs; if that is meant: `make golden`, and read its diff\n{different}", pytrace=False)


def test_everything_that_is_asked_for_has_a_master(today: dict[str, Any]) -> None:
    assert sorted(today) == NAMES
