"""`crm import deals` into the real service: pipelines and stages by name, clients by origin, times and authors."""

from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import httpx
import pytest
from openpyxl import Workbook
from rich.console import Console

from deploy.cli.answers import Problem
from deploy.cli.client import Crm
from deploy.cli.imports import Counts, Import, Kind, read_mapping
from deploy.cli.imports.files import read_table
from tests.builders.running import Api

SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"
CLIENTS = {"Blauwerk", "Inkstone", "Quarzit", "P-001", "P-002", "P-003"}


class WithClients(httpx.AsyncBaseTransport):
    """The deals service itself; of clients, which is another one, what it answers about the clients of the sample."""

    def __init__(self, deals: httpx.AsyncBaseTransport) -> None:
        self._deals = deals

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "deals":
            return await self._deals.handle_async_request(request)
        asked = unquote(request.url.path.rpartition("/")[2]).removeprefix("id of ")
        if asked not in CLIENTS:
            return httpx.Response(404, json={"code": "not_found"})
        origin = {"originator_id": "crm_sales_opportunities", "origin_id": asked}
        return httpx.Response(200, json={"id": f"id of {asked}", **origin})


def client(api: Api, *roles: str) -> Crm:
    urls = {"deals": "http://deals", "clients": "http://clients"}
    token = api._signer.token(sub="anna", roles=list(roles))
    return Crm(urls, token, transport=WithClients(api._http._transport))


async def imported(
    api: Api, file: Path, *, role: str = "admin", mapping: Path = SAMPLES / "deals.toml", **options: str
) -> Counts:
    meant = read_mapping(mapping, **options)
    table = read_table(file, encoding=meant.encoding, delimiter=meant.delimiter, columns=meant.used)
    async with client(api, role) as crm:
        return await Import(crm, Kind.DEALS, meant, Console(file=StringIO())).run(table)


async def deals_of(api: Api, originator: str) -> dict[str, dict[str, Any]]:
    found = (await api.read(f"/deals?originator_id={originator}"))["items"]
    return {deal["origin_id"]: deal for deal in found}


def written(folder: Path, *changes: tuple[str, str], rows: int = 4, suffix: str = "csv") -> Path:
    """Some rows of the sample, changed, as a file of either form."""
    text = (SAMPLES / "deals.csv").read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    lines, file = text.splitlines()[: rows + 1], folder / f"deals.{suffix}"
    if suffix == "csv":
        file.write_text("\n".join(lines) + "\n")
    else:
        book = Workbook()
        for line in lines:
            book.active.append(line.split(","))  # type: ignore[union-attr] # it has a sheet
        book.save(file)
    return file


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
async def test_the_deals_of_another_crm_go_in_whole_and_a_second_time_without_effect(
    api: Api, tmp_path: Path, suffix: str
) -> None:
    """DEAL-10, CMN-10, CMN-14: an administrator gives times and authors."""
    originator, file = f"crm-{uuid4()}", written(tmp_path, suffix=suffix)
    counts = await imported(api, file, originator=originator)
    assert [rejected.reason for rejected in counts.rejects] == []
    deals = await deals_of(api, originator)
    won = deals["D-001"]
    times = {"created_at": "2024-02-29T22:30:00Z", "updated_at": "2024-05-02T07:15:00Z"}
    assert {name: won[name] for name in times} == times, "times of Berlin"
    authors = {"created_by": "user:ada", "updated_by": "user:bruno", "moved_by": "user:bruno"}
    assert {name: won[name] for name in authors} == authors
    assert (won["stage_id"], won["closed_at"], won["moved_at"]) == ("WON", *["2024-04-30T14:00:00Z"] * 2)
    assert (won["amount"], won["responsible_id"]) == ({"value": "18400", "currency": "EUR"}, "ada")
    assert [deals[id_]["stage_id"] for id_ in ("D-002", "D-003", "D-004")] == ["NEW", "EXECUTING", "LOSE"]
    assert deals["D-002"]["client"]["company"]["id"] == "id of Inkstone"
    linked = deals["D-002"]["client"]["contacts"]
    assert [(each["contact_id"], each["is_primary"]) for each in linked] == [
        ("id of P-002", True),
        ("id of P-003", False),
    ]
    again = await imported(api, file, originator=originator)
    assert (again.created, again.updated, again.unchanged, again.rejected) == (0, 0, 4, 0)
    assert again.left_out == {}
    assert await deals_of(api, originator) == deals


