"""A deal chooses requisites that clients keeps: two services, nobody asks anybody (REQ-05)."""

from functools import partial

from tests.system.crm import Crm, Json, until

OFFICE = {"name": "Office", "preset_id": "company-de"}
ACCOUNT = {"name": "Main account", "fields": {"RQ_IBAN": "DE89370400440532013000"}}


async def a_requisite(crm: Crm, company: str) -> tuple[str, str]:
    """A requisite of the company and its bank detail."""
    body = {**OFFICE, "bank_details": [ACCOUNT]}
    made = await crm.call("POST", "clients", f"/companies/{company}/requisites", body)
    assert made.status_code == 201, made.text
    return made.json()["id"], made.json()["bank_details"][0]["id"]


async def test_a_deal_chooses_requisites_and_loses_them_with_its_company(crm: Crm) -> None:
    """REQ-05."""
    company, _ = await crm.new_company("Chosen GmbH", "Ann")
    seller = (await crm.call("POST", "clients", "/companies", {"title": "We", "is_my_company": True})).json()["id"]
    theirs, account = await a_requisite(crm, company)
    ours, our_account = await a_requisite(crm, seller)
    deal = await crm.new_deal(title="Paid by bank", company_id=company)
    path, wait = f"/deals/{deal}/requisites", {"Prefer": "wait=60"}
    choice = {"requisite_id": theirs, "bank_detail_id": account, "mc_requisite_id": ours}

    wrong = await crm.call("PUT", "deals", path, {**choice, "mc_bank_detail_id": account}, **wait)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "mc_bank_detail_not_found")
    assert [error["field"] for error in wrong.json()["errors"]] == ["mc_bank_detail_id"]

    chosen = await crm.call("PUT", "deals", path, {**choice, "mc_bank_detail_id": our_account}, **wait)
    assert (chosen.status_code, chosen.json()["requisite_link"]["state"]) == (200, "done"), chosen.text

    cleared = await crm.call("PUT", "deals", f"/deals/{deal}/client", {"company_id": None})
    assert cleared.status_code == 200, cleared.text
    lost = await until(lambda: crm.get("deals", f"/deals/{deal}"), _is_refused)
    assert (lost["requisite_link"]["refusal"], lost["requisite_link"]["requisite_id"]) == ("requisite_not_found", None)
    told = await until(partial(crm.timeline, f"deal:{deal}"), _tells_of_the_refusal)
    assert any(entry["text"] == "The chosen requisites were confirmed" for entry in told)


def _is_refused(deal: Json) -> bool:
    return bool(deal["requisite_link"]["state"] == "refused")


def _tells_of_the_refusal(entries: list[Json]) -> bool:
    return any(entry["text"] == "The chosen requisites were refused: requisite_not_found" for entry in entries)
