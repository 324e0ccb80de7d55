"""A client is found as one types (CLI-03, CLI-04): by name, title, phone and e-mail, on a real MongoDB."""

import re
from itertools import count
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clients.records.domain.contact import Contact
from services.clients.records.domain.search_keys import MAX_WORDS, contact_keys
from services.clients.records.store.search import MAX_COMPARED_BY_TIME, MAX_MATCHES, search_clients
from shared.elements.domain.contact_points import normalized_phone
from shared.elements.domain.plain_words import words_of
from shared.elements.domain.search import Query
from shared.elements.domain.search_keys import begins_a_word
from tests.builders.fakes import Documents
from tests.builders.running import Api, Explained, wrong_fields

PHONES = count(500_000)
MAX_KEYS = 1_000
"""Several of one record may lie in a range."""


def a_word() -> str:
    """A name that nobody else has."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in uuid4().hex[:10])


async def titles(api: Api, q: str, kind: str = "contact") -> list[str]:
    """Of what is found, the best first."""
    return [match["client"]["title"] for match in (await found(api, q, kind))["items"]]


async def found(api: Api, q: str, kind: str = "contact") -> dict[str, Any]:
    """The whole answer."""
    answer: dict[str, Any] = await api.read(f"/clients/search?{urlencode({'q': q, 'kind': kind})}")
    return answer


async def a_contact(api: Api, first: str, last: str, **fields: Any) -> str:
    made = await api.made("/contacts", {"first_name": first, "last_name": last, **fields})
    return str(made["id"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("O'Neill", ["oneill"]),
        ("O\u2019Neill", ["oneill"]),
        ("Müller GmbH & Co. KG", ["muller", "gmbh", "co", "kg"]),
        ("São João", ["sao", "joao"]),
        ("ЩЕРБАКОВА Алёна", ["shcherbakova", "alena"]),
        ("D'Amico-Però", ["damico", "pero"]),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("株式会社田中", ["zhu", "shi", "hui", "she", "tian", "zhong"]),
        ("김철수", ["gim", "cheol", "su"]),
        ("...", []),
    ],
)
def test_words_are_the_same_whatever_their_case_accents_and_script(text: str, words: list[str]) -> None:
    """CLI-03."""
    assert words_of(text) == words


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4))
def test_whatever_somebody_is_called_is_found_by_its_beginning(names: list[str]) -> None:
    """CLI-03: every word of a name, typed as far as one likes."""
    name = " ".join(names)
    keys = contact_keys(name, (), ())
    for word in words_of(name)[:MAX_WORDS]:
        ranges = Query.of(word).ranges
        assert any(key.startswith(each.prefix) for each in ranges for key in keys)
        assert any(re.search(begins_a_word(word), key) for key in keys)


@pytest.mark.parametrize(
    "typed",
    [
        "{first}",
        "{last}",
        "{FIRST}",
        "{first} {last}",
        "{last} {first}",
        "{last}, {first}",
        "{first} {la}",
        "{last} {fi}",
        "{fi} {la}",
        "{la}",
    ],
)
async def test_a_contact_is_found_by_its_names_in_any_order(api: Api, typed: str) -> None:
    """CLI-03."""
    first, last = a_word(), a_word()
    await a_contact(api, first, last)
    parts = {"first": first, "last": last, "FIRST": first.upper(), "fi": first[:6], "la": last[:6]}
    assert await titles(api, typed.format(**parts)) == [f"{first} {last}"]


async def test_a_middle_name_keeps_nobody_from_being_found(api: Api) -> None:
    """CLI-03."""
    first, middle, last = a_word(), a_word(), a_word()
    await a_contact(api, first, last, middle_name=middle)
    for typed in (
        *(f"{first} {last}", f"{last} {middle}", f"{last} {middle} {first}", f"{first} {middle} {last[:3]}"),
        *(f"{middle} {last} {first[:3]}", f"{last} {first} {middle[:3]}", f"{last} {first[:3]}"),
    ):
        assert await titles(api, typed) == [f"{first} {middle} {last}"], typed


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("O'Neill", "oneill"),
        ("O'Neill", "o\u2019neill"),
        ("Müller", "muller"),
        ("São João", "sao joao"),
        ("Щербакова", "щерб"),
        ("Щербакова", "shcherb"),
        ("Ковалёв", "ковалев"),
        ("Però", "PERO"),
    ],
)
async def test_names_of_many_languages_are_found_as_people_type_them(api: Api, name: str, typed: str) -> None:
    """CLI-03: accents, case and apostrophes make no difference."""
    first = a_word()
    await a_contact(api, first, name)
    assert await titles(api, f"{typed} {first}") == [f"{first} {name}"]
    assert f"{first} {name}" in await titles(api, f"{first} {typed}")


@pytest.mark.parametrize("name", ["müller", "mueller"])
@pytest.mark.parametrize("typed", ["MÜLLER", "Mueller", "muel", "mü"])
async def test_an_umlaut_is_found_in_one_letter_or_two(api: Api, name: str, typed: str) -> None:
    """CLI-03: as soon as a letter follows it, beside names in which two letters are two."""
    first = f"{a_word()}joel"
    await a_contact(api, first, name)
    assert await titles(api, f"{first} {typed}") == [f"{first} {name}"]


async def test_a_long_name_is_found_by_each_of_its_words(api: Api) -> None:
    """CLI-03."""
    last = a_word()
    await a_contact(api, "João Pedro", f"Almeida dos Santos {last}")
    for typed in (last, f"{last} joao", f"pedro {last[:6]}", f"santos {last}", f"joao pedro almeida dos santos {last}"):
        assert await titles(api, typed) == [f"João Pedro Almeida dos Santos {last}"], typed


async def test_names_without_spaces_are_found_by_any_of_their_characters(api: Api) -> None:
    """CLI-03, CLI-04: one of them is enough."""
    await a_contact(api, "小明", "王")
    for typed in ("小明", "王", "明", "王小明"):
        assert "小明 王" in await titles(api, typed), typed
    await api.made("/companies", {"title": "株式会社田中商事"})
    for typed in ("田中商事", "株式会社", "商"):
        assert "株式会社田中商事" in await titles(api, typed, "company"), typed


async def test_a_company_is_found_by_any_word_of_its_title(api: Api) -> None:
    """CLI-03."""
    name = a_word()
    title = f"Müller {name} GmbH & Co. KG"
    await api.made("/companies", {"title": title})
    for typed in (f"muller {name}", name, name[:5], f"{name} gmbh & co", f"{name} muller"):
        assert await titles(api, typed, "company") == [title], typed
    assert await titles(api, name, "contact") == []


async def test_a_phone_is_found_by_its_last_digits_and_in_any_notation(api: Api) -> None:
    """CLI-03: the extension is not looked at."""
    first, digits = a_word(), str(next(PHONES))
    await a_contact(api, first, "Phone", phones=[{"value": f"+49 30 4{digits} ext. 77"}])
    for typed in (digits, digits[-4:], f"030 4{digits}", f"+49 (30) 4{digits}", f"0304{digits[:2]} {digits[2:]}"):
        assert f"{first} Phone" in await titles(api, typed), typed
    assert await titles(api, f"+49 30 4{digits} x 12") == [f"{first} Phone"]
    assert await titles(api, f"9{digits}") == []


async def test_a_phone_that_is_kept_as_typed_is_found_by_its_last_digits_before_the_extension_too(api: Api) -> None:
    """CLI-03."""
    first, digits = a_word(), f"00{next(PHONES)}"
    await a_contact(api, first, "Typed", phones=[{"value": f"{digits} ext. 77"}])
    (match,) = (await found(api, first))["items"]
    assert match["phones"][0]["normalized"] is None
    for typed in (digits, digits[-4:], f"{digits}77", f"{digits[-3:]}77"):
        assert f"{first} Typed" in await titles(api, typed), typed


async def test_an_e_mail_is_found_by_its_beginning_and_its_domain(api: Api) -> None:
    """CLI-03."""
    first, domain = a_word(), a_word()
    await a_contact(api, first, "Mail", emails=[{"value": f"Info.{first}@{domain}.example"}])
    for typed in (f"info.{first[:4]}", f"INFO.{first}@{domain}", f"@{domain}", f"{domain}.ex", domain):
        assert await titles(api, typed) == [f"{first} Mail"], typed


async def test_of_25_namesakes_20_are_shown_and_there_are_more(api: Api) -> None:
    """CLI-04: those that changed last."""
    name = a_word()
    ids = [await a_contact(api, name, "Namesake") for _ in range(25)]
    changed = await api("PATCH", f"/contacts/{ids[0]}", {"position": "Engineer"})
    assert changed.status_code == 200
    answer = await found(api, name)
    assert answer["has_more"] is True
    assert [match["client"]["id"] for match in answer["items"]] == [ids[0], *ids[:5:-1]]


async def test_of_those_that_fit_alike_the_one_that_changed_last_comes_first(api: Api) -> None:
    """CLI-04: whatever the order of the alphabet."""
    name = a_word()
    ids = [await a_contact(api, f"{name}{letter}", "Tie") for letter in "bdac"]
    assert await titles(api, name) == [f"{name}{letter} Tie" for letter in "cadb"]
    await api("PATCH", f"/contacts/{ids[0]}", {"comments": "called"})
    assert await titles(api, name) == [f"{name}{letter} Tie" for letter in "bcad"]
    mail = f"{name}@acme.example"
    shared = [await a_contact(api, f"Info {letter}", name, emails=[{"value": mail}]) for letter in "xyz"]
    await api("PATCH", f"/contacts/{shared[1]}", {"comments": "called"})
    assert await titles(api, mail) == [f"Info {letter} {name}" for letter in "yzx"]


@pytest.mark.parametrize(("typed", "kind"), [("{one} {two}", "contact"), ("{two} {one}", "company")])
async def test_two_halves_of_words_find_the_one_among_a_hundred_namesakes(api: Api, typed: str, kind: str) -> None:
    """CLI-04: an answer of nothing says that there is nothing."""
    one, two = a_word(), a_word()
    for number in range(100):
        if kind == "contact":
            await a_contact(api, f"{one}a", f"Other {number}")
        else:
            await api.made("/companies", {"title": f"{one}a Other {number}"})
    if kind == "contact":
        await a_contact(api, f"{one}z", f"{two}z")
    else:
        await api.made("/companies", {"title": f"{one}z {two}z"})
    answer = await found(api, typed.format(one=one[:8], two=two[:8]), kind)
    assert [match["client"]["title"] for match in answer["items"]] == [f"{one}z {two}z"]
    assert answer["has_more"] is False


async def test_where_more_would_have_to_be_compared_there_may_be_more(api: Api) -> None:
    """CLI-04: an answer of nothing does not say that there is nothing; the whole words find the one."""
    one, two = a_word(), a_word()
    contacts = api.database.collection("contacts")
    for place, name in enumerate((one, two)):
        like = await contacts.get(await a_contact(api, f"{name}a", "Other"))
        assert like is not None
        first = 10**6 * (place + 1)
        namesakes = [
            {**like, "_id": f"{name}-{number}", "number": first + number, "outbox": []}
            for number in range(MAX_COMPARED_BY_TIME)
        ]
        assert await contacts.insert_missing(namesakes) == MAX_COMPARED_BY_TIME
    await a_contact(api, f"{one}z", f"{two}z")
    assert await found(api, f"{one} {two}") == {"items": [], "has_more": True}
    assert await titles(api, f"{one}z {two}") == [f"{one}z {two}z"]
    assert await titles(api, f"{two}z {one}") == [f"{one}z {two}z"]
    await contacts.delete({"_id": {"$regex": f"^({one}|{two})"}})


async def test_an_exact_phone_or_e_mail_comes_first_then_who_begins_so_then_others(api: Api) -> None:
    """CLI-04."""
    name = a_word()
    await a_contact(api, "Other", name)
    await a_contact(api, name, "Begins")
    await a_contact(api, "Exact", "Mail", emails=[{"value": f"{name}@acme.example"}])
    assert await titles(api, name) == [f"{name} Begins", f"Other {name}", "Exact Mail"]
    await a_contact(api, "Longer", "Mail", emails=[{"value": f"{name}@acme.example.com"}])
    assert await titles(api, f"{name}@acme.example") == ["Exact Mail", "Longer Mail"]


async def test_a_changed_name_is_found_and_the_old_one_is_not(api: Api) -> None:
    """CLI-03."""
    old, new = a_word(), a_word()
    id_ = await a_contact(api, old, "Married")
    await api("PATCH", f"/contacts/{id_}", {"first_name": new})
    assert (await titles(api, new), await titles(api, old)) == ([f"{new} Married"], [])


async def test_namesakes_are_told_apart_by_company_phone_and_e_mail(api: Api) -> None:
    """CLI-03."""
    name = a_word()
    id_ = await a_contact(api, name, "Works", phones=[{"value": f"030 4{next(PHONES)}"}])
    company = await api.made("/companies", {"title": f"{name} Ltd"})
    await api("PUT", f"/contacts/{id_}/companies/{company['id']}", {})
    (match,) = (await found(api, name))["items"]
    assert match["company"] == {"type": "company", "id": company["id"], "title": f"{name} Ltd"}
    assert len(match["phones"]) == 1


@pytest.mark.parametrize("typed", ["$ne", '{"$gt": ""}', "^a.*", "..", "a\x7fb", "\U0001f600\U0001f600"])
async def test_what_is_typed_is_never_more_than_text(api: Api, typed: str) -> None:
    """CLI-03."""
    assert len((await found(api, typed))["items"]) <= MAX_MATCHES


async def test_a_bad_question_names_every_wrong_field(api: Api) -> None:
    """CLI-04: one letter finds nothing."""
    assert wrong_fields(await api("GET", "/clients/search?q=a")) == ["q", "type"]
    for short in ("", "%20%20", "%20a%20", "."):
        answer = await api("GET", f"/clients/search?kind=contact&q={short}")
        assert wrong_fields(answer) == ["q"]
        assert answer.json()["errors"][0]["code"] == "string_too_short"
    answer = await api("GET", f"/clients/search?type=lead&q={'a' * 101}")
    assert wrong_fields(answer) == ["q", "type"]


@pytest.mark.parametrize(
    "typed",
    [
        "anna",
        "anna smi",
        "smith anna",
        "an sm",
        "anna maria smith",
        "4711",
        "030 471147",
        "anna@",
        "@acme",
        "anna smith x",
    ],
)
async def test_a_search_reads_few_keys_of_one_index(api: Api, typed: str) -> None:
    """CLI-04: among many namesakes, too; nothing is read in vain."""
    contacts = Explained(api.database.collection("contacts"))
    people = Documents(Contact, contacts)
    if not (await found(api, "anna smith"))["has_more"]:
        for number in range(150):
            middle = "Maria" if number % 3 == 0 else None
            point = {
                "emails": [{"value": f"anna.{number}@acme.example"}],
                "phones": [{"value": f"+49 30 {number + 100}4711"}],
            }
            await a_contact(api, "Anna", "Smith", middle_name=middle, **point)
    query = Query.of(typed, phone=normalized_phone(typed, "DE"))
    await search_clients(people, query)
    assert len(contacts.plans) <= len(query.ranges) + 3
    for plan in contacts.plans:
        assert "IXSCAN" in plan.stages, plan
        assert not plan.stages & {"COLLSCAN", "SORT"}, plan
        assert plan.keys <= MAX_KEYS, plan


async def test_what_is_searched_is_called_its_type_as_everywhere(api: Api) -> None:
    """`kind`, its old name, is still taken; both at once would leave one ignored."""
    title = f"Typ{uuid4().hex[:8]}"
    company = (await api.made("/companies", {"title": title}))["id"]
    for name in ("type", "kind"):
        found = (await api.read(f"/clients/search?{name}=company&q={title}"))["items"]
        assert [match["client"]["id"] for match in found] == [company]
    assert (await api("GET", f"/clients/search?type=company&kind=contact&q={title}")).status_code == 422
    for name, value, meant in (("type", "companies", "company"), ("kind", "contacts", "contact"), ("kind", "x", None)):
        refused = await api("GET", f"/clients/search?{name}={value}&q={title}")
        assert wrong_fields(refused) == [name]
        message = "one of these is needed: 'contact' or 'company'" + (f"; did you mean {meant}?" if meant else "")
        assert refused.json()["errors"][0]["message"] == message


async def test_a_contact_is_found_by_the_domain_of_an_address_with_umlauts(api: Api) -> None:
    """CLI-03: from its beginning on, also by what stands for it in ASCII."""
    name, domain = a_word(), f"käse-{a_word()}.de"
    await a_contact(api, "Ute", name, emails=[{"value": f"ute@{domain}"}])
    for q in (f"ute@{domain}", domain, domain.removesuffix(".de"), domain.encode("idna").decode()):
        assert await titles(api, q) == [f"Ute {name}"], q
