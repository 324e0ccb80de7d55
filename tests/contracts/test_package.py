"""`crm-contracts` is all that another department installs: it stands alone, with pydantic as its only dependency."""

import json
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest
from crm_contracts import registry
from generation.files import PACKAGE

CONSUMER = """
import importlib.util, json, sys
from importlib.metadata import requires
import crm_contracts
from crm_contracts import registry

sample = json.loads(registry.sample_of("crm.lead.converted.v1"))
envelope = registry.parse(sample["headers"], json.dumps(sample["data"]).encode())
found = [name for name in ("shared", "services", "deploy") if importlib.util.find_spec(name)]
print(json.dumps([type(envelope.data).__name__, found, requires("crm-contracts"), crm_contracts.__file__]))
"""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    run(sys.executable, "-m", "pip", "wheel", *offline, "--wheel-dir", folder, PACKAGE.parent, cwd=folder)
    (built,) = folder.glob("crm_contracts-*.whl")
    return built


def test_the_wheel_holds_schemas_samples_and_the_type_marker(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    wanted = {f"crm_contracts/{room}/{ce_type}.json" for room in ("schemas", "samples") for ce_type in registry.EVENTS}
    assert wanted | {"crm_contracts/py.typed"} <= names


def test_the_wheel_holds_nothing_of_the_services_or_the_kit(wheel: Path) -> None:
    assert {name.split("/")[0].split("-")[0] for name in ZipFile(wheel).namelist()} == {"crm_contracts"}


def test_it_installs_alone_and_reads_an_event(wheel: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=True)
    python = bare / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=tmp_path)
    name, found, dependencies, place = json.loads(run(python, "-I", "-c", CONSUMER, cwd=tmp_path))
    assert name == "LeadConverted"
    assert found == [], "neither the kit nor a service comes with it"
    assert [each.split(">")[0] for each in dependencies] == ["pydantic"]
    assert Path(place).is_relative_to(bare)
