"""Fields of contacts and companies that have rules of their own, over HTTP."""

import json
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest

from shared.elements.domain.messengers import messenger_url
from tests.builders.running import Api, wrong_fields

ADA, ACME = {"first_name": "Ada"}, {"title": "ACME"}
PHONES = count(700_000)


@pytest.mark.parametrize(
    ("kind", "value", "url"),
    [
        ("TELEGRAM", "@ada_l", "https://t.me/ada_l"),
        ("TELEGRAM", "0171 2345678", "https://t.me/+491712345678"),
        ("TELEGRAM", "12345", None),
        ("WHATSAPP", "+49 171 2345678", "https://wa.me/491712345678"),
        ("WHATSAPP", "0171 2345678", "https://wa.me/491712345678"),
        ("WHATSAPP", "+44 7911 123456", "https://wa.me/447911123456"),
        ("WHATSAPP", "12345", None),
        ("VIBER", "0049 171 2345678", "viber://chat?number=%2B491712345678"),
        ("VIBER", "0171/2345678", "viber://chat?number=%2B491712345678"),
        ("VIBER", "0", None),
        ("SKYPE", "live:ada", "skype:live%3Aada?chat"),
        ("SKYPE", "0171 2345678", "skype:%2B491712345678?chat"),
        ("VK", "id42", "https://vk.com/id42"),
        ("FACEBOOK", "ada.lovelace", "https://m.me/ada.lovelace"),
        ("VK", "42", "https://vk.com/42"),
        ("FACEBOOK", "1000042", "https://m.me/1000042"),
        ("INSTAGRAM", "@ada", "https://ig.me/m/ada"),
        *((kind, "0171 2345678", None) for kind in ("BITRIX24", "OPENLINE", "IMOL", "ICQ", "MSN", "JABBER", "OTHER")),
        ("TELEGRAM", "ada/../../x?y=<script>", "https://t.me/ada%2F..%2F..%2Fx%3Fy%3D%3Cscript%3E"),
        ("WHATSAPP", "ada", None),
        ("TELEGRAM", "@", None),
        ("JABBER", "ada@acme.example", None),
    ],
)
def test_a_messenger_is_opened_by_a_link_that_fits_it(kind: str, value: str, url: str | None) -> None:
    """CONT-04: a wrong one would open a chat with a stranger."""
    assert messenger_url(kind, value, "DE") == url


def test_a_number_without_prefix_is_one_of_the_country_where_it_was_typed() -> None:
    """CONT-04."""
    assert messenger_url("WHATSAPP", "07911 123456", "GB") == "https://wa.me/447911123456"


async def test_a_contact_shows_the_links_of_its_messengers(api: Api) -> None:
    """CONT-04, and CONT-03: which kinds of contact data there are."""
    sent = [{"kind": "TELEGRAM", "value": "@ada"}, {"value": "ada"}, {"kind": "WHATSAPP", "value": "0171 2345678"}]
    made = await api.made("/contacts", {**ADA, "messengers": sent})
    assert [point["url"] for point in made["messengers"]] == ["https://t.me/ada", None, "https://wa.me/491712345678"]
    assert (made["has_phone"], made["has_email"], made["has_messenger"], made["has_imol"]) == (
        False,
        False,
        True,
        False,
    )
    changed = (await api("PATCH", f"/contacts/{made['id']}", {"messengers": []})).json()
    assert (changed["messengers"], changed["has_messenger"]) == ([], False)


@pytest.mark.parametrize(("path", "body"), [("/contacts", ADA), ("/companies", ACME)])
async def test_which_contact_data_a_client_has_is_shown_published_and_never_given(
    api: Api, path: str, body: dict[str, Any]
) -> None:
    """CONT-03."""
    plain = await api.made(path, body)
    assert [plain[name] for name in ("has_phone", "has_email", "has_imol")] == [False, False, False]
    points = {"phones": [{"value": f"030 4{next(PHONES)}"}], "messengers": [{"kind": "IMOL", "value": "chat-1"}]}
    made = await api.made(path, {**body, **points})
    assert [made[name] for name in ("has_phone", "has_email", "has_imol")] == [True, False, True]
    document = await api.database.collection(path[1:]).get(made["id"])
    assert document is not None
    (entry,) = document["outbox"]
    (state,) = [part for part in json.loads(entry["value"]).values() if part]
    assert [state[name] for name in ("has_phone", "has_email", "has_imol")] == [True, False, True]
    for name in ("has_phone", "has_email", "has_imol"):
        assert wrong_fields(await api("PATCH", f"{path}/{made['id']}", {name: True})) == [name]


