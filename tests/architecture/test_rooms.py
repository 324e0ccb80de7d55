"""Every service has the same rooms, and a file's name says what is in it."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.architecture.conftest import Plant
from tests.architecture.sources import ROOT, SERVICES, Module, read, report

FILES = {"README.md", "__init__.py", "app.py", "settings.py"}
ROOMS = {"domain", "usecases", "adapters", "entrypoints"}
DOORS = {"__init__", "http", "schemas", "events"}
NAMELESS = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}


def strange_rooms(root: Path) -> list[str]:
    problems = []
    for service in sorted(path for path in root.glob("services/*") if path.is_dir() and path.name != "__pycache__"):
        present = {path.name for path in service.iterdir()} - {"__pycache__"}
        problems += [f"{service.name} lacks {name}" for name in (FILES | ROOMS) - present]
        problems += [f"{service.name} has {name}, which no service has" for name in present - FILES - ROOMS]
        doors = {path.stem for path in (service / "entrypoints").glob("*") if path.name != "__pycache__"}
        problems += [f"{service.name}/entrypoints has {name}" for name in doors - DOORS]
    return problems


def readme_lines_missing(root: Path) -> list[str]:
    return [
        f"services/{readme.parent.name}/README.md does not say what it {word}"
        for readme in root.glob("services/*/README.md")
        for word in ("owns", "says", "hears")
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
    problems = []
    for module in modules:
        name = module.path.rpartition("/")[2].removesuffix(".py")
        if module.room != "usecases" or name == "__init__":
            continue
        functions = [node for node in module.tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        public = [function for function in functions if not function.name.startswith("_")]
        if [function.name for function in public] != [name] or not isinstance(public[0], ast.AsyncFunctionDef):
            problems.append(
                f"{module.path}: public functions {[function.name for function in public]}, not async {name}"
            )
        if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name):
            problems.append(f"{module.path}: a use case is a verb and a noun, such as convert_lead")
    return problems


def test_all_five_services_are_there() -> None:
    assert SERVICES == ("catalog", "clients", "deals", "leads", "timeline")


def test_every_service_has_the_same_rooms_and_no_other() -> None:
    report(strange_rooms(ROOT), "a service may not invent a new kind of room:")


def test_every_service_says_in_three_lines_what_it_owns_says_and_hears() -> None:
    report(
        readme_lines_missing(ROOT),
        "README.md of a service has the lines `- **owns** ...`, `- **says** ...`, `- **hears** ...`:",
    )


def test_no_file_has_a_name_that_says_nothing() -> None:
    report(nameless(read()), "no utils, helpers, common, manager:")


def test_every_module_says_what_it_is_for() -> None:
    report(without_docstring(read()), "a module docstring tells what it is for, and the one thing that surprises:")


def test_no_except_catches_everything_unnamed() -> None:
    report(bare_excepts(read()), "name what is caught:")


def test_a_use_case_file_holds_one_public_async_function_of_its_name() -> None:
    report(misnamed_usecases(read()), "the folder is the feature list:")


@pytest.fixture
def service(tmp_path: Path) -> Path:
    folder = tmp_path / "services" / "leads"
    for room in ROOMS:
        (folder / room).mkdir(parents=True)
    for file in FILES:
        (folder / file).write_text("- **owns** leads\n- **says** `LeadCreated`\n- **hears** all\n")
    return folder


def test_a_complete_service_is_no_violation(service: Path, tmp_path: Path) -> None:
    assert strange_rooms(tmp_path) == readme_lines_missing(tmp_path) == []


@pytest.mark.parametrize("room", ["ports", "sagas", "entrypoints/graphql"])
def test_a_planted_room_is_found(service: Path, tmp_path: Path, room: str) -> None:
    (service / room).mkdir()
    assert strange_rooms(tmp_path)


def test_a_missing_room_is_found(service: Path, tmp_path: Path) -> None:
    (service / "adapters").rmdir()
    assert strange_rooms(tmp_path) == ["leads lacks adapters"]


def test_a_readme_that_does_not_say_what_it_hears_is_found(service: Path, tmp_path: Path) -> None:
    (service / "README.md").write_text("- **owns** leads\n- **says** `LeadCreated`\n")
    assert readme_lines_missing(tmp_path) == ["services/leads/README.md does not say what it hears"]


@pytest.mark.parametrize("path", ["shared/kit/utils.py", "services/leads/domain/lead_helpers.py", "shared/common/x.py"])
def test_a_planted_name_that_says_nothing_is_found(plant: Plant, path: str) -> None:
    assert nameless(plant(path, ""))


def test_a_planted_module_without_docstring_is_found(plant: Plant) -> None:
    assert without_docstring(plant("shared/kit/thing.py", "x = 1"))


def test_a_planted_bare_except_is_found(plant: Plant) -> None:
    assert bare_excepts(plant("shared/kit/thing.py", "try:\n    x = 1\nexcept:\n    pass"))


@pytest.mark.parametrize(
    "source",
    [
        "async def convert(): ...",
        "def convert_lead(): ...",
        "async def convert_lead(): ...\nasync def revert_lead(): ...",
        "class ConvertLead: ...",
    ],
)
def test_a_planted_use_case_of_another_form_is_found(plant: Plant, source: str) -> None:
    assert misnamed_usecases(plant("services/leads/usecases/convert_lead.py", source))


def test_private_parts_and_classes_beside_a_use_case_are_no_violation(plant: Plant) -> None:
    source = "class Wish: ...\ndef _check(): ...\nasync def convert_lead(): ..."
    assert misnamed_usecases(plant("services/leads/usecases/convert_lead.py", source)) == []
