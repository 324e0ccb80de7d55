"""Phones and e-mails of leads (LEAD-02, CONT-03): nothing is refused that a caller has not asked to be refused."""

import pytest

from tests.builders.running import Api, wrong_fields


async def test_a_lead_keeps_whatever_was_typed_and_each_phone_once(api: Api) -> None:
    """CONT-03."""
    phones = ["ask for Ada", "030 901820", "+49 30 901820", "030 901820 x7", "0171 2345678 (private)"]
    made = await api.made("/leads", {"phones": [{"value": value} for value in phones], "emails": [{"value": "none"}]})
    assert [(point["value"], point["normalized"]) for point in made["phones"]] == [
        ("ask for Ada", None),
        ("030 901820", "+4930901820"),
        ("030 901820 x7", "+4930901820"),
        ("0171 2345678 (private)", "+491712345678"),
    ]
    assert [(point["value"], point["normalized"]) for point in made["emails"]] == [("none", None)]


@pytest.mark.parametrize(("country", "normal"), [("US", "+14155552671"), ("MX", "+524155552671"), ("CH", None)])
async def test_a_lead_may_have_phones_of_another_country(api: Api, country: str, normal: str | None) -> None:
    """CONT-03: on create, correction and upsert alike."""
    body = {"phones": [{"value": "(415) 555-2671"}]}
    made = await api.made("/leads", {})
    external = f"/leads/external/shop/{country}"
    for method, path in (("POST", "/leads"), ("PATCH", f"/leads/{made['id']}"), ("PUT", external)):
        answer = await api(method, f"{path}?default_country={country}", body)
        assert [point["normalized"] for point in answer.json()["phones"]] == [normal], answer.text


async def test_strict_refuses_what_a_lead_may_have_otherwise(api: Api) -> None:
    """CONT-03."""
    body = {"phones": [{"value": "030 901820"}, {"value": "4711"}], "emails": [{"value": "x@firma.local"}]}
    refused = await api("POST", "/leads?strict=true", body)
    assert wrong_fields(refused) == ["phones.1.value", "emails.0.value"]
    assert (await api("POST", "/leads", body)).status_code == 201
