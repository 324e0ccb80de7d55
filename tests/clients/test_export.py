"""What an export writes of contacts an import reads back, and what it has no column for is said (CONT-06, CMN-14)."""

from collections import Counter
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from rich.console import Console

from deploy.cli.client import Crm
from deploy.cli.exports import Exported, export
from deploy.cli.imports import BadFile, Counts, Import, Kind, Mapping, read_mapping
from deploy.cli.imports.files import read_table
from tests.builders.running import Api

QUIET = Console(file=StringIO())
EXPORTED = Path(__file__).parents[2] / "deploy" / "samples" / "exported-contacts.toml"
SUFFIXES = pytest.mark.parametrize("suffix", ["csv", "xlsx"])


def crm(api: Api) -> Crm:
    """The command's client, of an administrator."""
    token = api._signer.token(sub="anna", roles=["admin"])
    return Crm({"clients": "http://clients"}, token, transport=api._http._transport)


async def exported(api: Api, file: Path, originator: str, **options: Any) -> Counter[str]:
    """Export the contacts of an originator; return what has no column."""
    lacking: Counter[str] = Counter()
    async with crm(api) as client:
        await export(client, Exported.CONTACTS, file, console=QUIET, originator=originator, left_out=lacking, **options)
    return lacking


async def imported(api: Api, file: Path, mapping: Mapping) -> Counts:
    async with crm(api) as client:
        return await Import(client, Kind.CONTACTS, mapping, QUIET).run(read_table(file))


async def companies(api: Api, originator: str, *titles: str) -> list[dict[str, Any]]:
    return [
        await api.made("/companies", {"title": title, "originator_id": originator, "origin_id": title.lower()})
        for title in titles
    ]


async def contact(api: Api, originator: str, employers: Sequence[dict[str, Any]] = (), **fields: Any) -> dict[str, Any]:
    return await api.made(
        "/contacts",
        {
            "last_name": "Berg",
            "originator_id": originator,
            "origin_id": str(uuid4()),
            "company_ids": [each["id"] for each in employers],
            **fields,
        },
    )


@SUFFIXES
async def test_all_companies_of_a_contact_are_in_its_cells_and_go_in_again(
    api: Api, tmp_path: Path, suffix: str
) -> None:
    """CONT-07: first the primary one; here nothing changes, and elsewhere the same links are made."""
    originator, elsewhere = f"shop-{uuid4()}", f"there-{uuid4()}"
    acme, zeta = await companies(api, originator, "ACME", "Zeta")
    made = await contact(api, originator, [zeta, acme])
    file = tmp_path / f"contacts.{suffix}"
    assert await exported(api, file, originator) == {}
    (row,) = read_table(file).rows
    assert (row.cells["company"], row.cells["company_origin_id"]) == ("Zeta\nACME", "zeta\nacme")
    assert row.cells["company_id"] == f"{zeta['id']}\n{acme['id']}"
    here = await imported(api, file, read_mapping(EXPORTED, originator=originator))
    assert (here.unchanged, here.rejects) == (1, [])
    assert await api.read(f"/contacts/{made['id']}") == made
    as_new = read_mapping(EXPORTED, originator=elsewhere).model_dump() | {"company_originator": originator}
    ignored = [name for name in as_new["ignored"] if name != "id"]
    new = {"origin": "id", "originator_column": None, "ignored": [*ignored, "originator_id", "origin_id"]}
    there = await imported(api, file, Mapping.model_validate(as_new | new))
    assert (there.created, there.rejects) == (1, [])
    (twin,) = (await api.read(f"/contacts?originator_id={elsewhere}"))["items"]
    assert [(link["company_id"], link["is_primary"]) for link in twin["companies"]] == [
        (link["company_id"], link["is_primary"]) for link in made["companies"]
    ]


async def test_only_companies_of_one_system_are_among_the_origins(api: Api, tmp_path: Path) -> None:
    """CONT-07, CMN-14: the row goes in again, and the file names the others by their ids here."""
    originator = f"shop-{uuid4()}"
    (acme,), (other,) = await companies(api, originator, "ACME"), await companies(api, f"erp-{uuid4()}", "Zeta")
    made_here = await api.made("/companies", {"title": "Ours"})
    await contact(api, originator, [acme, other, made_here])
    file = tmp_path / "contacts.csv"
    await exported(api, file, originator)
    (row,) = read_table(file).rows
    assert (row.cells["company"], row.cells["company_origin_id"]) == ("ACME\nZeta\nOurs", "acme")
    counts = await imported(api, file, read_mapping(EXPORTED, originator=originator))
    assert (counts.unchanged, counts.rejects) == (1, [])


async def test_one_company_of_several_that_is_not_there_is_named(api: Api, tmp_path: Path) -> None:
    """CMN-14: and the row is not half in."""
    originator = f"shop-{uuid4()}"
    (acme,) = await companies(api, originator, "ACME")
    await contact(api, originator, [acme])
    file = tmp_path / "contacts.csv"
    await exported(api, file, originator)
    file.write_text(file.read_text(encoding="utf-8-sig").replace(",acme,", ',"acme\nnobody",'))
    counts = await imported(api, file, read_mapping(EXPORTED, originator=originator))
    assert [each.reason for each in counts.rejects] == [
        f"company_origin_id: there is no company 'nobody' from {originator}"
    ]


async def test_what_the_file_has_no_column_for_is_counted(api: Api, tmp_path: Path) -> None:
    """CONT-06."""
    originator = f"shop-{uuid4()}"
    await contact(api, originator, observers=["bob"], utm={"source": "fair"})
    await contact(api, originator, observers=["eve"])
    assert await exported(api, tmp_path / "contacts.csv", originator) == {"observers": 2, "utm": 1}


@SUFFIXES
async def test_line_ends_of_a_comment_stay_as_they_are(api: Api, tmp_path: Path, suffix: str) -> None:
    """CMN-14: an export that goes in again changes nothing."""
    originator = f"shop-{uuid4()}"
    made = await contact(api, originator, comments="likes tea\r\nand _x000D_ coffee\nnever\rcocoa")
    file = tmp_path / f"contacts.{suffix}"
    await exported(api, file, originator)
    counts = await imported(api, file, read_mapping(EXPORTED, originator=originator))
    assert (counts.updated, counts.unchanged) == (0, 1)
    assert await api.read(f"/contacts/{made['id']}") == made


@SUFFIXES
async def test_a_file_that_is_there_is_replaced_only_where_that_is_wished(
    api: Api, tmp_path: Path, suffix: str
) -> None:
    """CONT-06."""
    originator, file = f"shop-{uuid4()}", tmp_path / f"contacts.{suffix}"
    await contact(api, originator)
    file.write_text("of yesterday")
    with pytest.raises(BadFile, match="is there already: give another name, or --overwrite to replace it"):
        await exported(api, file, originator)
    assert file.read_text() == "of yesterday"
    await exported(api, file, originator, overwrite=True)
    assert len(read_table(file).rows) == 1
