"""Phones and e-mails as people type them (CONT-03): kept as they are, and normalised only where that is sure."""

from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.elements.domain.contact_points import normalized_email, normalized_phone
from tests.builders.running import Api, wrong_fields

PATHS = {"contacts": {"last_name": "Berg"}, "companies": {"title": "ACME"}}
ORIGINS = count(1)

BERLIN = "+4930901820"
SURE_PHONES = {
    "030 901820 (privat)": BERLIN,
    "030 901820 office": BERLIN,
    "Tel.: 030/901820": BERLIN,
    "Zentrale 030 901820": BERLIN,
    "030 901820 [nur vormittags]": BERLIN,
    "030\u00a0901820": BERLIN,
    "\u200b030\u200e 901820\ufeff": BERLIN,
    "\u202d030 901820\u202c": BERLIN,
    "\uff10\uff13\uff10 \uff19\uff10\uff11\uff18\uff12\uff10": BERLIN,
    "tel:+49-30-901820": BERLIN,
    "tel:+49-30-901820;ext=12": BERLIN,
    "030 901820 x371": BERLIN,
    "030 901820 Durchwahl 12": BERLIN,
    "+49 (0)30 901820": BERLIN,
    "491711234567": "+491711234567",
    "4930901820": BERLIN,
    "447911123456": "+447911123456",
    "41 79 123 45 67": "+41791234567",
    "33612345678": "+33612345678",
    "0043 660 1234567": "+436601234567",
}
UNSURE_PHONES = (
    "030 901820 ab 18h",
    "0800 FLOWERS",
    "0800-FLOWERS",
    "1-800-356-9377 FLOWERS 24h",
    "4711",
    "000000",
    "901820",
    "15123456789",
    "030 901820 / 030 901821",
    "030 901820, 030 901821",
    "030 901820\u00b2",
)
EMAILS = {
    "mailto:ada@acme.example": "ada@acme.example",
    "mailto:ada@acme.example?subject=Pumps": "ada@acme.example",
    "<ada@acme.example>": "ada@acme.example",
    '"Ada L." <Ada@Acme.Example>': "ada@acme.example",
    "Ada Lovelace <ada@acme.example>": "ada@acme.example",
    "ada\u200b@acme.example": "ada@acme.example",
    "\u00a0ada@acme.example;": "ada@acme.example",
    "x@firma.local": None,
    "x@at-home": None,
}


