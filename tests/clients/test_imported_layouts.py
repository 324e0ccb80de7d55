"""Address books of other programs come in whole: every person, every phone, in the right country."""

from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from rich.console import Console

from deploy.cli.client import Crm
from deploy.cli.imports import Counts, Import, Kind, read_mapping
from deploy.cli.imports.files import read_table
from tests.builders.running import Api

SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"


async def imported(api: Api, file: Path, mapping: str, **options: str) -> tuple[Counts, dict[str, dict[str, Any]]]:
    """Import a file into the service, whose own country is Germany; return its contacts by their last names."""
    originator = f"book-{uuid4()}"
    meant = read_mapping(SAMPLES / f"{mapping}.toml", originator=originator, **options)
    table = read_table(file, encoding=meant.encoding, delimiter=meant.delimiter, columns=meant.used)
    token = api._signer.token(sub="anna")
    async with Crm({"clients": "http://clients"}, token, transport=api._http._transport) as crm:
        counts = await Import(crm, Kind.CONTACTS, meant, Console(file=StringIO())).run(table)
    found = (await api.read(f"/contacts?originator_id={originator}"))["items"]
    return counts, {contact["last_name"]: contact for contact in found}


def phones(contact: dict[str, Any]) -> list[tuple[str, str]]:
    return [(point["kind"], point["normalized"].partition(";")[0]) for point in contact["phones"]]


LAYOUTS = {
    ("google-contacts", "csv", "US"): {
        "Winter": [("MOBILE", "+12125550123"), ("FAX", "+12125550199")],
        "Czerny": [("WORK", "+14155550142"), ("WORK", "+14155550143")],
        "Iltis": [("MOBILE", "+491713920001")],
    },
    ("outlook-contacts", "csv", "US"): {
        "Amsel": [("WORK", "+13125550110"), ("MOBILE", "+13125550111"), ("FAX", "+13125550119")],
        "Çelik": [("HOME", "+16175550177")],
        "Front Desk": [("WORK", "+442079460018")],
    },
    ("thunderbird-contacts", "csv", "DE"): {
        "Müller": [("WORK", "+493023125001"), ("MOBILE", "+491713920001"), ("FAX", "+493023125009")],
        "Lang": [("HOME", "+498923456789"), ("PAGER", "+491713920005")],
        "Pforte": [("WORK", "+41446681800")],
    },
    ("hubspot-contacts", "csv", "US"): {
        "Winter": [("WORK", "+14155550123"), ("MOBILE", "+14155550124")],
        "Czerny": [("WORK", "+18885550142"), ("FAX", "+14155550190")],
        "Iltis": [("WORK", "+390669821234")],
    },
    ("vcard", "vcf", "DE"): {
        "Winter": [("MOBILE", "+491713920001"), ("FAX", "+493023125009")],
        "Czerny": [("HOME", "+498923456789")],
        "Müller": [("MOBILE", "+491713920002")],
    },
}


@pytest.mark.parametrize("layout", LAYOUTS, ids="-".join)
async def test_an_address_book_of_another_program_loses_no_person_and_no_phone(
    api: Api, layout: tuple[str, str, str]
) -> None:
    """CMN-14, CONT-03."""
    name, suffix, country = layout
    file = SAMPLES / ("people.vcf" if suffix == "vcf" else f"{name}.csv")
    counts, people = await imported(api, file, name, country=country, dates="mdy")
    assert [rejected.reason for rejected in counts.rejects] == []
    assert {last_name: phones(contact) for last_name, contact in people.items()} == LAYOUTS[layout]
    again, _ = await imported(api, file, name, country=country, dates="mdy")
    assert again.rejected == 0


async def test_what_contacts_have_no_field_for_stays_readable_and_dates_are_those_of_the_country(api: Api) -> None:
    """CMN-14."""
    _, american = await imported(api, SAMPLES / "hubspot-contacts.csv", "hubspot-contacts")
    assert american["Winter"]["birth_date"] == "1984-04-03"
    assert "Company Name: Northwind Traders" in american["Winter"]["comments"]
    _, german = await imported(api, SAMPLES / "thunderbird-contacts.csv", "thunderbird-contacts")
    assert german["Müller"]["birth_date"] == "1979-03-09"
    assert "Zeile 1\nZeile 2" in german["Müller"]["comments"]
    _, cards = await imported(api, SAMPLES / "people.vcf", "vcard")
    assert (cards["Winter"]["birth_date"], cards["Winter"]["position"]) == ("1984-02-29", "Einkäuferin")
    assert "Halle 3" in cards["Winter"]["comments"]
    assert cards["Czerny"]["messengers"][0]["value"] == "bruno_c"


@pytest.mark.parametrize("phone", ["555-0123 x371", "030 901820", "1-800-FLOWERS?", "(212) 555-012", "4711"])
async def test_a_phone_that_is_none_in_the_country_of_the_import_is_named_with_its_column(
    api: Api, tmp_path: Path, phone: str
) -> None:
    """CMN-14, CONT-03: it is not silently made one of the service's own country."""
    file = tmp_path / "people.csv"
    file.write_text(f"uid,full_name,first_name,last_name,phones\n1,Ada W,Ada,Winter,WORK: {phone}\n")
    mapping = tmp_path / "people.toml"
    mapping.write_text(
        'originator = "o"\norigin = "uid"\ncountry = "us"\nignored = ["full_name"]\n'
        '[columns]\nfirst_name = "first_name"\nlast_name = "last_name"\n'
        '[[phones]]\ncolumn = "phones"\nkinded = true\n'
    )
    meant = read_mapping(mapping, originator=f"book-{uuid4()}")
    token = api._signer.token(sub="anna")
    async with Crm({"clients": "http://clients"}, token, transport=api._http._transport) as crm:
        counts = await Import(crm, Kind.CONTACTS, meant, Console(file=StringIO())).run(read_table(file))
    assert [one.reason for one in counts.rejects] == [f"phones: {phone!r} is not a phone of US"]


