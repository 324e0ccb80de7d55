"""People come in with all that they are reached by and the company that they work for."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from deploy.cli.imports import BadMapping, Counts, Import, Kind, read_mapping
from deploy.cli.imports.bodies import References, body
from deploy.cli.imports.files import read_table
from deploy.cli.imports.mapping import Mapping
from deploy.cli.imports.rejects import write_rejects
from deploy.cli.imports.table import BadRow, Row
from tests.cli.fakes import Services

SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"
QUIET = Console(file=StringIO())
HEAD, _, SECOND = (SAMPLES / "contacts.csv").read_text().splitlines()[:3]
"""The second one has an office phone, a mobile one, and an employer."""


async def importing(services: Services, kind: Kind, file: Path | None = None, mapping: Path | None = None) -> Counts:
    meant = read_mapping(mapping or SAMPLES / f"{kind.value}.toml")
    async with services.crm() as crm:
        return await Import(crm, kind, meant, QUIET).run(read_table(file or SAMPLES / f"{kind.value}.csv"))


def written(folder: Path, *lines: str, name: str = "rows.csv") -> Path:
    file = folder / name
    file.write_text("\n".join(lines) + "\n")
    return file


def figures(counts: Counts) -> tuple[int, int, int, int, int]:
    return counts.created, counts.updated, counts.unchanged, counts.skipped, counts.rejected


async def test_the_sample_contacts_go_in_with_their_companies_and_a_second_time_without_effect() -> None:
    """CMN-14, COMP-04."""
    services = Services()
    await importing(services, Kind.COMPANIES)
    assert figures(await importing(services, Kind.CONTACTS)) == (40, 0, 0, 0, 0)
    writes, goran = services.writes, services.records["/v1/contacts/external/crm_sales_opportunities/P-002"]
    assert goran["phones"] == [{"value": "030 23125001"}, {"value": "0171 3920001", "kind": "MOBILE"}]
    assert goran["emails"] == [{"value": "goran.amsel.1@example.com"}]
    assert (goran["export"], goran["origin_version"], "messengers" in goran) == (False, "5", False)
    assert [link["company_id"] for link in goran["companies"]] == ["id of Inkstone"]
    assert "company_id" not in goran
    assert figures(await importing(services, Kind.CONTACTS)) == (0, 0, 40, 0, 0)
    assert services.writes == writes


async def test_a_contact_whose_company_went_meanwhile_is_rejected_whole_and_importing_it_again_creates_it(
    tmp_path: Path,
) -> None:
    """CMN-14, COMP-04."""
    services = Services()
    await importing(services, Kind.COMPANIES)
    employer = next(path for path in services.records if path.endswith("/Inkstone"))
    services.gone["id of Inkstone"] = {}
    file = written(tmp_path, HEAD, SECOND)
    counts = await importing(services, Kind.CONTACTS, file)
    assert counts.rejected == 1
    reason = "409 company_not_found: account: 'Inkstone': There is no company. (company_not_found)"
    assert counts.rejects[0].reason == reason
    assert not any(path.startswith("/v1/contacts") for path in services.records)
    rejects = tmp_path / "rejects.csv"
    write_rejects(rejects, read_table(file).header, counts.rejects)
    del services.gone["id of Inkstone"]
    assert figures(await importing(services, Kind.CONTACTS, rejects)) == (1, 0, 0, 0, 0)
    goran = services.records["/v1/contacts/external/crm_sales_opportunities/P-002"]
    assert [link["company_id"] for link in goran["companies"]] == [services.records[employer]["id"]]


async def test_rows_of_merged_records_are_skipped_and_those_of_deleted_ones_rejected(tmp_path: Path) -> None:
    """CMN-14."""
    services = Services()
    await importing(services, Kind.COMPANIES)
    services.gone = {"P-001": {"merged_into": "id of another"}, "P-002": {}}
    counts = await importing(services, Kind.CONTACTS)
    assert figures(counts) == (38, 0, 0, 1, 1)
    assert counts.rejects[0].row.cells["person"] == "P-002"
    assert counts.rejects[0].reason == "it was deleted here, and an import does not bring it back"


async def test_all_errors_of_a_row_are_reported_at_once(tmp_path: Path) -> None:
    """CMN-14."""
    services = Services()
    wrong = SECOND.replace("Inkstone", "Nobody Ltd").replace(",no,", ",maybe,")
    counts = await importing(services, Kind.CONTACTS, written(tmp_path, HEAD, wrong))
    assert counts.rejects[0].reason == (
        "exportable: 'maybe' is neither true nor false; "
        "account: there is no company 'Nobody Ltd' from crm_sales_opportunities"
    )
    assert services.writes == 0


async def test_a_row_of_another_originator_is_rejected_where_the_file_names_it(tmp_path: Path) -> None:
    """CMN-14."""
    services = Services()
    text = 'originator = "shop"\noriginator_column = "from"\norigin = "id"\n[columns]\nname = "last_name"\n'
    file = written(tmp_path, "from,id,name", "shop,1,Ada", "fair,1,Bob", "shop,1,Ada again", ",2,Cy")
    counts = await importing(services, Kind.CONTACTS, file, written(tmp_path, text, name="mapping.toml"))
    assert figures(counts) == (1, 0, 0, 0, 3)
    assert [one.reason for one in counts.rejects] == [
        "from: 'fair' is not 'shop'",
        "id: '1' is in line 2 already",
        "from: '' is not 'shop': a record that was made here has no other id, and is corrected by PATCH alone",
    ]


async def test_a_company_has_no_company_to_be_linked_to(tmp_path: Path) -> None:
    services = Services()
    mapping = written(tmp_path, 'originator = "o"\norigin = "id"\ncompany = "owner"\n', name="mapping.toml")
    with pytest.raises(BadMapping, match="companies have no field 'company_id'"):
        await importing(services, Kind.COMPANIES, written(tmp_path, "id,owner", "1,2"), mapping)


def made(rules: dict[str, object], **cells: str) -> dict[str, object]:
    mapping = Mapping.model_validate({"originator": "o", "origin": "id", **rules})
    return body(mapping, Row(2, ("1", *cells.values()), {"id": "1", **cells}), References())


def test_a_cell_may_hold_several_phones_each_with_its_kind() -> None:
    """CMN-14, CONT-03."""
    rule = {"column": "phones", "kind": "WORK", "kinded": True}
    assert made({"phones": [rule]}, phones="030 1\nMOBILE: 0171 2\n \n") == {
        "phones": [{"value": "030 1", "kind": "WORK"}, {"value": "0171 2", "kind": "MOBILE"}]
    }
    assert made({"phones": [{"column": "phones", "separator": ";"}]}, phones="030 1; 030 2") == {
        "phones": [{"value": "030 1"}, {"value": "030 2"}]
    }
    assert made({"phones": [rule]}, phones="") == {}


def test_a_cell_may_hold_several_companies_each_once_and_in_their_order() -> None:
    """CMN-14, CONT-07."""
    mapping = Mapping.model_validate({"originator": "o", "origin": "id", "company": "firms", "company_separator": ";"})
    known = References({"ACME": "1", "Zeta": "2"})
    assert body(mapping, Row(2, ("1", "x"), {"id": "1", "firms": "Zeta; ACME;;Zeta"}), known) == {
        "company_ids": ["2", "1"]
    }
    with pytest.raises(BadRow, match="firms: there is no company 'Nobody' from o"):
        body(mapping, Row(2, ("1", "x"), {"id": "1", "firms": "Zeta;Nobody"}), known)


async def test_a_lead_has_one_company(tmp_path: Path) -> None:
    text = 'originator = "o"\norigin = "id"\ncompany = "firms"\ncompany_separator = ";"\n'
    mapping = written(tmp_path, text, name="mapping.toml")
    with pytest.raises(BadMapping, match="leads have no field 'company_ids'"):
        await importing(Services(), Kind.LEADS, written(tmp_path, "id,firms", "1,ACME"), mapping)


def test_a_website_is_no_kind() -> None:
    assert made({"websites": [{"column": "site", "kinded": True}]}, site="https://acme.example") == {
        "websites": [{"value": "https://acme.example"}]
    }


def test_a_currency_may_stand_in_a_column_of_its_own_and_must_stand_there() -> None:
    rules: dict[str, object] = {"money": {"revenue": {"column": "sum", "currency_column": "in"}}}
    assert made(rules, sum="10.50", **{"in": "EUR"}) == {"revenue": {"value": "10.5", "currency": "EUR"}}
    with pytest.raises(BadRow, match="in: is empty"):
        made(rules, sum="10.50", **{"in": ""})
    with pytest.raises(BadRow, match="in: there is no currency 'ZZZ'"):
        made(rules, sum="10.50", **{"in": "ZZZ"})
    with pytest.raises(BadRow, match="sum: there is no currency 'ZZZ'"):
        made({"money": {"revenue": {"column": "sum", "currency": "ZZZ"}}}, sum="10.50")


def test_an_amount_has_its_currency_from_one_place() -> None:
    for both in ({}, {"currency": "EUR", "currency_column": "in"}):
        with pytest.raises(ValueError, match="either `currency` or `currency_column`"):
            made({"money": {"revenue": {"column": "sum", **both}}}, sum="1")
