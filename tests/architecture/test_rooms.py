"""Every service has the same rooms, and a file's name says what is in it."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.architecture.conftest import Plant
from tests.architecture.sources import ROOT, SERVICES, Module, read, report

FILES = {"README.md", "__init__.py", "app.py", "settings.py"}
GROUND = {"permissions.py", "text.py"}
"""What several modules of a service stand on, where it is no module of its own."""
ROOMS = {"domain", "usecases", "store", "http", "schemas", "events"}
NAMELESS = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}


def strange_rooms(root: Path) -> list[str]:
    """A service is `app.py`, `settings.py` and modules; a module has rooms of the same names everywhere."""
    problems = []
    for service in sorted(path for path in root.glob("services/*") if path.is_dir() and path.name != "__pycache__"):
        present = {path for path in service.iterdir() if path.name != "__pycache__"}
        problems += [f"{service.name} lacks {name}" for name in sorted(FILES - {path.name for path in present})]
        problems += [
            f"{service.name} has {path.name}" for path in present if path.is_file() and path.name not in FILES | GROUND
        ]
        modules = [path for path in present if path.is_dir()]
        problems += [] if modules else [f"{service.name} has no module"]
        for module in modules:
            rooms = {path.stem for path in module.iterdir()} - {"__pycache__", "__init__"}
            problems += [f"{service.name}/{module.name} has {name}" for name in sorted(rooms - ROOMS)]
            problems += [] if rooms else [f"{service.name}/{module.name} is empty"]
    return problems


def readme_lines_missing(root: Path) -> list[str]:
    return [
        f"services/{readme.parent.name}/README.md does not say what it {word}"
        for readme in root.glob("services/*/README.md")
        for word in ("owns", "publishes", "consumes")
        if not re.search(rf"^- \*\*{word}\*\* \S", readme.read_text(), re.MULTILINE)
    ]


def nameless(modules: Iterable[Module]) -> list[str]:
    return [
        f"{module.path}: what has no name has no place"
        for module in modules
        if NAMELESS & {word for part in module.path.removesuffix(".py").split("/") for word in part.split("_")}
    ]


def without_docstring(modules: Iterable[Module]) -> list[str]:
    return [f"{module.path}: no docstring" for module in modules if not ast.get_docstring(module.tree)]


def bare_excepts(modules: Iterable[Module]) -> list[str]:
    return [
        module.at(node, "bare except")
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]


def misnamed_usecases(modules: Iterable[Module]) -> list[str]:
    """The use cases of a module are its feature list: functions called by a verb and a noun."""
    return [
        module.at(node, f"{node.name}: a use case is a verb and a noun, such as convert_lead")
        for module in modules
        if module.room == "usecases"
        for node in module.tree.body
        if isinstance(node, ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not re.fullmatch(r"[a-z]+(_[a-z]+)+", node.name)
    ]


def test_all_five_services_are_there() -> None:
    assert SERVICES == ("catalog", "clients", "deals", "leads", "timeline")


def test_every_module_has_the_same_rooms_and_no_other() -> None:
    report(strange_rooms(ROOT), "a module may not invent a new kind of room:")


def test_every_service_says_in_three_lines_what_it_owns_publishes_and_consumes() -> None:
    report(
        readme_lines_missing(ROOT),
        "README.md of a service has the lines `- **owns** ...`, `- **publishes** ...`, `- **consumes** ...`:",
    )


def test_no_file_has_a_name_that_says_nothing() -> None:
    report(nameless(read()), "no utils, helpers, common, manager:")


def test_every_module_says_what_it_is_for() -> None:
    report(without_docstring(read()), "a module docstring tells what it is for:")


def test_no_except_catches_everything_unnamed() -> None:
    report(bare_excepts(read()), "name what is caught:")


def test_use_cases_are_called_by_a_verb_and_a_noun() -> None:
    report(misnamed_usecases(read()), "`usecases` is the feature list of its module:")


@pytest.fixture
def service(tmp_path: Path) -> Path:
    folder = tmp_path / "services" / "leads"
    for room in sorted(ROOMS):
        (folder / "lead" / room).mkdir(parents=True)
    for file in sorted(FILES):
        (folder / file).write_text("- **owns** leads\n- **publishes** `LeadCreated`\n- **consumes** all\n")
    return folder


def test_a_complete_service_is_no_violation(service: Path, tmp_path: Path) -> None:
    assert strange_rooms(tmp_path) == readme_lines_missing(tmp_path) == []


@pytest.mark.parametrize("room", ["lead/ports", "lead/sagas", "lead/entrypoints", "empty"])
def test_a_planted_room_is_found(service: Path, tmp_path: Path, room: str) -> None:
    (service / room).mkdir(parents=True)
    assert strange_rooms(tmp_path)


def test_a_planted_file_beside_the_modules_is_found(service: Path, tmp_path: Path) -> None:
    (service / "domain.py").write_text("")
    assert strange_rooms(tmp_path) == ["leads has domain.py"]


def test_a_missing_file_is_found(service: Path, tmp_path: Path) -> None:
    (service / "settings.py").unlink()
    assert strange_rooms(tmp_path) == ["leads lacks settings.py"]


def test_a_readme_that_does_not_say_what_it_consumes_is_found(service: Path, tmp_path: Path) -> None:
    (service / "README.md").write_text("- **owns** leads\n- **publishes** `LeadCreated`\n")
    assert readme_lines_missing(tmp_path) == ["services/leads/README.md does not say what it consumes"]


@pytest.mark.parametrize(
    "path", ["shared/kit/utils.py", "services/leads/lead/domain/lead_helpers.py", "shared/common/x.py"]
)
def test_a_planted_name_that_says_nothing_is_found(plant: Plant, path: str) -> None:
    assert nameless(plant(path, ""))


def test_a_planted_module_without_docstring_is_found(plant: Plant) -> None:
    assert without_docstring(plant("shared/kit/thing.py", "x = 1"))


def test_a_planted_bare_except_is_found(plant: Plant) -> None:
    assert bare_excepts(plant("shared/kit/thing.py", "try:\n    x = 1\nexcept:\n    pass"))


def test_a_planted_use_case_without_a_noun_is_found(plant: Plant) -> None:
    assert misnamed_usecases(plant("services/leads/lead/usecases.py", "async def convert(): ..."))
    assert misnamed_usecases(plant("shared/elements/usecases/moving.py", "async def move(): ..."))


def test_private_parts_and_classes_beside_a_use_case_are_no_violation(plant: Plant) -> None:
    source = "class NewLead: ...\ndef _check(): ...\nasync def convert_lead(): ..."
    assert misnamed_usecases(plant("services/leads/lead/usecases.py", source)) == []
