"""Contacts and companies come in and go out with the real services: twice, at once, and from a file of our own."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from rich.console import Console

from deploy.cli.answers import Problem
from deploy.cli.client import Crm as Client
from deploy.cli.exports import Exported, export
from deploy.cli.imports import Counts, Import, Kind, Mapping, read_mapping
from deploy.cli.imports.files import read_table
from tests.deadlines import DEADLINE_S
from tests.system.crm import Crm

SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"
QUIET = Console(file=StringIO())
CLIENTS = (Kind.COMPANIES, Kind.CONTACTS)


@pytest_asyncio.fixture(loop_scope="session")
async def client(crm: Crm) -> AsyncIterator[Client]:
    async with a_client(crm, roles=["admin"]) as client:
        yield client


def a_client(crm: Crm, **rights: Any) -> Client:
    urls = {name: service.url for name, service in crm.services.items()}
    return Client(urls, crm.stack.keys.token("importer-in-tests", **rights, minutes=120))


async def importing(client: Client, kind: Kind, originator: str, file: Path, mapping: str) -> Counts:
    meant = read_mapping(SAMPLES / f"{mapping}.toml", originator=originator)
    counts = await Import(client, kind, meant, QUIET).run(read_table(file))
    assert counts.rejects == []
    return counts


async def samples(client: Client, originator: str) -> list[tuple[int, int, int]]:
    found = [await importing(client, kind, originator, SAMPLES / f"{kind.value}.csv", kind.value) for kind in CLIENTS]
    return [(counts.created, counts.updated, counts.unchanged) for counts in found]


async def records(client: Client, kind: Kind, originator: str) -> dict[str, dict[str, Any]]:
    pages = client.pages("clients", f"/v1/{kind.value}", originator_id=originator)
    return {record["origin_id"]: record async for record in pages}


async def test_the_sample_contacts_go_in_and_a_second_time_nothing_changes(client: Client) -> None:
    """CMN-14, COMP-04."""
    originator = f"contacts-{uuid4()}"
    assert await samples(client, originator) == [(22, 0, 0), (40, 0, 0)]
    before = await records(client, Kind.CONTACTS, originator)
    assert await samples(client, originator) == [(0, 0, 22), (0, 0, 40)]
    assert await records(client, Kind.CONTACTS, originator) == before
    goran, inkstone = before["P-002"], (await records(client, Kind.COMPANIES, originator))["Inkstone"]
    assert [point["normalized"] for point in goran["phones"]] == ["+493023125001", "+491713920001"]
    assert [(link["company_id"], link["is_primary"]) for link in goran["companies"]] == [(inkstone["id"], True)]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
async def test_an_exported_file_goes_in_again_without_effect(client: Client, tmp_path: Path, suffix: str) -> None:
    """CONT-06, CMN-14."""
    originator = f"exported-{uuid4()}"
    await samples(client, originator)
    exported = {kind: tmp_path / f"{kind.value}.{suffix}" for kind in CLIENTS}
    for kind, file in exported.items():
        count = await export(client, Exported(kind.value), file, console=QUIET, originator=originator)
        there = await records(client, kind, originator)
        assert count == sum(record.get("export", True) for record in there.values())
        counts = await importing(client, kind, originator, file, f"exported-{kind.value}")
        assert (counts.created, counts.updated, counts.unchanged) == (0, 0, count)
        assert await records(client, kind, originator) == there


def as_new(kind: Kind, originator: str) -> Mapping:
    """What the shipped mappings say of another CRM."""
    given = read_mapping(SAMPLES / f"exported-{kind.value}.toml", originator=originator)
    company = "company_id" if given.company else None
    ignored = {*given.ignored, "originator_id", "origin_id", *([given.company] if given.company else [])}
    changed = {"origin": "id", "originator_column": None, "company": company}
    return Mapping.model_validate({**given.model_dump(), **changed, "ignored": [*ignored - {"id", company}]})


async def test_an_exported_file_makes_the_same_people_and_employers_elsewhere(client: Client, tmp_path: Path) -> None:
    """CONT-06, CMN-14."""
    originator, elsewhere = f"here-{uuid4()}", f"there-{uuid4()}"
    await samples(client, originator)
    for kind in CLIENTS:
        file = tmp_path / f"{kind.value}.xlsx"
        count = await export(client, Exported(kind.value), file, console=QUIET, originator=originator)
        counts = await Import(client, kind, as_new(kind, elsewhere), QUIET).run(read_table(file))
        assert (counts.created, counts.rejects) == (count, [])
    there = await records(client, Kind.CONTACTS, elsewhere)
    for goran in (await records(client, Kind.CONTACTS, originator)).values():
        if goran["export"]:
            twin = there[goran["id"]]
            for name in ("first_name", "last_name", "phones", "emails", "messengers", "birth_date", "origin_version"):
                assert twin[name] == goran[name]
            assert [link["title"] for link in twin["companies"]] == [link["title"] for link in goran["companies"]]


async def test_contacts_that_must_not_be_exported_are_in_no_file(client: Client, tmp_path: Path) -> None:
    """CONT-06."""
    originator, file = f"kept-{uuid4()}", tmp_path / "contacts.csv"
    await samples(client, originator)
    await export(client, Exported.CONTACTS, file, console=QUIET, originator=originator)
    kept = {row.cells["origin_id"] for row in read_table(file).rows}
    may = {origin for origin, record in (await records(client, Kind.CONTACTS, originator)).items() if record["export"]}
    assert kept == may
    assert len(may) < 40


async def test_without_the_right_to_export_there_is_no_file(crm: Crm, tmp_path: Path) -> None:
    """CONT-06."""
    file = tmp_path / "contacts.csv"
    async with a_client(crm, roles=["user"]) as nobody:
        with pytest.raises(Problem) as refused:
            await export(nobody, Exported.CONTACTS, file, console=QUIET)
    assert refused.value.status == 403
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - pathlib's way is refused in a coroutine


async def test_what_was_corrected_here_is_rejected_by_another_revision_of_the_file(
    client: Client, tmp_path: Path
) -> None:
    """CONT-08, CMN-14."""
    originator, file = f"revised-{uuid4()}", tmp_path / "contacts.csv"
    await samples(client, originator)
    goran = (await records(client, Kind.CONTACTS, originator))["P-002"]
    await client.send("PATCH", "clients", f"/v1/contacts/{goran['id']}", body={"position": "Owner"})
    assert (await samples(client, originator))[1] == (0, 0, 40)
    head, *rows = (SAMPLES / "contacts.csv").read_text().splitlines()
    file.write_text("\n".join([head, *(f"{row}0" for row in rows)]) + "\n")
    mapping = read_mapping(SAMPLES / "contacts.toml", originator=originator)
    counts = await Import(client, Kind.CONTACTS, mapping, QUIET).run(read_table(file))
    assert (counts.updated, counts.rejected) == (39, 1)
    assert "origin_version_conflict: job: " in counts.rejects[0].reason
    assert (await client.get("clients", f"/v1/contacts/{goran['id']}"))["position"] == "Owner"


def start(crm: Crm, *command: str) -> "subprocess.Popen[str]":
    urls = {f"CRM_{name.upper()}_URL": service.url for name, service in crm.services.items()}
    token = crm.stack.keys.token("importer-in-tests", roles=["admin"], minutes=120)
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.cli.app", *command],
        env={**os.environ, **urls, "CRM_TOKEN": token},
        cwd=SAMPLES.parents[1],
        stdout=subprocess.PIPE,
        text=True,
    )


async def test_the_command_says_how_many_it_exported(crm: Crm, client: Client, tmp_path: Path) -> None:
    """CONT-06."""
    originator, file = f"command-{uuid4()}", tmp_path / "companies.xlsx"
    await importing(client, Kind.COMPANIES, originator, SAMPLES / "companies.csv", "companies")
    told, _ = start(crm, "export", "companies", str(file), "--originator", originator).communicate(timeout=DEADLINE_S)
    assert told.startswith("companies.xlsx: 22 companies in ")
    assert len(read_table(file).rows) == 22


async def test_two_importers_of_overlapping_files_at_once_make_no_doubles(crm: Crm, client: Client) -> None:
    """CMN-14."""
    originator = f"twice-{uuid4()}"
    await importing(client, Kind.COMPANIES, originator, SAMPLES / "companies.csv", "companies")
    command = ["import", "contacts", str(SAMPLES / "contacts.csv"), "--map", str(SAMPLES / "contacts.toml")]
    both = [start(crm, *command, "--originator", originator) for _ in range(2)]
    told = [process.communicate(timeout=DEADLINE_S)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    created = [int(text.partition(": ")[2].partition(" created")[0]) for text in told]
    pages = client.pages("clients", "/v1/contacts", originator_id=originator)
    origins = [record["origin_id"] async for record in pages]
    assert (sum(created), len(origins), len(set(origins))) == (40, 40, 40)