async def test_a_company_has_no_revenue_in_our_currency_until_it_is_said(api: Api) -> None:
    """COMP-03."""
    nothing = {"value": "0", "currency": "EUR"}
    assert (await api.made("/companies", ACME))["revenue"] == nothing
    imported = await api("PUT", "/companies/external/erp/revenue", ACME)
    assert imported.json()["revenue"] == nothing
    assert (await api("PUT", "/companies/external/erp/revenue", ACME)).json() == imported.json()
    said = {"value": "1000.5", "currency": "USD"}
    rich = await api.made("/companies", {**ACME, "revenue": said})
    assert rich["revenue"] == said
    poor = await api.made("/companies", {**ACME})
    merged = await api("POST", f"/companies/{poor['id']}/merge", {"others": [rich["id"]]})
    assert merged.json()["revenue"] == said, "what nobody has filled in is no conflict (DUP-02)"
    below = {"value": "-1", "currency": "EUR"}
    assert wrong_fields(await api("POST", "/companies", {**ACME, "revenue": below})) == ["revenue.value"]


@pytest.mark.parametrize("path", ["/contacts", "/companies"])
async def test_each_list_of_contact_data_has_kinds_of_its_own(api: Api, path: str) -> None:
    """CONT-03."""
    points = {"phones": "PAGER", "emails": "MAILING", "websites": "LIVEJOURNAL", "messengers": "ICQ"}
    values = {"phones": f"030 4{next(PHONES)}", "emails": "ada@acme.example"}
    good = {name: [{"kind": kind, "value": values.get(name, "ada")}] for name, kind in points.items()}
    made = await api.made(path, {**ADA, **good} if path == "/contacts" else {**ACME, **good})
    assert {name: made[name][0]["kind"] for name in points} == points
    bad = {name: [{"kind": "PIGEON", "value": values.get(name, "ada")}] for name in points}
    assert wrong_fields(await api("PATCH", f"{path}/{made['id']}", bad)) == [f"{name}.0.kind" for name in points]
    assert await api.read(f"{path}/{made['id']}") == made


async def test_only_contacts_that_are_included_in_the_export_are_exported(api: Api) -> None:
    """CONT-06: by who has the right to."""
    open_, closed = await api.made("/contacts", ADA), await api.made("/contacts", {**ADA, "export": False})
    assert (open_["export"], closed["export"]) == (True, False)
    for roles in (["user"], ["reader"], []):
        assert (await api("GET", "/contacts/export", roles=roles)).status_code == 403
    assert (await api("GET", "/contacts/export", roles=None)).status_code == 401
    page = (await api("GET", "/contacts/export?limit=1", roles=["admin"])).json()
    assert [item["id"] for item in page["items"]] == [open_["id"]]
    assert wrong_fields(await api("GET", "/contacts/export?limit=0", roles=["admin"])) == ["limit"]
    await api("PATCH", f"/contacts/{closed['id']}", {"export": True})
    page = (await api("GET", "/contacts/export?limit=1", roles=["admin"])).json()
    assert [item["id"] for item in page["items"]] == [closed["id"]]


async def test_a_company_has_bank_details_and_a_revenue_that_is_not_negative(api: Api) -> None:
    """COMP-03, COMP-07."""
    said = {"banking_details": "Account 4711", "revenue": {"value": "1000000.50", "currency": "EUR"}}
    made = await api.made("/companies", {**ACME, **said})
    assert {name: made[name] for name in said} == said
    bad = {"revenue": {"value": "-1", "currency": "EUR"}}
    assert wrong_fields(await api("PATCH", f"/companies/{made['id']}", bad)) == ["revenue.value"]


