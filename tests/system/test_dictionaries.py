"""A dictionary is changed in catalog, and clients judges by it: two services, nobody asks anybody."""

from uuid import uuid4

from tests.system.crm import Crm, Json, until


async def test_a_value_that_an_administrator_adds_can_soon_be_given_and_no_longer_when_it_is_deleted(crm: Crm) -> None:
    """DICT-01, DICT-02, COMP-02."""
    code = f"X{uuid4().hex[:12].upper()}"
    values = "/dictionaries/industry/values"

    async def entered() -> Json:
        answer = await crm.call("POST", "clients", "/companies", {"title": "ACME", "industry": code})
        body: Json = answer.json()
        return body

    async def default() -> object:
        return (await crm.call("POST", "clients", "/companies", {"title": "ACME"})).json()["industry"]

    await until(default, lambda industry: industry is not None)
    assert (await entered())["code"] == "unknown_value"
    added = await crm.call("POST", "catalog", values, {"code": code, "name": "Space", "sort": 500})
    assert added.status_code == 201, added.text
    company = await until(entered, lambda body: body.get("industry") == code)
    deleted = await crm.call("DELETE", "catalog", f"{values}/{code}")
    assert deleted.status_code == 200, deleted.text
    await until(entered, lambda body: body.get("code") == "unknown_value")
    assert (await crm.get("clients", f"/companies/{company['id']}"))["industry"] == code
