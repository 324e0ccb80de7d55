"""`crm export deals` from the real service, and back again (PERM-01, CMN-14)."""

from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from crm_contracts.roles import Right
from rich.console import Console

from deploy.cli.answers import Problem
from deploy.cli.exports import Exported, export
from deploy.cli.imports import Import, Kind, Mapping, read_mapping
from deploy.cli.imports.files import read_table
from tests.builders.granted import SELLER, allow
from tests.builders.running import Api, wrong_fields
from tests.deals.test_imported_deals import SAMPLES, client, deals_of, imported

FILE: Final = SAMPLES / "deals.csv"
QUIET: Final = Console(file=StringIO())
COPIED: Final = (
    *("title", "pipeline_id", "stage_id", "amount", "responsible_id", "begin_date", "close_date", "comments"),
    *("created_at", "created_by", "updated_at", "updated_by", "moved_at", "moved_by", "closed"),
)


async def exported(api: Api, file: Path, originator: str, *roles: str) -> tuple[int, Counter[str]]:
    lacking = Counter[str]()
    async with client(api, *(roles or ("admin",))) as crm:
        number = await export(
            crm, Exported.DEALS, file, console=QUIET, originator=originator, overwrite=True, left_out=lacking
        )
    return number, lacking


def origins(file: Path) -> set[str]:
    return {row.cells["origin_id"] for row in read_table(file).rows}


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
async def test_an_exported_file_goes_in_again_without_effect(api: Api, tmp_path: Path, suffix: str) -> None:
    """CMN-14: clients, times and authors included."""
    originator, file = f"crm-{uuid4()}", tmp_path / f"deals.{suffix}"
    await imported(api, FILE, originator=originator)
    before = await deals_of(api, originator)
    number, lacking = await exported(api, file, originator)
    assert (number, origins(file), lacking) == (4, set(before), Counter())
    table = read_table(file)
    cells = {row.cells["origin_id"]: row.cells for row in table.rows}["D-002"]
    names = ("company_id", "company_origin_id", "contact_ids", "contact_origin_ids", "amount", "currency")
    assert [cells[name] for name in names] == [
        *("id of Inkstone", "Inkstone", "id of P-002\nid of P-003", "P-002\nP-003", "2750.5", "EUR"),
    ]
    again = await imported(api, file, mapping=SAMPLES / "exported-deals.toml", originator=originator)
    assert ([each.reason for each in again.rejects], again.unchanged, again.left_out) == ([], 4, {})
    assert await deals_of(api, originator) == before


async def test_an_exported_file_makes_the_same_deals_elsewhere(api: Api, tmp_path: Path) -> None:
    """CMN-14, DEAL-10: as the shipped mapping says."""
    originator, elsewhere, file = f"crm-{uuid4()}", f"crm-{uuid4()}", tmp_path / "deals.csv"
    await imported(api, FILE, originator=originator)
    await exported(api, file, originator)
    given = read_mapping(SAMPLES / "exported-deals.toml", originator=elsewhere)
    ignored = ["company_id", "contact_ids", "originator_id", "origin_id"]
    new: dict[str, Any] = {"origin": "id", "originator_column": None, "ignored": ignored}
    new |= dict.fromkeys(("company_originator", "contact_originator"), "crm_sales_opportunities")
    async with client(api, "admin") as crm:
        run = Import(crm, Kind.DEALS, Mapping.model_validate({**given.model_dump(), **new}), QUIET)
        counts = await run.run(read_table(file))
    assert (counts.created, counts.rejects) == (4, [])
    twins = await deals_of(api, elsewhere)
    for deal in (await deals_of(api, originator)).values():
        assert {name: twins[deal["id"]][name] for name in COPIED} == {name: deal[name] for name in COPIED}
        links = [[each["contact_id"] for each in one["client"]["contacts"]] for one in (deal, twins[deal["id"]])]
        assert links[0] == links[1]


async def test_deals_are_exported_that_the_caller_may_read_and_export(api: Api, tmp_path: Path) -> None:
    """PERM-01: and what no column takes is counted."""
    originator, file = f"crm-{uuid4()}", tmp_path / "deals.csv"
    item = {"originator_id": originator, "amount": {"value": "1", "currency": "EUR"}}
    for origin_id, more in (
        ("mine", {"responsible_id": "anna", "observers": ["eve"]}),
        ("open", {"responsible_id": "bob"}),
        ("hidden", {"responsible_id": "bob", "open_to_all": False}),
    ):
        await api.made("/deals", {**item, "origin_id": origin_id, **more})
    assert (await exported(api, file, originator))[0] == 3
    await allow(api, Right(element="deal", levels={"read": "opened", "export": "own"}))
    assert await exported(api, file, originator, SELLER) == (1, Counter({"observers": 1}))
    assert origins(file) == {"mine"}
    await allow(api, Right(element="deal", levels={"read": "own", "export": "opened"}))
    await exported(api, file, originator, SELLER)
    assert origins(file) == {"mine"}
    await allow(api, Right(element="deal", levels={"read": "all"}))
    with pytest.raises(Problem, match="deals:export"):
        await exported(api, file, originator, SELLER)
    assert origins(file) == {"mine"}, "the file that was there stays"


async def test_the_export_goes_on_page_by_page_and_takes_nothing_else(api: Api) -> None:
    """PERM-01."""
    originator = f"crm-{uuid4()}"
    await imported(api, FILE, originator=originator)
    found, cursor = list[str](), ""
    while True:
        path = f"/deals/export?originator_id={originator}&limit=3{cursor}"
        page = (await api("GET", path, roles=("admin",))).json()
        found += [each["origin_id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(found) == ["D-001", "D-002", "D-003", "D-004"]
    assert wrong_fields(await api("GET", "/deals/export?stage_id=NEW", roles=("admin",))) == ["stage_id"]
    assert (await api("GET", "/deals/export")).status_code == 403
