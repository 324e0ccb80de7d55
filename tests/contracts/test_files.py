"""Promises about the committed schemas and samples, the old samples included."""

import json
from pathlib import Path
from typing import Any

import pytest
from crm_contracts import registry
from crm_contracts.events import ElementEvent
from crm_contracts.products import ProductCreated
from generate import main
from generation.files import PACKAGE, stale, write
from generation.samples import sample_text
from generation.schemas import DIALECT, schema_text
from jsonschema import Draft202012Validator

OLD = sorted((PACKAGE / "samples" / "old").glob("*.json"))
EVERY_TYPE = pytest.mark.parametrize("ce_type", registry.EVENTS)


def problems(schema: dict[str, Any], data: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(data)]


@EVERY_TYPE
def test_an_event_has_its_schema_committed_as_generated(ce_type: str) -> None:
    assert registry.schema_of(ce_type) == schema_text(registry.EVENTS[ce_type]), "run `make contracts`"


@EVERY_TYPE
def test_an_event_has_its_sample_committed_as_generated(ce_type: str) -> None:
    assert registry.sample_of(ce_type) == sample_text(registry.EVENTS[ce_type]), "run `make contracts`"


def test_nothing_is_stale_and_nothing_belongs_to_no_event() -> None:
    assert stale() == [], "run `make contracts`"


@EVERY_TYPE
def test_a_schema_is_valid_and_tells_the_type_and_what_it_means(ce_type: str) -> None:
    schema = json.loads(registry.schema_of(ce_type))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT
    assert schema["$id"].endswith(ce_type)
    assert schema["title"] == registry.EVENTS[ce_type].__name__
    assert schema["description"]


@EVERY_TYPE
def test_a_sample_is_valid_by_its_schema(ce_type: str) -> None:
    assert problems(json.loads(registry.schema_of(ce_type)), json.loads(registry.sample_of(ce_type))["data"]) == []


@EVERY_TYPE
def test_a_sample_is_read_as_its_class_and_written_again_the_same(ce_type: str) -> None:
    sample = json.loads(registry.sample_of(ce_type))
    envelope = registry.parse(sample["headers"], json.dumps(sample["data"]).encode())
    assert envelope is not None
    assert type(envelope.data) is registry.EVENTS[ce_type]
    assert envelope.headers() == sample["headers"]
    assert json.loads(envelope.body()) == sample["data"]
    assert envelope.subject == sample["key"]


@EVERY_TYPE
def test_a_sample_in_the_history_of_an_element_has_its_id_as_key(ce_type: str) -> None:
    """As on the topic: requisites are in the history of their owner."""
    sample = json.loads(registry.sample_of(ce_type))
    envelope = registry.parse(sample["headers"], json.dumps(sample["data"]).encode())
    assert envelope is not None
    if isinstance(envelope.data, ElementEvent):
        assert sample["key"] == envelope.data.element.id


@EVERY_TYPE
def test_a_schema_describes_derived_fields_and_requires_none(ce_type: str) -> None:
    schema = json.loads(registry.schema_of(ce_type))
    derived = {
        "Client": ["contact_id"],
        "LeadState": ["has_phone", "has_email", "has_imol"],
        "ProductState": ["available"],
    }
    for name, fields in derived.items():
        if name in schema.get("$defs", {}):
            described = schema["$defs"][name]
            assert [described["properties"][field]["readOnly"] for field in fields] == [True] * len(fields)
            assert not {*fields} & {*described.get("required", ())}


@EVERY_TYPE
def test_an_update_sample_changes_one_or_two_fields(ce_type: str) -> None:
    if not ce_type.endswith(".updated.v1"):
        return
    data = json.loads(registry.sample_of(ce_type))["data"]
    assert data["before"].keys() == data["after"].keys()
    assert len(data["after"]) in {1, 2}
    assert all(data["before"][name] != data["after"][name] for name in data["after"])


def test_a_schema_knows_the_fields_of_an_update_and_money_as_text() -> None:
    schema = json.loads(registry.schema_of("crm.lead.updated.v1"))
    assert schema["properties"]["after"]["$ref"] == "#/$defs/LeadFields"
    created = json.loads(registry.schema_of("crm.lead.created.v1"))
    assert created["$defs"]["Money"]["properties"]["value"]["type"] == "string"


def test_old_samples_are_read_for_ever_and_fit_the_schema_of_today() -> None:
    """What is added must have a default: a newly required field would make the oldest records unreadable."""
    for file in OLD:
        sample = json.loads(file.read_text())
        ce_type = sample["headers"]["ce_type"]
        assert registry.parse(sample["headers"], json.dumps(sample["data"]).encode()) is not None, file.name
        assert problems(json.loads(registry.schema_of(ce_type)), sample["data"]) == [], file.name


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of its own whose only event is a product's creation."""
    monkeypatch.setattr(registry, "EVENTS", {ProductCreated.ce_type: ProductCreated})
    assert main([], tmp_path) == 0
    return tmp_path


def sample_in(package: Path) -> Path:
    return package / "samples" / f"{ProductCreated.ce_type}.json"


def test_writing_twice_changes_nothing(package: Path) -> None:
    before = {file: file.read_text() for file in package.rglob("*.json")}
    assert write(package) == []
    assert {file: file.read_text() for file in package.rglob("*.json")} == before
    assert main(["--check"], package) == 0


def test_the_check_names_a_stale_file(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (package / "schemas" / f"{ProductCreated.ce_type}.json").write_text("{}")
    assert main(["--check"], package) == 1
    assert f"schemas/{ProductCreated.ce_type}.json" in capsys.readouterr().err


def test_the_check_names_a_file_that_belongs_to_no_event(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (package / "samples" / "crm.product.forgotten.v1.json").write_text("{}")
    assert main(["--check"], package) == 1
    assert "forgotten" in capsys.readouterr().err


def test_a_sample_of_another_shape_is_kept_as_an_old_one(package: Path) -> None:
    file = sample_in(package)
    older = json.loads(file.read_text())
    del older["data"]["product"]["vat_rate"]
    file.write_text(json.dumps(older))
    assert write(package) == [f"samples/old/{ProductCreated.ce_type}-1.json"]
    assert json.loads((package / "samples" / "old" / f"{ProductCreated.ce_type}-1.json").read_text()) == older
    assert stale(package) == []


def test_a_sample_that_cannot_be_read_any_more_is_never_overwritten(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = sample_in(package)
    older = json.loads(file.read_text())
    del older["data"]["product"]["id"]
    file.write_text(json.dumps(older))
    assert main([], package) == 1
    assert ProductCreated.ce_type in capsys.readouterr().err
    assert json.loads(file.read_text()) == older
    assert not (package / "samples" / "old").exists()


def test_a_newly_required_field_is_found_by_an_older_sample() -> None:
    schema = json.loads(registry.schema_of(ProductCreated.ce_type))
    data = json.loads(registry.sample_of(ProductCreated.ce_type))["data"]
    schema["required"].append("invented_today")
    assert problems(schema, data)


def test_the_readme_names_every_module() -> None:
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    assert [each.name for each in sorted(PACKAGE.glob("[a-z]*.py")) if f"`{each.name}`" not in readme] == []
