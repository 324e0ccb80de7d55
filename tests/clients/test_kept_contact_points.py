"""What a record has already may be given again, also where it is no phone and no e-mail (CONT-03).

A lead refuses nothing, and a conversion copies whatever it had: the client that it makes must stay editable.
"""

from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.values import ContactPoint

from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from tests.builders.causes import ANNA, NOON, a_cause
from tests.builders.running import Api, wrong_fields

KINDS: dict[str, Any] = {
    "contacts": (Contact, {"last_name": "Berg"}),
    "companies": (Company, {"title": "ACME"}),
}
ODD = {"phones": [{"value": "zzz"}, {"value": "030 901820"}], "emails": [{"value": "at home"}]}
pytestmark = pytest.mark.parametrize("kind", KINDS)


async def converted(api: Api, kind: str) -> tuple[str, tuple[str, str], dict[str, Any]]:
    """A record with what a conversion copied into it: its path, its origin, and what it is."""
    type_, body = KINDS[kind]
    origin = ("shop", str(uuid4()))
    made = await api.made(f"/{kind}", {**body, "originator_id": origin[0], "origin_id": origin[1]})
    copied = {name: tuple(ContactPoint(kind="WORK", **point) for point in points) for name, points in ODD.items()}
    await api.documents(type_, kind).change(
        made["id"], lambda found: found.take_over(copied, by=ANNA, at=NOON), a_cause(made["id"])
    )
    path = f"/{kind}/{made['id']}"
    return path, origin, await api.read(path)


def given_by(record: dict[str, Any]) -> dict[str, Any]:
    """Its phones and e-mails, as a caller who read them sends them back."""
    points = {name: record[name] for name in ODD}
    return {name: [{"kind": each["kind"], "value": each["value"]} for each in points[name]] for name in ODD}


async def test_a_record_that_was_made_of_a_lead_takes_its_own_phones_and_e_mails_back(api: Api, kind: str) -> None:
    """CONT-03: by PATCH, by PUT of its origin, and by a batch as an import sends it."""
    path, origin, record = await converted(api, kind)
    assert [point["value"] for point in record["phones"]] == ["zzz", "030 901820"]
    body = given_by(record)
    by_origin = f"/{kind}/external/{origin[0]}/{origin[1]}"
    for method, address in (("PATCH", path), ("PUT", by_origin)):
        again = await api(method, address, body)
        assert again.status_code == 200, again.text
    item = {**body, "originator_id": origin[0], "origin_id": origin[1]}
    batch = await api("POST", f"/{kind}/batch", {"items": [item], "on_existing": "correct"})
    (ended,) = batch.json()["items"]
    assert (ended["status"], ended["as_typed"]) == (200, ["phones.0.value", "emails.0.value"])
    found = await api.read(path)
    assert {name: [each["value"] for each in found[name]] for name in ODD} == {
        name: [each["value"] for each in ODD[name]] for name in ODD
    }


async def test_another_phone_without_a_digit_beside_the_one_that_is_there_is_named_alone(api: Api, kind: str) -> None:
    """CONT-03: whatever the case and the spaces of the one that is there; what is there as an e-mail is no phone."""
    path, origin, _ = await converted(api, kind)
    body = {"phones": [{"value": " ZZZ "}, {"value": "call me"}, {"value": "at home"}]}
    for method, address in (("PATCH", path), ("PUT", f"/{kind}/external/{origin[0]}/{origin[1]}")):
        assert wrong_fields(await api(method, address, body)) == ["phones.1.value", "phones.2.value"]


async def test_strict_refuses_also_what_is_there(api: Api, kind: str) -> None:
    """CONT-03."""
    path, _, record = await converted(api, kind)
    refused = await api("PATCH", f"{path}?strict=true", given_by(record))
    assert wrong_fields(refused) == ["phones.0.value", "emails.0.value"]


async def test_what_another_record_has_is_refused_of_a_new_one(api: Api, kind: str) -> None:
    """CONT-03: also in a batch that corrects nothing."""
    _, origin, record = await converted(api, kind)
    body = {**KINDS[kind][1], **given_by(record)}
    new = f"/{kind}/external/shop/{uuid4()}"
    for method, address in (("POST", f"/{kind}"), ("PUT", new)):
        assert wrong_fields(await api(method, address, body)) == ["phones.0.value", "emails.0.value"]
    item = {**body, "originator_id": origin[0], "origin_id": origin[1]}
    (ended,) = (await api("POST", f"/{kind}/batch", {"items": [item]})).json()["items"]
    assert [each["field"] for each in ended["problem"]["errors"]] == ["phones.0.value", "emails.0.value"]
