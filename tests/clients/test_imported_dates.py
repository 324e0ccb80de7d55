"""A date in a file can be told from any other, or its row is rejected with the name of its column."""

from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from openpyxl import Workbook
from rich.console import Console

from deploy.cli.client import Crm
from deploy.cli.imports import Counts, Import, Kind, read_mapping
from deploy.cli.imports.files import read_table
from tests.builders.running import Api

HEADER = ["id", "last_name", "born"]
BAD: tuple[Any, ...] = (0, "0.0", 86400, "31.02.1990", "10.12.90", "10/12/1990", "1990-12-10T08:30:00")
GOOD = "10.12.1990"


def csv(folder: Path, rows: list[list[Any]]) -> Path:
    file = folder / "people.csv"
    file.write_text("".join(",".join(map(str, row)) + "\n" for row in [HEADER, *rows]))
    return file


def xlsx(folder: Path, rows: list[list[Any]]) -> Path:
    book, file = Workbook(), folder / "people.xlsx"
    for row in [HEADER, *rows]:
        book.worksheets[0].append(row)
    book.save(file)
    return file


async def imported(api: Api, file: Path, folder: Path) -> tuple[Counts, str]:
    originator, mapping = f"shop-{uuid4()}", folder / "people.toml"
    columns = "".join(
        f'{column} = "{field}"\n' for column, field in (("last_name", "last_name"), ("born", "birth_date"))
    )
    mapping.write_text(f'originator = "{originator}"\norigin = "id"\n[columns]\n{columns}')
    token = api._signer.token(sub="anna")
    async with Crm({"clients": "http://clients"}, token, transport=api._http._transport) as crm:
        run = Import(crm, Kind.CONTACTS, read_mapping(mapping), Console(file=StringIO()))
        return await run.run(read_table(file)), originator


@pytest.mark.parametrize("write", [csv, xlsx])
async def test_a_row_whose_date_is_none_is_rejected_by_name(api: Api, tmp_path: Path, write: Any) -> None:
    """CMN-14."""
    good = date(1990, 12, 10)
    rows = [[place, "Berg", born] for place, born in enumerate((*BAD, good, GOOD), start=1)]
    counts, originator = await imported(api, write(tmp_path, rows), tmp_path)
    assert (counts.created, counts.rejected) == (2, len(BAD))
    assert all("born: " in rejected.reason for rejected in counts.rejects), counts.rejects
    contacts = (await api.read(f"/contacts?originator_id={originator}"))["items"]
    assert [contact["birth_date"] for contact in contacts] == ["1990-12-10"] * 2
