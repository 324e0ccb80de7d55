"""The comparison finds what it is for, and nothing else: tried on planted changes."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.golden.canonical import openapi, undescribed
from tests.golden.comparison import MASTERS, read, report, write

SCHEMA: dict[str, Any] = {
    "title": "LeadNoted",
    "description": "A lead was described.",
    "required": ["lead_id", "description"],
    "properties": {
        "description": {"type": "string", "description": "What was said.", "examples": [{"description": "tall"}]},
        "lead_id": {"type": "string"},
    },
}


def document(path: str = "/v1/leads/{lead_id}/contacts/{contact_id}") -> dict[str, Any]:
    """As FastAPI derives it."""
    names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    titles = [name.title().replace("_", " ") for name in names]
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "title": title}}
        for name, title in zip(names, titles, strict=True)
    ]
    parameters.append({"name": "limit", "in": "query", "schema": {"type": "integer"}})
    derived = "".join(sign if sign.isalnum() else "_" for sign in path)
    operation = {
        "summary": "Detach",
        "operationId": f"detach{derived}_delete",
        "parameters": parameters,
        "responses": {"204": {"description": "Done."}, "404": {"description": "There is no such thing."}},
    }
    return {"info": {"title": "CRM leads", "description": "Leads."}, "paths": {path: {"delete": operation}}}


def only(part: dict[str, Any]) -> dict[str, Any]:
    """The one operation of a document."""
    (operations,) = part["paths"].values()
    operation: dict[str, Any] = operations["delete"]
    return operation


def test_other_descriptions_make_no_difference() -> None:
    other = deepcopy(SCHEMA)
    other["description"] = "Somebody described a lead."
    del other["properties"]["description"]["description"]
    assert report(undescribed(SCHEMA), undescribed(other)) == ""
    wordy = document()
    wordy["info"]["description"] = only(wordy)["responses"]["404"]["description"] = "Other words."
    assert report(openapi(document()), openapi(wordy)) == ""


def test_a_field_called_description_is_a_field() -> None:
    other = deepcopy(SCHEMA)
    del other["properties"]["description"]
    (line,) = report(undescribed(SCHEMA), undescribed(other)).splitlines()
    assert line.startswith("- properties > description: ")


def test_data_called_description_is_data() -> None:
    other = deepcopy(SCHEMA)
    other["properties"]["description"]["examples"][0]["description"] = "small"
    assert report(undescribed(SCHEMA), undescribed(other)) == (
        '~ properties > description > examples[0] > description: "tall" -> "small"'
    )


def test_a_renamed_field_is_found() -> None:
    other = deepcopy(SCHEMA)
    other["properties"]["lead"] = other["properties"].pop("lead_id")
    other["required"] = ["lead", "description"]
    assert report(undescribed(SCHEMA), undescribed(other)).splitlines() == [
        '+ properties > lead: {"type": "string"}',
        '- properties > lead_id: {"type": "string"}',
        '~ required[1]: "lead_id" -> "lead"',
    ]


def test_the_order_of_required_fields_makes_no_difference() -> None:
    other = {**SCHEMA, "required": ["description", "lead_id"]}
    assert report(undescribed(SCHEMA), undescribed(other)) == ""


def test_a_field_that_is_no_longer_required_is_found() -> None:
    other = {**SCHEMA, "required": ["lead_id"]}
    assert report(undescribed(SCHEMA), undescribed(other)) == '- required[]: "description"'


def test_other_names_of_path_parameters_make_no_difference() -> None:
    assert report(openapi(document()), openapi(document("/v1/leads/{id}/contacts/{of_whom}"))) == ""


@pytest.mark.parametrize(
    ("part", "value", "place"),
    [
        ("operationId", "remove_v1_leads__lead_id__contacts__contact_id__delete", "operationId"),
        ("summary", "Remove", "summary"),
        ("responses", {"200": {}, "404": {}}, "responses > 204"),
        ("parameters", [], "parameters > path 2"),
    ],
)
def test_another_operation_is_found(part: str, value: object, place: str) -> None:
    other = document()
    only(other)[part] = value
    assert f"paths > /v1/leads/{{}}/contacts/{{}} > delete > {place}: " in report(openapi(document()), openapi(other))


def test_another_path_is_found() -> None:
    other = document("/v1/leads/{lead_id}/people/{contact_id}")
    gone, new = report(openapi(document()), openapi(other)).splitlines()
    assert gone.startswith("- paths > /v1/leads/{}/contacts/{}: ")
    assert new.startswith("+ paths > /v1/leads/{}/people/{}: ")


def test_two_paths_that_differ_in_the_names_of_their_parameters_alone_are_refused() -> None:
    """OpenAPI forbids them, and the route of one resource would have two labels in metrics."""
    apart = document("/v1/leads/{id}")
    apart["paths"]["/v1/leads/{lead_id}"] = {"get": only(apart)}
    with pytest.raises(ValueError, match=r"/v1/leads/\{\}"):
        openapi(apart)


@pytest.mark.parametrize(("old", "new"), [(1, True), (0, False), (None, False), ("1", 1), ([], {}), ([1, 2], [2, 1])])
def test_what_is_alike_is_not_the_same(old: object, new: object) -> None:
    assert report({"sparse": old}, {"sparse": new})


def test_of_many_differences_the_first_are_told() -> None:
    lines = report(dict.fromkeys(map(str, range(1000)), "x" * 1000), {}).splitlines()
    assert lines[-1] == "... and 960 more"
    assert len("\n".join(lines)) < 6000


def test_a_master_is_read_as_it_was_written(tmp_path: Path) -> None:
    write({"old": 1}, tmp_path)
    write({"schema": SCHEMA}, tmp_path)
    assert read(tmp_path) == {"schema": SCHEMA}


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("documents", ("Lead", "properties", "utm")),
        ("errors", ("lead_already_converted",)),
        ("kafka", ("leads", "groups", "leads.reactions")),
        ("kafka", ("topics", "crm.leads.events.deals.dlt")),
        ("metrics", ("crm_reaction_duration_seconds", "buckets")),
        ("mongodb", ("clients", "crm_clients", "contacts", "origin", "unique")),
        ("mongodb", ("timeline", "crm_timeline", "entries", "by_element")),
        ("openapi-leads", ("components", "schemas", "Problem")),
        ("permissions", ("deals", "POST /v1/deals")),
        ("samples", ("old/crm.lead.created.v1-1.json",)),
        ("schemas", ("crm.lead.converted.v1.json", "properties")),
        ("series", ("leads", "crm_job_runs")),
    ],
)
def test_the_masters_hold_what_they_are_for(name: str, place: tuple[str, ...]) -> None:
    part = read(MASTERS)[name]
    for step in place:
        part = part[step]
    assert part
