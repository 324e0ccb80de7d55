"""A mapping that does not fit is refused before the first row."""

import json
import re
from pathlib import Path

import pytest
from crm_contracts.companies import CompanyFields
from crm_contracts.contacts import ContactFields, ContactState
from crm_contracts.registry import sample_of

from deploy.cli.exports.columns import COMPANY_COLUMNS, CONTACT_COLUMNS, contact_row
from deploy.cli.imports import BadMapping, read_mapping
from deploy.cli.imports.files import read_table
from deploy.cli.imports.mapping import Mapping

SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"


def written(folder: Path, text: str) -> Path:
    file = folder / "mapping.toml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("name", ["companies", "contacts", "products", "leads"])
def test_the_sample_mappings_speak_for_every_column_of_the_samples(name: str) -> None:
    read_mapping(SAMPLES / f"{name}.toml").check_header(read_table(SAMPLES / f"{name}.csv").header)


@pytest.mark.parametrize(("name", "columns"), [("contacts", CONTACT_COLUMNS), ("companies", COMPANY_COLUMNS)])
def test_the_mappings_of_exported_files_speak_for_every_column_of_theirs(name: str, columns: tuple[str, ...]) -> None:
    """CONT-06, CMN-14."""
    read_mapping(SAMPLES / f"exported-{name}.toml").check_header(list(columns))


def test_an_export_has_a_column_for_every_field_that_one_cell_holds() -> None:
    """CONT-06: a field that is declared in the contract is exported and taken in again."""
    contact = ContactState.model_validate(
        {
            **json.loads(sample_of("crm.contact.created.v1"))["data"]["contact"],
            "last_name": "Berg",
            "companies": [{"company_id": "c-1", "title": "ACME", "is_primary": True}],
            "export": False,
        }
    )
    cells = dict(
        zip(CONTACT_COLUMNS, contact_row(contact.model_dump(mode="json"), {"c-1": ("shop", "o-1")}), strict=True)
    )
    assert (cells["last_name"], cells["export"], cells["company"], cells["company_origin_id"]) == (
        "Berg",
        "false",
        "ACME",
        "o-1",
    )
    lists = {"observers", "phones", "emails", "websites", "messengers", "traces", "utm", "photo", "edited_here"}
    assert set(ContactFields.model_fields) - lists <= cells.keys()
    files = {"logo", "stamp", "director_sign", "accountant_sign"}
    assert set(CompanyFields.model_fields) - lists - files <= set(COMPANY_COLUMNS)


def test_a_file_that_was_exported_before_a_field_was_there_is_taken(tmp_path: Path) -> None:
    """CONT-06, CMN-14."""
    before = [name for name in CONTACT_COLUMNS if name != "position"]
    mapping = read_mapping(SAMPLES / "exported-contacts.toml")
    mapping.check_header(before)
    with pytest.raises(BadMapping, match="column 'rank' is neither used nor listed"):
        mapping.check_header([*before, "rank"])
    with pytest.raises(BadMapping, match="exported: Input should be 'contacts', 'companies' or 'deals'"):
        read_mapping(written(tmp_path, 'originator = "o"\norigin = "id"\nexported = "people"\n'))


def test_columns_that_are_missing_unknown_or_doubled_are_all_named(tmp_path: Path) -> None:
    mapping = read_mapping(written(tmp_path, 'originator = "o"\norigin = "id"\n[columns]\ncolour = "title"\n'))
    with pytest.raises(BadMapping) as found:
        mapping.check_header(["size", "id", "id"])
    assert found.value.reasons == (
        "column 'colour' is not in the file",
        "column 'size' is neither used nor listed under `ignored`",
        "column 'id' is there twice",
    )


@pytest.mark.parametrize("name", ["id", "ID"])
def test_an_id_of_this_crm_that_the_mapping_does_not_mention_is_refused_with_what_finds_records(
    tmp_path: Path, name: str
) -> None:
    """CMN-14: who feeds an exported file back by a mapping of his own is told that `id` corrects nothing."""
    mapping = read_mapping(written(tmp_path, 'originator = "o"\norigin = "number"\n'))
    with pytest.raises(BadMapping) as found:
        mapping.check_header([name, "number"])
    (reason,) = found.value.reasons
    assert reason.startswith(f"column '{name}' is neither used nor listed under `ignored`: an import finds records by")
    assert reason.endswith("PATCH corrects a record by its id")
    ignoring = read_mapping(written(tmp_path, f'originator = "o"\norigin = "number"\nignored = ["{name}"]\n'))
    ignoring.check_header([name, "number"])


def test_an_ignored_column_is_spoken_for(tmp_path: Path) -> None:
    mapping = read_mapping(written(tmp_path, 'originator = "o"\norigin = "id"\nignored = ["size"]\n'))
    mapping.check_header(["id", "size"])


def test_columns_of_templates_rows_conditions_and_amounts_count_as_used(tmp_path: Path) -> None:
    text = """
        originator = "o"
        origin = "id"
        company = "account"
        complete = ["stage"]
        [templates]
        title = ["{product} for {account}"]
        [money]
        revenue = { column = "turnover", currency = "USD" }
        [[prices]]
        column = "listed"
        currency = "USD"
        [values.state]
        a = "b"
        [ranges.staff]
        FEW = 10
        [[rows]]
        product = "product"
        quantity = "pieces"
        price = "paid"
        price_when = { won = ["yes"] }
    """
    mapping = read_mapping(written(tmp_path, text))
    used = {"id", "account", "stage", "product", "paid", "state", "pieces", "won", "turnover", "listed", "staff"}
    assert set(mapping.used) == used
    assert mapping.fields == {"title", "revenue", "prices", "company_id", "rows"}


def test_a_misspelt_key_of_the_mapping_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        BadMapping, match=r"columms: there is no such key; did you mean columns\?.*the keys of a mapping are .*columns"
    ):
        read_mapping(written(tmp_path, 'originator = "o"\norigin = "id"\n[columms]\na = "b"\n'))


def test_every_key_of_a_mapping_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    table = page.partition("| key | means |")[2].partition("\n\n")[0]
    for key in Mapping.model_fields:
        assert re.search(rf"[`\[]{key}[`\].]", table), key


def test_companies_may_come_from_another_system_than_the_rows(tmp_path: Path) -> None:
    text = 'originator = "shop"\norigin = "id"\ncompany = "account"\n'
    assert read_mapping(written(tmp_path, text)).originator_of_companies == "shop"
    assert read_mapping(written(tmp_path, f'{text}company_originator = "erp"\n')).originator_of_companies == "erp"


def test_a_missing_key_of_the_mapping_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match="give either `origin` or `origin_from`"):
        read_mapping(written(tmp_path, 'originator = "o"\n'))


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match=r"mapping\.toml is not TOML"):
        read_mapping(written(tmp_path, "originator: o"))


def test_a_mapping_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    """CMN-14: as an editor of Windows saves it."""
    file = tmp_path / "mapping.toml"
    file.write_bytes('originator = "x"\norigin = "Straße"\n'.encode("cp1252"))
    with pytest.raises(BadMapping, match=r"mapping\.toml is not UTF-8 in line 2"):
        read_mapping(file)


def test_the_originator_can_be_replaced() -> None:
    assert read_mapping(SAMPLES / "leads.toml", originator="another").originator == "another"