async def test_a_company_of_ours_is_no_client(api: Api) -> None:
    """COMP-08: neither search nor duplicates show it."""
    phone = f"+49304{next(PHONES)}"
    name = f"Seller{next(PHONES)}"
    made = await api.made("/companies", {"title": name, "is_my_company": True, "phones": [{"value": phone}]})

    async def seen() -> tuple[list[Any], list[Any]]:
        search = await api.read(f"/clients/search?{urlencode({'q': name, 'kind': 'company'})}")
        by_phone = await api.read(f"/clients/search?{urlencode({'q': phone, 'kind': 'company'})}")
        found = (await api("POST", "/duplicates/find", {"kind": "phone", "values": [phone]})).json()
        return [*search["items"], *by_phone["items"]], found["company"]["items"]

    assert await seen() == ([], [])
    await api("PATCH", f"/companies/{made['id']}", {"is_my_company": False})
    assert [len(each) for each in await seen()] == [2, 1]


async def test_there_is_one_default_seller_and_it_is_ours(api: Api) -> None:
    """COMP-08."""
    ours = {"is_my_company": True, "is_default_my_company": True}
    first = await api.made("/companies", {**ACME, **ours})
    taken = await api("POST", "/companies", {**ACME, **ours})
    assert (taken.status_code, taken.json()["code"]) == (409, "default_seller_taken")
    assert taken.json()["existing_id"] == first["id"]
    client = await api.made("/companies", ACME)
    assert wrong_fields(await api("POST", "/companies", {**ACME, "is_default_my_company": True})) == [
        "is_default_my_company"
    ]
    wrong = await api("PATCH", f"/companies/{client['id']}", {"is_default_my_company": True})
    assert wrong_fields(wrong) == ["is_default_my_company"]
    assert wrong_fields(await api("PATCH", f"/companies/{first['id']}", {"is_my_company": False})) == [
        "is_default_my_company"
    ]
    await api("PATCH", f"/companies/{first['id']}", {"is_default_my_company": False})
    second = await api.made("/companies", {**ACME, **ours})
    assert second["is_default_my_company"] is True


LOGO = {"url": "https://files.acme.example/logo.png", "name": "logo.png", "media_type": "image/png", "sha256": "0" * 64}


async def test_a_card_keeps_where_its_files_are(api: Api) -> None:
    """CONT-08, COMP-09: the files themselves stay in their store."""
    ada = await api.made("/contacts", {"first_name": "Ada", "photo": LOGO})
    assert ada["photo"] == LOGO
    given = {name: {**LOGO, "name": f"{name}.png"} for name in ("logo", "stamp", "director_sign", "accountant_sign")}
    acme = await api.made("/companies", {"title": "ACME", **given})
    assert {name: acme[name]["name"] for name in given} == {name: f"{name}.png" for name in given}
    without = (await api("PATCH", f"/companies/{acme['id']}", {"stamp": None})).json()
    assert (without["stamp"], without["logo"]["name"]) == (None, "logo.png")
    wrong = {"url": "file:///etc/passwd", "name": "", "media_type": "picture", "sha256": "x"}
    named = [f"photo.{name}" for name in wrong]
    assert wrong_fields(await api("PATCH", f"/contacts/{ada['id']}", {"photo": wrong})) == named
    assert await api.read(f"/contacts/{ada['id']}") == ada


async def test_how_somebody_found_us_is_shown_where_it_is_known(api: Api) -> None:
    """CMN-07, CMN-08: who left no trace shows none; the same again is no change."""
    touch = {"at": "2026-03-02T12:00:00.123456+01:00", "url": "https://acme.example/pumps", "utm": {"source": "news"}}
    for path, body in (("/contacts", {"first_name": "Ada"}), ("/companies", {"title": "ACME"})):
        made = await api.made(path, {**body, "utm": {"source": "news", "medium": "CPC"}})
        assert "traces" not in made
        assert (made["utm"]["source"], made["utm"]["medium"]) == ("news", "CPC")
        for _ in range(2):
            found = (await api("PATCH", f"{path}/{made['id']}", {"traces": [touch]})).json()
            assert [(each["at"], each["utm"]["source"]) for each in found["traces"]] == [
                ("2026-03-02T11:00:00.123000Z", "news")
            ]
            assert found["version"] == 2
        wrong = [{"at": "yesterday", "url": "acme"}, {"at": "0001-01-01T00:00:00+14:00", "url": "https://a.example"}]
        answer = await api("PATCH", f"{path}/{made['id']}", {"traces": wrong})
        assert wrong_fields(answer) == ["traces.0.at", "traces.0.url", "traces.1.at"]
