"""The summary of an import says what was rejected, what was kept as it was typed, and where (CMN-14, CONT-03)."""

from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from rich.console import Console

from deploy.cli import views
from deploy.cli.client import Crm
from deploy.cli.imports import Counts, Import, Kind, read_mapping
from deploy.cli.imports.files import read_table
from deploy.cli.imports.outcomes import AsTyped
from tests.builders.running import Api

MAPPING = """originator = "o"
origin = "id"
[columns]
Surname = "last_name"
[[phones]]
column = "Phone 1"
[[phones]]
column = "Phone 2"
[[emails]]
column = "Mail"
"""
HEAD = "id,Surname,Phone 1,Phone 2,Mail"


async def imported(api: Api, folder: Path, *rows: str) -> Counts:
    file, mapping = folder / "people.csv", folder / "people.toml"
    file.write_text("\n".join([HEAD, *rows]) + "\n")
    mapping.write_text(MAPPING)
    token = api._signer.token(sub="anna")
    async with Crm({"clients": "http://clients"}, token, transport=api._http._transport) as crm:
        meant = read_mapping(mapping, originator=f"shop-{uuid4()}")
        return await Import(crm, Kind.CONTACTS, meant, Console(file=StringIO())).run(read_table(file))


def printed(counts: Counts) -> str:
    console = Console(width=200, record=True, file=StringIO())
    views.counts(console, "people.csv", counts)
    return console.export_text()


async def test_the_summary_tells_causes_apart_by_column_and_code_with_an_example_of_each(
    api: Api, tmp_path: Path
) -> None:
    """CMN-14: a phone without digits is not counted under the e-mail, the column or the cause of another row."""
    rows = ["1,Berg,n/a,,", "2,Berg,'none',,", "3,Berg,,n/a,", "4,Berg,,,no mail", "5,Berg,n/a,,no mail"]
    counts = await imported(api, tmp_path, *rows, f"6,{'x' * 300},,,")
    said = {(reason.column, reason.code): (reason.rows, reason.line, reason.example) for reason in counts.reasons}
    assert said == {
        ("Phone 1", "not_valid"): (3, 2, "Phone 1: 'n/a': not a valid phone (not_valid)"),
        ("Phone 2", "not_valid"): (1, 4, "Phone 2: 'n/a': not a valid phone (not_valid)"),
        ("Mail", "not_valid"): (2, 5, "Mail: 'no mail': not a valid email (not_valid)"),
        ("Surname", "string_too_long"): (1, 7, said["Surname", "string_too_long"][2]),
    }
    assert "3 x Phone 1: 'n/a': not a valid phone (not_valid) (line 2)" in printed(counts)


async def test_the_summary_names_phones_that_are_kept_as_typed_with_an_example(api: Api, tmp_path: Path) -> None:
    """CONT-03: they go in, and nobody believes that they are dialled."""
    rows = ["1,Berg,030 901820,,", "2,Berg,030 901820,12,", "3,Berg,4711,,ada@firma.local", "4,Berg,,,ada@acme.example"]
    counts = await imported(api, tmp_path, *rows)
    assert (counts.created, counts.rejected) == (4, 0)
    assert counts.as_typed == {
        "phones": AsTyped(2, "Phone 2: '12'", 3),
        "emails": AsTyped(1, "Mail: 'ada@firma.local'", 4),
    }
    said = printed(counts)
    assert "2 phones could not be normalised and are kept as typed, such as Phone 2: '12' (line 3)" in said
    assert "1 email could not be normalised and is kept as typed: Mail: 'ada@firma.local' (line 4)" in said
    assert "as typed" not in printed(await imported(api, tmp_path, "1,Berg,030 901820,,"))


@pytest.mark.parametrize("shortened", ["4.93E+11", "4,93e+11", "5E+12"])
async def test_a_number_that_a_spreadsheet_shortened_is_rejected_with_what_to_do(
    api: Api, tmp_path: Path, shortened: str
) -> None:
    """CONT-03, CMN-14: its digits are lost, so it is nobody's phone."""
    counts = await imported(api, tmp_path, f'1,Berg,"{shortened}",,', "2,Berg,030 901820,,")
    assert (counts.created, counts.rejected) == (1, 1)
    (reason,) = counts.reasons
    assert (reason.column, reason.code, reason.line) == ("Phone 1", "digits_lost", 2)
    assert f"'{shortened}' has lost its digits in a spreadsheet: format the column as text" in reason.example


@pytest.mark.parametrize(("path", "name"), [("/contacts", "last_name"), ("/companies", "title")])
async def test_the_answer_to_a_batch_names_what_is_kept_as_typed(api: Api, path: str, name: str) -> None:
    """CONT-03: by its field, for each item that was taken; in the country of the request."""
    points = {"phones": [{"value": "030 901820"}, {"value": "12"}], "emails": [{"value": "x@firma.local"}]}
    items = [{name: "A", **points}, {name: "B"}, {name: "C", "phones": [{"value": "none"}]}]
    answer = await api("POST", f"{path}/batch", {"items": items})
    assert [item["as_typed"] for item in answer.json()["items"]] == [["phones.1.value", "emails.0.value"], [], None]
    american = {"items": [{name: "D", "phones": [{"value": "(415) 555-2671"}]}]}
    for country, kept in (("US", []), ("CH", ["phones.0.value"])):
        answer = await api("POST", f"{path}/batch?default_country={country}", american)
        assert answer.json()["items"][0]["as_typed"] == kept
    strict = await api("POST", f"{path}/batch?strict=true", {"items": items[:1]})
    wrong = strict.json()["items"][0]["problem"]["errors"]
    assert [error["field"] for error in wrong] == ["phones.1.value", "emails.0.value"]


async def test_the_summary_shows_the_phone_that_is_meant_of_a_cell_with_several(api: Api, tmp_path: Path) -> None:
    """CONT-03, CMN-14."""
    counts = await imported(api, tmp_path, '1,Ada,"030 901820\n12",,', '2,Bob,"030 901820\nn/a",,')
    assert counts.as_typed == {"phones": AsTyped(1, "Phone 1: '12'", 3)}
    assert counts.rejects[0].reason.endswith("Phone 1: 'n/a': not a valid phone (not_valid)")


async def test_several_addresses_in_one_cell_are_rejected_with_what_the_mapping_lacks(api: Api, tmp_path: Path) -> None:
    """CONT-03, CMN-14: one that is merely misspelt is kept as it is typed."""
    counts = await imported(api, tmp_path, '1,Ada,,,"a@x.example, b@x.example"', "2,Bob,,,carla@@example")
    (rejected,) = counts.rejects
    assert rejected.reason.endswith(
        "Mail: 'a@x.example, b@x.example': not a valid email (not_valid); "
        "several in one cell need a `separator` in the mapping"
    )
    assert counts.as_typed == {"emails": AsTyped(1, "Mail: 'carla@@example'", 3)}