BROKEN_IDS = (".", "..", "a/b", "../x", "/", "//", "a/..", "x/")


async def test_ids_that_an_address_swallows_are_rejected_rows_and_the_others_go_in(api: Api, tmp_path: Path) -> None:
    """CMN-14."""
    file, mapping = tmp_path / "people.csv", tmp_path / "people.toml"
    good = ("1", "a b", "ü?#%", "...", "a\\b", "%2F", "..a")
    file.write_text("id,name\n" + "".join(f"{id_},Berg\n" for id_ in (*BROKEN_IDS, *good)))
    originator = f"shop-{uuid4()}"
    mapping.write_text(f'originator = "{originator}"\norigin = "id"\n[columns]\nname = "last_name"\n')
    token = api._signer.token(sub="anna")
    async with Crm({"clients": "http://clients"}, token, transport=api._http._transport) as crm:
        run = Import(crm, Kind.CONTACTS, read_mapping(mapping), Console(file=StringIO()))
        counts = await run.run(read_table(file))
    assert [rejected.row.cells["id"] for rejected in counts.rejects] == list(BROKEN_IDS), counts.rejects
    assert all("id: " in rejected.reason for rejected in counts.rejects)
    there = (await api.read(f"/contacts?originator_id={originator}"))["items"]
    assert {contact["origin_id"] for contact in there} == set(good)


async def test_a_row_is_rejected_with_all_that_is_known_to_be_wrong_with_it(api: Api, tmp_path: Path) -> None:
    """CMN-14: id, translation, date, truth, company and name at once; the service is asked about the others."""
    file, mapping = tmp_path / "people.csv", tmp_path / "people.toml"
    long = "x" * 101
    rows = (
        "id,from,Given,Surname,Born,Export,Firm,Kind,Phone,Mail",
        "a/b,fair,,,31.02.1990,maybe,Nobody Ltd,Z,call me,nobody",
        "2,shop,,,,,,,call me,",
        "3,shop,,Berg,,,,Q,call me,nobody",
        "4,shop,Ada,,,,,,030 901820,ada@acme.example",
        f"5,shop,Eve,{long},,,,,call me,",
    )
    file.write_text("\n".join(rows))
    originator = f"shop-{uuid4()}"
    mapping.write_text(
        'originator = "shop"\noriginator_column = "from"\norigin = "id"\ncompany = "Firm"\ncomplete = ["Kind"]\n'
        '[columns]\nGiven = "first_name"\nSurname = "last_name"\nBorn = "birth_date"\nExport = "export"\n'
        'Kind = "type_id"\n[values]\nKind = { Q = "QUITE_NEW", "" = "" }\n'
        '[[phones]]\ncolumn = "Phone"\n[[emails]]\ncolumn = "Mail"\n'
    )
    file.write_text(file.read_text().replace("shop", originator))
    token = api._signer.token(sub="anna")
    async with Crm({"clients": "http://clients"}, token, transport=api._http._transport) as crm:
        run = Import(crm, Kind.CONTACTS, read_mapping(mapping, originator=originator), Console(file=StringIO()))
        counts = await run.run(read_table(file))
    first, second, third, fifth = [rejected.reason.split("; ") for rejected in counts.rejects]
    assert [reason.partition(":")[0] for reason in first] == [
        *("from", "id", "Kind", "Born", "Export", "Firm", "Given + Surname", "Phone", "Mail")
    ], first
    assert "Phone: 'call me' is no phone, and a new record takes none" in first
    for reasons, columns in ((second, ["Phone", "Given", "Surname"]), (third, ["Phone", "Mail", "Kind"])):
        assert reasons[0].startswith("422 invalid: ")
        assert [reason.removeprefix("422 invalid: ").partition(":")[0] for reason in reasons[: len(columns)]] == columns
    assert [reason.partition(":")[0] for reason in fifth] == ["422 invalid_fields", "Phone"]
    assert counts.created == 1


async def test_what_the_service_refuses_is_named_by_the_column_of_the_file(api: Api, tmp_path: Path) -> None:
    """CMN-14: not by the place in a request, such as phones.1.value."""
    file, mapping = tmp_path / "people.csv", tmp_path / "people.toml"
    long = "x" * 300
    file.write_text(
        f"id,Surname,Office,Mobile,Site,Kind\n1,Berg,030 901820,{long},,\n2,Berg,,,{long},\n3,Berg,,,,{long}\n"
    )
    mapping.write_text(
        'originator = "o"\norigin = "id"\n[columns]\nSurname = "last_name"\nKind = "salutation"\n'
        '[[phones]]\ncolumn = "Office"\n[[phones]]\ncolumn = "Mobile"\n[[websites]]\ncolumn = "Site"\n'
    )
    token = api._signer.token(sub="anna")
    async with Crm({"clients": "http://clients"}, token, transport=api._http._transport) as crm:
        meant = read_mapping(mapping, originator=f"shop-{uuid4()}")
        counts = await Import(crm, Kind.CONTACTS, meant, Console(file=StringIO())).run(read_table(file))
    reasons = [rejected.reason for rejected in counts.rejects]
    assert ["Mobile: 'xx" in reasons[0], "Site: 'xx" in reasons[1], "Kind: 'xx" in reasons[2]] == [True] * 3, reasons
    assert "phones." not in "".join(reasons)
    assert "Office" not in reasons[0]
