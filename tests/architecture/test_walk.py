"""`docs/walk.md` leads through one conversion: every file and name that it points at must be there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"[A-Za-z_]{3,}")


def pointers(text: str) -> tuple[list[str], list[str]]:
    """What stands in backticks: paths, and names of functions, classes and fields."""
    marked = re.findall(r"`([^`]+)`", text)
    paths = [each for each in marked if re.fullmatch(r"[\w/]+(\.\w+)?", each) and "/" in each]
    return paths, [each for each in marked if NAME.fullmatch(each)]


def test_every_file_of_the_walk_is_there() -> None:
    paths, _ = pointers((ROOT / "docs/walk.md").read_text())
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_name_of_the_walk_is_in_the_code() -> None:
    _, names = pointers((ROOT / "docs/walk.md").read_text())
    code = "\n".join(file.read_text() for folder in ("services", "shared") for file in (ROOT / folder).rglob("*.py"))
    assert len(names) > 10
    assert [name for name in names if not re.search(rf"\b{name}\b", code)] == []


def test_a_pointer_to_nowhere_is_found() -> None:
    paths, names = pointers("see `services/leads/nowhere.py`, `LeadForgotten` and `POST /v1/leads`")
    assert paths == ["services/leads/nowhere.py"]
    assert not (ROOT / paths[0]).exists()
    assert names == ["LeadForgotten"]
