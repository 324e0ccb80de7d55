"""Names of every length and script are found by any of their words (CLI-03)."""

from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.builders.running import Api, wrong_fields

SERIAL = count(1)
CASES: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "a long name": (
        "contact",
        {"first_name": "João Pedro", "middle_name": "Almeida dos Santos", "last_name": "Ferreira"},
        ("ferreira", "Almeida", "santos ferr", "joao ferreira", "Ferreira João", "pedro almeida dos santos"),
    ),
    "a very long name": (
        "contact",
        {
            "first_name": "Maria Guadalupe Esperanza del Carmen",
            "middle_name": "de la Santísima Trinidad y Todos los Santos",
            "last_name": "Fernández de Córdoba y Álvarez de Toledo Zubizarreta",
        },
        ("zubizarreta", "Toledo Zubi", "trinidad", "maria zubizarreta", "cordoba alvarez"),
    ),
    "Japanese": ("company", {"title": "株式会社田中商事"}, ("田中商事", "商事", "田", "株式会社", "株式会社田中")),
    "katakana": ("company", {"title": "ソニーグループ"}, ("グループ", "ソニー", "プ")),
    "Chinese": ("contact", {"last_name": "王小明"}, ("小明", "王", "明", "王小明")),
    "Korean": ("contact", {"last_name": "김철수"}, ("철수", "김", "수")),
    "Thai": ("contact", {"first_name": "สมชาย", "last_name": "วงศ์สวัสดิ์พัฒนาการกิจ"}, ("สมชาย", "ชาย", "สวัสดิ์", "กิจ")),
    "a Thai company": ("company", {"title": "บริษัทสยามพัฒนาจำกัด"}, ("สยาม", "พัฒนา", "จำกัด")),
    "Chinese and Latin": ("company", {"title": "ACME上海有限公司"}, ("上海", "acme", "有限公司")),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_name_is_found_by_any_of_its_words(api: Api, case: str) -> None:
    """CLI-03: of scripts that put no spaces between words, by any part of it."""
    kind, fields, queries = CASES[case]
    made = await api.made("/contacts" if kind == "contact" else "/companies", fields)
    for q in queries:
        answer = await api.read(f"/clients/search?{urlencode({'q': q, 'kind': kind})}")
        assert made["id"] in [match["client"]["id"] for match in answer["items"]], q


async def test_two_people_with_the_same_beginning_of_a_long_name_are_two(api: Api) -> None:
    """DUP-03: names are compared whole."""
    first = {"first_name": "João Pedro", "middle_name": "Almeida dos Santos"}
    serial = next(SERIAL)
    made = await api.made("/contacts", first | {"last_name": f"Ferreira{serial}"})
    for last, alike in ((f"Ferreira{serial}", [made["id"]]), (f"Silva{serial}", [])):
        answer = await api("POST", "/duplicates/search", first | {"last_name": last})
        assert [each["ref"]["id"] for each in answer.json()["contact"]["items"]] == alike


async def test_companies_with_other_legal_forms_are_possible_duplicates(api: Api) -> None:
    """DUP-03."""
    title = f"Pumpwerk{next(SERIAL)} Nord"
    made = await api.made("/companies", {"title": f"{title} GmbH & Co. KG"})
    for typed, alike in ((f"{title.upper()} AG", [made["id"]]), (title, [made["id"]]), (f"{title} Ost GmbH", [])):
        answer = await api("POST", "/duplicates/search", {"company_title": typed})
        assert [each["ref"]["id"] for each in answer.json()["company"]["items"]] == alike, typed
        assert all(each["by"] == ["company"] for each in answer.json()["company"]["items"])


@pytest.mark.parametrize("q", ["", " ", "  ", "\u3000", "\u200b\u200b", "\u00a0 \u00a0", "a", " a "])
@pytest.mark.parametrize("kind", ["contact", "company"])
async def test_a_search_for_nothing_is_refused(api: Api, kind: str, q: str) -> None:
    """CLI-04."""
    assert wrong_fields(await api("GET", f"/clients/search?{urlencode({'q': q, 'kind': kind})}")) == ["q"]