async def test_pipelines_and_stages_are_found_by_name_or_id(api: Api, tmp_path: Path) -> None:
    """CMN-14, PIPE-02."""
    id_, originator = f"i{uuid4().hex[:6]}", f"crm-{uuid4()}"
    await api.made("/pipelines", {"id": id_, "name": f"Imported {id_}"}, roles=("admin",))
    await api("PATCH", f"/pipelines/{id_}/stages/EXECUTING", {"name": "On the road"}, roles=("admin",))
    places = (
        (",Deals,Won,", f",imported {id_},on the ROAD,"),
        (",Deals,New,", f",{id_},C{id_}:PREPARATION,"),
        (",,EXECUTING,", f",Imported {id_},APOLOGY,"),
    )
    counts = await imported(api, written(tmp_path, *places), originator=originator)
    assert [rejected.reason for rejected in counts.rejects] == []
    found = {
        origin: (deal["pipeline_id"], deal["stage_id"]) for origin, deal in (await deals_of(api, originator)).items()
    }
    assert found == {
        "D-001": (id_, f"C{id_}:EXECUTING"),
        "D-002": (id_, f"C{id_}:PREPARATION"),
        "D-003": (id_, f"C{id_}:APOLOGY"),
        "D-004": ("default", "LOSE"),
    }


async def test_rows_that_cannot_be_taken_are_rejected_with_their_columns_and_the_others_go_in(
    api: Api, tmp_path: Path
) -> None:
    """CMN-14."""
    for _ in range(2):
        await api.made("/pipelines", {"id": f"t{uuid4().hex[:6]}", "name": "Twins"}, roles=("admin",))
    originator = f"crm-{uuid4()}"
    wrong = (
        (",Deals,Won,", ",Twins,Won,"),
        (",Deals,New,", ",Nowhere,New,"),
        ("Quarzit,,carla,2026-10-11 10:20", "Nobody,P-999,carla,someday"),
    )
    counts = await imported(api, written(tmp_path, *wrong), originator=originator)
    assert counts.created == 1
    first, second, third = sorted(counts.rejects, key=lambda each: each.row.line)
    assert "pipeline: 'Twins' could be" in first.reason
    assert [(one.column, one.code) for one in second.wrong] == [("pipeline", "pipeline_not_found")]
    assert {(one.column, one.code) for one in third.wrong} == {
        ("opened", "no_date"),
        ("company", "company_not_found"),
        ("people", "contact_not_found"),
    }


async def test_times_and_authors_of_who_is_no_administrator_stop_the_import(api: Api, tmp_path: Path) -> None:
    """DEAL-10, CMN-10: without them, whoever may import deals."""
    originator, file = f"crm-{uuid4()}", written(tmp_path, rows=1)
    with pytest.raises(Problem, match="deals:settings"):
        await imported(api, file, role="user", originator=originator)
    assert await deals_of(api, originator) == {}
    plain = tmp_path / "plain.toml"
    columns = 'name = "title"\npipeline = "pipeline_id"\nstage = "stage_id"\n'
    plain.write_text(f'originator = "{originator}"\norigin = "deal_id"\nignored = ["*"]\n[columns]\n{columns}')
    assert (await imported(api, file, role="user", mapping=plain)).created == 1


async def test_a_time_without_a_zone_rejects_its_row_unless_the_mapping_names_one(api: Api, tmp_path: Path) -> None:
    """CMN-14: nothing is guessed."""
    mapping, originator = tmp_path / "deals.toml", f"crm-{uuid4()}"
    mapping.write_text((SAMPLES / "deals.toml").read_text().replace('time_zone = "Europe/Berlin"\n', ""))
    file = written(tmp_path, ("2026-09-01 08:00", "2026-09-01T08:00+05:30"), ("2026-09-14 11:45", "2026-09-14 11:45Z"))
    counts = await imported(api, file, mapping=mapping, originator=originator)
    assert (counts.created, counts.rejected) == (1, 3)
    assert "has no time zone: say which by --time-zone" in counts.rejects[0].reason
    taken = (await deals_of(api, originator))["D-002"]
    assert (taken["created_at"], taken["updated_at"]) == ("2026-09-01T02:30:00Z", "2026-09-14T11:45:00Z")