async def _entries(api: Api, path: str, points: dict[str, list[str]], query: str = "") -> dict[str, Any]:
    body = PATHS[path] | {name: [{"value": value} for value in values] for name, values in points.items()}
    answer = await api("POST", f"/{path}{query}", body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert await api.read(f"/{path}/{made['id']}") == {key: made[key] for key in made if not key.startswith("link_")}
    return {name: [(point["value"], point["normalized"]) for point in made[name]] for name in points}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("typed", SURE_PHONES)
async def test_a_phone_is_kept_as_typed_and_normalised_where_that_is_sure(api: Api, path: str, typed: str) -> None:
    """CONT-03."""
    found = await _entries(api, path, {"phones": [typed]})
    assert found == {"phones": [(typed.strip(), SURE_PHONES[typed])]}


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_no_sure_phone_is_kept_as_typed_without_a_normal_form(api: Api, path: str) -> None:
    """CONT-03: neither letters become digits nor a number that of a stranger."""
    found = await _entries(api, path, {"phones": list(UNSURE_PHONES)})
    assert found == {"phones": [(typed, None) for typed in UNSURE_PHONES]}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("typed", EMAILS)
async def test_an_address_is_taken_out_of_what_it_is_wrapped_in(api: Api, path: str, typed: str) -> None:
    """CONT-03."""
    assert await _entries(api, path, {"emails": [typed]}) == {"emails": [(typed.strip(), EMAILS[typed])]}


@pytest.mark.parametrize("path", PATHS)
async def test_one_phone_or_address_in_several_spellings_is_one_entry(api: Api, path: str) -> None:
    """CONT-03: the extension is part of it."""
    phones = ["030 901820", "+49 30 901820", "030 901820 ext. 12", "(030) 90 18 20 x12", "4711", " 47\u200b11"]
    emails = ["Ada@acme.example", "mailto:ada@ACME.example", "x@firma.local", "X@Firma.local"]
    assert await _entries(api, path, {"phones": phones, "emails": emails}) == {
        "phones": [("030 901820", BERLIN), ("030 901820 ext. 12", BERLIN), ("4711", None)],
        "emails": [("Ada@acme.example", "ada@acme.example"), ("x@firma.local", None)],
    }


@pytest.mark.parametrize("path", PATHS)
async def test_a_merge_keeps_a_number_with_an_extension_beside_the_one_without(api: Api, path: str) -> None:
    """DUP-02: and what is no sure number once in whatever case and spaces."""
    lists = [["030 901820", "Zimmer 4711"], ["030 901820 ext. 12", "zimmer  4711", "+49 30 901820 Durchwahl 12"]]
    ids = [
        (await api.made(f"/{path}", PATHS[path] | {"phones": [{"value": value} for value in values]}))["id"]
        for values in lists
    ]
    merged = await api("POST", f"/{path}/{ids[0]}/merge", {"others": [ids[1]]})
    assert merged.status_code == 200, merged.text
    values = [point["value"] for point in merged.json()["phones"]]
    assert values == ["030 901820", "Zimmer 4711", "030 901820 ext. 12"]


@pytest.mark.parametrize("path", PATHS)
async def test_two_extensions_of_one_switchboard_are_shown_apart(api: Api, path: str) -> None:
    """CONT-03: `normalized` and `extension` together are what RFC 3966 writes as `+4930901820;ext=12`."""
    values = ["030 901820 ext. 12", "+49 30 901820 Durchwahl 13", "tel:+49-30-901820;ext=12", "030 901820", "4711 x9"]
    made = await api.made(f"/{path}", PATHS[path] | {"phones": [{"value": value} for value in values]})
    shown = [(point["value"], point["normalized"], point["extension"]) for point in made["phones"]]
    assert shown == [
        (values[0], BERLIN, "12"),
        (values[1], BERLIN, "13"),
        (values[3], BERLIN, None),
        (values[4], None, None),
    ]
    assert await api.read(f"/{path}/{made['id']}") == made
    assert [point["extension"] for point in made["emails"]] == []


@pytest.mark.parametrize("path", PATHS)
async def test_strict_refuses_and_names_what_cannot_be_normalised(api: Api, path: str) -> None:
    """CONT-03: on create, correction and upsert alike."""
    body = PATHS[path] | {
        "phones": [{"value": "030 901820"}, {"value": "4711"}, {"value": "030 901820 ab 18h"}],
        "emails": [{"value": "x@firma.local"}, {"value": "ada@acme.example"}],
    }
    made = await api.made(f"/{path}", body)
    external = f"/{path}/external/x/strict-{next(ORIGINS)}"
    for method, address in (("POST", f"/{path}"), ("PATCH", f"/{path}/{made['id']}"), ("PUT", external)):
        refused = await api(method, f"{address}?strict=true", body)
        assert wrong_fields(refused) == ["phones.1.value", "phones.2.value", "emails.0.value"]
        assert (await api(method, f"{address}?strict=false", body)).status_code in {200, 201}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("country", "typed", "normal"),
    [
        ("US", "(415) 555-2671 x371", "+14155552671"),
        ("US", "555-0123 x371", None),
        ("GB", "07911 123456", "+447911123456"),
        ("BR", "11 98765-4321", "+5511987654321"),
        ("BR", "(11) 3456-7890", "+551134567890"),
        ("US", "491711234567", "+491711234567"),
    ],
)
async def test_a_record_may_have_phones_of_another_country(
    api: Api, path: str, country: str, typed: str, normal: str | None
) -> None:
    """CONT-03: the country is said once for all phones of the record."""
    found = await _entries(api, path, {"phones": [typed]}, f"?default_country={country}")
    assert found == {"phones": [(typed, normal)]}
    here = await _entries(api, path, {"phones": ["030 901820"]})
    assert here == {"phones": [("030 901820", BERLIN)]}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("country", ["XX", "us", "U", ""])
async def test_a_country_that_does_not_exist_is_refused(api: Api, path: str, country: str) -> None:
    """CONT-03."""
    body = PATHS[path] | {"phones": [{"value": "030 901820"}]}
    assert wrong_fields(await api("POST", f"/{path}?default_country={country}", body)) == ["default_country"]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    """CONT-03: and what has a normal form has the same one in it."""
    phone, address = normalized_phone(text, "DE"), normalized_email(text)
    assert phone is None or normalized_phone(phone, "DE") == phone
    assert address is None or normalized_email(address) == address


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz-0123456789 ", min_size=3, max_size=20))
def test_letters_never_become_digits(text: str) -> None:
    """CONT-03."""
    phone = normalized_phone(f"0{text}", "US")
    digits = "".join(char for char in text if char.isdigit())
    assert phone is None or phone.removeprefix("+").removeprefix("1") in f"0{digits}"
