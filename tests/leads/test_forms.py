"""Forms, and what is submitted by them, over HTTP."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from crm_contracts.leads import LeadCreated

from services.leads.form.domain.form import Form
from services.leads.form.http.content import MAX_BYTES
from services.leads.form.store import FORMS, SUBMISSION_COUNTS, SubmissionCounts
from services.leads.lead.domain.lead import Lead
from services.leads.lead.store import LEADS
from shared.kit.web.problems import Details
from tests.builders.running import Api, wrong_fields

ROOT: Final = Path(__file__).parents[2]
ADMIN: Final = ("admin",)
SITE: Final = "https://www.acme.example"
FIELDS: Final = {
    "your-name": "last_name",
    "tel": "phones",
    "mail": "emails",
    "message": "comments",
    "campaign": "utm.campaign",
    "town": "address.city",
}
_NUMBERS: Final = count(1)


async def rule(api: Api, method: str, path: str, body: Any = None, **headers: Any) -> httpx.Response:
    """What an administrator does succeeds."""
    answer = await api(method, f"/forms/{path}", body, roles=ADMIN, **headers)
    assert answer.is_success, answer.text
    return answer


class Site:
    """A site that has a form of its own."""

    def __init__(self, api: Api, form: str, key: str) -> None:
        self.api, self.form, self.key = api, form, key

    @classmethod
    async def opened(cls, api: Api, **more: Any) -> "Site":
        form = f"contact-{next(_NUMBERS)}"
        body = {"name": "Contact us", "responsible_id": "ben", "fields": FIELDS, "origins": [SITE], **more}
        assert (await rule(api, "PUT", form, body)).status_code == 201
        secret = (await rule(api, "POST", f"{form}/secret")).json()["secret"]
        return cls(api, form, secret)

    async def send(
        self, body: bytes | str = b"", kind: str = "application/json", *, query: str = "", **headers: str
    ) -> httpx.Response:
        named = {"X-Form-Key": self.key, "Content-Type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}
        address = f"/v1/leads/inbound/{self.form}{query}"
        return await self.api._http.post(address, content=body, headers={k: v for k, v in named.items() if v})

    async def submit(self, **fields: Any) -> Details:
        answer = await self.sent(**fields)
        assert answer.status_code == 202, answer.text
        taken: Details = answer.json()
        return taken

    async def sent(self, headers: Mapping[str, str] = MappingProxyType({}), /, **fields: Any) -> httpx.Response:
        return await self.api._http.post(
            f"/v1/leads/inbound/{self.form}", json=fields, headers={"X-Form-Key": self.key, **headers}
        )

    async def leads(self) -> list[Details]:
        """What came in by the form, the newest first."""
        page = await self.api.read(f"/leads?originator_id={self.form}")
        return list(page["items"])

    async def lead(self) -> Details:
        (lead,) = await self.leads()
        return lead


async def test_what_is_filled_in_becomes_a_lead(api: Api) -> None:
    """LEAD-01, LEAD-22: by the fields of the form, with its source and who is responsible, as other leads are."""
    site = await Site.opened(api, source_id="ADVERTISING")
    taken = await site.submit(**{"your-name": "Ada Lovelace", "tel": "030 901820", "mail": "ada@acme.example"})
    lead = await site.lead()
    assert (lead["last_name"], lead["phones"][0]["normalized"]) == ("Ada Lovelace", "+4930901820")
    assert (lead["source_id"], lead["responsible_id"], lead["created_by"]) == (
        "ADVERTISING",
        "ben",
        f"form:{site.form}",
    )
    assert (lead["originator_id"], lead["origin_id"]) == (site.form, taken["submission_id"])
    assert (lead["stage_id"], lead["title"], lead["comments"]) == ("NEW", f"Lead #{lead['number']}", None)
    (event,) = await api.documents(Lead, LEADS).said(lead["id"])
    assert isinstance(event, LeadCreated)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", '{"your-name": "Grün", "tel": ["030 901820", "030 901821"], "campaign": "fair"}'),
        (
            "application/x-www-form-urlencoded; charset=UTF-8",
            urlencode([("your-name", "Grün"), ("tel", "030 901820"), ("tel", "030 901821"), ("campaign", "fair")]),
        ),
        ("application/x-www-form-urlencoded", b"your-name=Gr%FCn&tel=030+901820&tel=030%20901821&campaign=fair"),
        (
            "multipart/form-data; boundary=xyz",
            "".join(
                f'--xyz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                for name, value in (
                    ("your-name", "Grün"),
                    ("tel", "030 901820"),
                    ("tel", "030 901821"),
                    ("campaign", "fair"),
                )
            )
            + "--xyz--\r\n",
        ),
    ],
    ids=["JSON", "a form", "a form of an old page", "a form with parts"],
)
async def test_a_form_is_sent_as_json_or_as_browsers_do(api: Api, kind: str, body: Any) -> None:
    """LEAD-01, CMN-07."""
    site = await Site.opened(api)
    assert (await site.send(body, kind)).status_code == 202
    lead = await site.lead()
    assert (lead["last_name"], lead["utm"]["campaign"]) == ("Grün", "fair")
    assert [each["normalized"] for each in lead["phones"]] == ["+4930901820", "+4930901821"]


async def test_nothing_that_was_filled_in_is_lost(api: Api) -> None:
    """LEAD-01: what no field takes, and what a field does not take, are in the comments."""
    site = await Site.opened(api)
    long = "x" * 101
    body = {"your-name": long, "message": "Call me", "town": "Berlin", "color": ["red", "blue"], "n": 7, "blank": " "}
    assert (await site.sent(**body)).status_code == 202
    lead = await site.lead()
    assert lead["last_name"] is None
    assert lead["address"]["city"] == "Berlin"
    assert lead["comments"].splitlines() == ["Call me", f"your-name: {long}", "color: red, blue", "n: 7"]


@pytest.mark.parametrize("form", ["conversion", "contacts"])
async def test_a_form_may_have_the_name_of_a_part_of_leads(api: Api, form: str) -> None:
    await rule(api, "PUT", form, {"name": "x", "responsible_id": "ben"})
    site = Site(api, form, (await rule(api, "POST", f"{form}/secret")).json()["secret"])
    await site.submit(message="Call me")
    assert len(await site.leads()) == 1


async def test_operators_of_the_database_are_texts(api: Api) -> None:
    site = await Site.opened(api)
    await site.submit(**{"$where": "1", "your-name": {"$gt": ""}, "a.b": {"$ne": None}})
    lead = await site.lead()
    assert (lead["last_name"], lead["comments"]) == ('{"$gt": ""}', '$where: 1\na.b: {"$ne": null}')


async def test_a_name_that_an_object_has_twice_has_both_values(api: Api) -> None:
    site = await Site.opened(api)
    assert (await site.send('{"message": "Call", "message": "me", "n": {"a": [1, null]}}')).status_code == 202
    assert (await site.lead())["comments"] == 'Call\nme\nn: {"a": [1, null]}'


async def test_a_form_may_be_sent_with_an_idempotency_key(api: Api) -> None:
    site = await Site.opened(api)
    for name in ("Ada", "Ada", "Eve"):
        answer = await site.sent({"Idempotency-Key": f"of-{site.form}"}, message=name)
        assert answer.status_code == (409 if name == "Eve" else 202), answer.text
    assert len(await site.leads()) == 1


async def test_a_file_is_not_kept_and_named(api: Api) -> None:
    """LEAD-01."""
    site = await Site.opened(api)
    part = '--b\r\nContent-Disposition: form-data; name="cv"; filename="{}"\r\n\r\n{}\r\n'
    body = f"{part.format('me.pdf', '12345')}{part.format('', '')}--b--\r\n"
    assert (await site.send(body, "multipart/form-data; boundary=b")).status_code == 202
    assert (await site.lead())["comments"] == "cv: file me.pdf, 5 bytes, not kept"


class Page(HTMLParser):
    """What a browser sends of a page with one form, after a person has filled in what there is to see."""

    def __init__(self, **filled: str) -> None:
        super().__init__()
        self.action = self.method = ""
        self.sent: list[tuple[str, str]] = []
        self._filled = filled
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action, self.method = of["action"], of["method"]
            assert of.get("enctype") is None, "a browser sends it urlencoded"
        elif tag in {"input", "textarea"}:
            self.sent.append((of["name"], self._filled.pop(of["name"].replace("-", "_"), of.get("value", ""))))
        elif tag == "select":
            self._select = of["name"]

    def handle_data(self, data: str) -> None:
        if self._select and data.strip():  # the first option is chosen
            self.sent.append((self._select, data.strip()))
            self._select = ""


async def test_the_page_of_the_documentation_makes_a_lead(api: Api) -> None:
    """LEAD-01: as it stands there, with the address and the secret put in, and sent as a browser sends it."""
    thanks = f"{SITE}/thanks"
    site = await Site.opened(api, source_id="WEBFORM", honeypot="website2", thanks_url=thanks)
    page = Page(your_name="Ada Lovelace", mail="ada@acme.example", tel="030 901820", message="Call me\r\nsoon")
    page.feed((ROOT / "docs/examples/contact-form.html").read_text())
    assert not page._filled
    address = page.action.replace("https://crm.acme.example", "").replace("/contact?", f"/{site.form}?")
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html", "Origin": SITE}
    sent = await api._http.request(
        page.method, address.replace("SECRET", site.key), content=urlencode(page.sent), headers=headers
    )
    assert (sent.status_code, sent.headers["location"]) == (303, thanks)
    lead = await site.lead()
    assert (lead["last_name"], lead["utm"]["campaign"]) == ("Ada Lovelace", "spring")
    assert (lead["emails"][0]["value"], lead["phones"][0]["normalized"]) == ("ada@acme.example", "+4930901820")
    assert lead["comments"] == "Call me\nsoon\ntopic: Pumps"


async def test_what_an_address_says_besides_is_a_field_as_well(api: Api) -> None:
    """CMN-07: ad networks add marks to it; the secret is none."""
    site = await Site.opened(api)
    answer = await site.send("{}", query=f"?key={site.key}&campaign=spring&gclid=abc", X_Form_Key="")
    assert answer.status_code == 202, answer.text
    lead = await site.lead()
    assert (lead["utm"]["campaign"], lead["comments"]) == ("spring", "gclid: abc")


async def test_a_submission_is_one_lead_however_often_it_is_sent(api: Api) -> None:
    """CMN-14: by the id that the site gives, or by its content within a day."""
    site = await Site.opened(api)
    for fields in ({"your-name": "Ada"}, {"your-name": "Ada", "submission_id": "17"}):
        first, second = await site.submit(**fields), await site.submit(**fields)
        assert first == second
    assert len(await site.leads()) == 2
    other = await site.sent(**{"your-name": "Eve", "submission_id": "17"})
    assert (other.status_code, other.json()["code"]) == (409, "submission_taken")
    assert "existing_id" not in other.json()
    await site.submit(**{"your-name": "Eve"})
    assert len(await site.leads()) == 3


async def test_the_same_content_of_another_day_is_another_lead(api: Api) -> None:
    """CMN-14: a day is 24 hours and not a date."""
    site = await Site.opened(api)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    taken = await site.submit(**{"your-name": "Ada"})
    digest = taken["submission_id"].removeprefix(f"{datetime.now(UTC):%Y-%m-%d}-")
    leads = api.documents(Lead, LEADS).collection
    sent_today = await leads.first({"originator_id": site.form})
    assert sent_today is not None
    await leads.delete({"_id": sent_today["_id"]})
    await leads.insert({**sent_today, "_id": str(uuid4()), "origin_id": f"{yesterday:%Y-%m-%d}-{digest}"})
    for hours, expected in ((23, 1), (25, 2)):
        at = datetime.now(UTC) - timedelta(hours=hours)
        await leads.update({"originator_id": site.form}, {"$set": {"created_at": at}})
        await site.submit(**{"your-name": "Ada"})
        assert len(await site.leads()) == expected


async def test_a_form_proves_itself_by_its_secret_alone(api: Api) -> None:
    """No token opens the way in, and neither does the secret of another form, a former one or none."""
    site, other = await Site.opened(api), await Site.opened(api)
    wrong: list[dict[str, str]] = [
        {"X-Form-Key": ""},
        {"X-Form-Key": other.key},
        {"X-Form-Key": site.key[:-1]},
        {"X-Form-Key": "", "Authorization": f"Bearer {api._signer.token(roles=['admin'])}"},
        {"X-Form-Key": "", "Authorization": f"Bearer {site.key}"},
    ]
    for headers in wrong:
        answer = await site.sent(headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), headers
    both = await site.send("{}", query=f"?key={site.key}")
    assert both.status_code == 401, "one place is enough"
    unknown = await Site(api, "no-such-form", site.key).sent()
    assert (unknown.status_code, unknown.json()["detail"]) == (401, both.json()["detail"])
    fresh = (await rule(api, "POST", f"{site.form}/secret")).json()["secret"]
    assert (await site.sent()).status_code == 401
    site.key = fresh
    assert (await site.sent()).status_code == 202
    assert site.key not in (await api("GET", f"/forms/{site.form}")).text
    assert site.key not in str(await api.documents(Form, FORMS).collection.get(site.form))


async def test_a_secret_is_shown_once(api: Api) -> None:
    """A repeat of the request makes none, and shows none."""
    site = await Site.opened(api)
    made = await rule(api, "POST", f"{site.form}/secret", idempotency_key=f"secret-{site.form}")
    assert made.headers["cache-control"] == "no-store"
    again = await api("POST", f"/forms/{site.form}/secret", roles=ADMIN, idempotency_key=f"secret-{site.form}")
    assert (again.status_code, again.json()["code"]) == (409, "secret_shown")
    site.key = made.json()["secret"]
    assert (await site.sent()).status_code == 202
    keys = await api.database.collection("idempotency").find({})
    assert site.key not in str(keys)


async def test_a_form_without_a_secret_or_that_was_deleted_takes_nothing(api: Api) -> None:
    form = f"contact-{next(_NUMBERS)}"
    await rule(api, "PUT", form, {"name": "x", "responsible_id": "ben"})
    for key in ("", "None", "x"):
        assert (await Site(api, form, key).sent()).status_code == 401
    site = await Site.opened(api)
    await site.submit(**{"your-name": "Ada"})
    assert (await rule(api, "DELETE", site.form)).status_code == 204
    assert (await site.sent()).status_code == 401
    assert (await api("GET", f"/forms/{site.form}")).json()["code"] == "gone"
    again = await api("PUT", f"/forms/{site.form}", {"name": "x", "responsible_id": "ben"}, roles=ADMIN)
    assert (again.status_code, again.json()["code"]) == (404, "gone")
    assert len(await site.leads()) == 1, "its leads stay"


async def test_a_form_that_is_switched_off_takes_nothing(api: Api) -> None:
    site = await Site.opened(api, is_active=False)
    answer = await site.sent()
    assert (answer.status_code, answer.json()["code"]) == (403, "form_inactive")
    assert await site.leads() == []


async def test_a_program_that_fills_what_people_do_not_see_makes_no_lead(api: Api) -> None:
    """It is answered as anybody is, and counted."""
    site = await Site.opened(api, honeypot="website2")
    before = await counted(api, "honeypot")
    taken = await site.submit(**{"your-name": "Bot", "website2": "http://spam.example"})
    assert taken.keys() == {"submission_id"}
    assert await site.leads() == []
    assert await counted(api, "honeypot") == before + 1
    await site.submit(**{"your-name": "Ada", "website2": ""})
    assert (await site.lead())["comments"] is None


async def counted(api: Api, outcome: str) -> float:
    shown = await api._http.get("/metrics", headers={"authorization": f"Bearer {api._signer.token(roles=['admin'])}"})
    if shown.status_code != 200:
        scope = api._signer.token(sub="prometheus", kind="service", scope="metrics:read")
        shown = await api._http.get("/metrics", headers={"authorization": f"Bearer {scope}"})
    line = f'crm_form_submissions_total{{outcome="{outcome}"}} '
    return float(next(each for each in shown.text.splitlines() if each.startswith(line)).removeprefix(line))


async def test_more_than_a_form_takes_in_a_minute_is_refused(api: Api) -> None:
    """Over all replicas; the refusal says when to go on."""
    site = await Site.opened(api, per_minute=3)
    answers = [await site.sent(**{"your-name": f"Ada {number}"}) for number in range(8)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {202, 429}
    for answer in refused:
        assert answer.json()["code"] == "too_many_submissions"
        assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert len(refused) >= 2, "a minute may have ended in between"
    assert len(await site.leads()) == len(answers) - len(refused)


async def test_submissions_are_counted_by_the_minute(api: Api) -> None:
    counts = SubmissionCounts(api.database.collection(SUBMISSION_COUNTS))
    at = datetime(2026, 3, 2, 12, 0, 59, tzinfo=UTC)
    assert [await counts.take("of-a-test", 2, at=at) for _ in range(3)] == [None, None, timedelta(seconds=1)]
    assert await counts.take("of-a-test", 2, at=at + timedelta(seconds=1)) is None
    assert await counts.take("of-another", 2, at=at) is None


async def test_scripts_of_the_sites_of_a_form_may_send_it(api: Api) -> None:
    """And read what comes of it, refusals too; those of other sites may not."""
    site = await Site.opened(api)
    address = f"/v1/leads/inbound/{site.form}"
    asked = {"Origin": SITE, "Access-Control-Request-Method": "POST"}
    allowed = await api._http.options(address, headers=asked)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, SITE)
    assert "X-Form-Key" in allowed.headers["access-control-allow-headers"]
    refused = await api._http.options(address, headers={**asked, "Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in refused.headers
    taken = await site.sent({"Origin": SITE}, **{"your-name": "Ada"})
    assert (taken.status_code, taken.headers["access-control-allow-origin"]) == (202, SITE)
    wrong = await site.send("[]", Origin=SITE)
    assert (wrong.status_code, wrong.headers["access-control-allow-origin"]) == (422, SITE)
    for origin in ("https://evil.example", "null", "http://www.acme.example", f"{SITE}.evil.example"):
        other = await site.sent({"Origin": origin}, **{"your-name": "Eve"})
        assert (other.status_code, other.json()["code"]) == (403, "origin_not_allowed"), origin
        assert "access-control-allow-origin" not in other.headers
    assert len(await site.leads()) == 1


async def test_a_browser_goes_to_the_page_that_says_thanks(api: Api) -> None:
    site = await Site.opened(api, thanks_url="https://www.acme.example/thanks")
    sent = await site.send("your-name=Ada", "application/x-www-form-urlencoded", Accept="text/html,*/*;q=0.8")
    assert (sent.status_code, sent.headers["location"]) == (303, "https://www.acme.example/thanks")
    assert (await site.send('{"your-name": "Eve"}', Accept="text/html")).status_code == 202
    assert len(await site.leads()) == 2


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        ("application/json", b"[1]", 422, "not_an_object"),
        ("application/json", b"{", 422, "not_json"),
        ("application/json", b'{"a":' * 5000 + b"1" + b"}" * 5, 413, "body_too_large"),
        ("application/json", b"\xff\xfe", 422, "not_json"),
        ("multipart/form-data", b"your-name=Ada", 422, "not_multipart"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nAda\r\n--x--", 422, "not_multipart"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"; filename*\r\n\r\nAda\r\n--x--',
            422,
            "not_multipart",
        ),
        (
            "multipart/form-data; boundary=x;;name*=\"utf-8''",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nAda\r\n--x--',
            422,
            "not_multipart",
        ),
        ("text/xml", b"<a/>", 415, "wrong_content_type"),
        ("", b"a=b", 415, "wrong_content_type"),
        ("application/x-www-form-urlencoded", b"&".join(b"f=%d" % n for n in range(201)), 422, "too_many"),
        ("application/json", b'{"submission_id": "%s"}' % (b"x" * 256), 422, "too_long"),
        ("application/json", b'{"submission_id": ["1", "2"]}', 422, "repeated_field"),
        ("application/json", b'"%s"' % (b"x" * MAX_BYTES), 413, "body_too_large"),
    ],
)
async def test_what_is_no_form_is_refused_and_nothing_worse(
    api: Api, kind: str, body: bytes, status: int, code: str
) -> None:
    site = await Site.opened(api)
    answer = await site.send(body, kind)
    assert answer.status_code == status, answer.text
    assert code in {answer.json()["code"], *(each["code"] for each in answer.json().get("errors", ()))}
    assert await site.leads() == []


async def test_what_the_comments_cannot_hold_is_refused(api: Api) -> None:
    """LEAD-01: rather than cut."""
    site = await Site.opened(api)
    answer = await site.send(f'{{"n": [[{",".join("1" * 7900)}]]}}')
    assert (answer.status_code, wrong_fields(answer)) == (422, ["body"])
    assert await site.leads() == []


@pytest.mark.parametrize("value", ["\\ud800x", "a\\u0000b", "\\u202e", "1" * 300, "x" * 3000])
async def test_odd_texts_are_taken(api: Api, value: str) -> None:
    site = await Site.opened(api, fields={**FIELDS, "born": "birth_date"})
    body = ", ".join(f'"{name}": "{value}"' for name in (*FIELDS, "born", "else"))
    answer = await site.send(f"{{{body}}}"[: MAX_BYTES * 2])
    assert answer.status_code in {202, 413}, answer.text


async def test_a_source_that_was_deleted_meanwhile_loses_no_lead(api: Api) -> None:
    """DICT-03: the lead has the source that others have, and says which it was to have."""
    site = await Site.opened(api)
    await api.documents(Form, FORMS).collection.update({"_id": site.form}, {"$set": {"source_id": "FAIR_2019"}})
    await site.submit(message="Call me")
    lead = await site.lead()
    assert (lead["source_id"], lead["comments"]) == ("CALL", "Call me\nsource_id: FAIR_2019")


async def test_only_an_administrator_sets_forms(api: Api) -> None:
    """PERM-05."""
    site = await Site.opened(api)
    body = {"name": "x", "responsible_id": "ben"}
    for role in ("reader", "user"):
        for method, path, sent in (
            ("PUT", site.form, body),
            ("PUT", "another", body),
            ("POST", f"{site.form}/secret", None),
            ("DELETE", site.form, None),
        ):
            answer = await api(method, f"/forms/{path}", sent, roles=[role])
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (method, path)
    assert (await api("GET", f"/forms/{site.form}", roles=["reader"])).status_code == 200


async def test_whatever_is_wrong_with_a_form_is_named(api: Api) -> None:
    wrong = {
        "responsible_id": "",
        "fields": {"a": "nonsense", "b": "salutation"},
        "origins": ["https://x.example/page", "ftp://x.example", "*", "https://X.example", "https://u@x.example"],
        "per_minute": 0,
        "thanks_url": "javascript:alert(1)",
        "is_active": "yes",
        "secret": "mine",
    }
    answer = await api("PUT", "/forms/contact", wrong, roles=ADMIN)
    assert set(wrong_fields(answer)) == {
        "name",
        "responsible_id",
        "fields.a",
        "fields.b",
        *(f"origins.{place}" for place in range(5)),
        "per_minute",
        "thanks_url",
        "is_active",
        "secret",
    }
    good = {"name": "x", "responsible_id": "ben"}
    for field, more in (
        ("honeypot", {"honeypot": "submission_id"}),
        ("fields.hp", {"honeypot": "hp", "fields": {"hp": "title"}}),
        ("fields.submission_id", {"fields": {"submission_id": "title"}}),
        ("source_id", {"source_id": "NONSENSE"}),
    ):
        assert wrong_fields(await api("PUT", "/forms/contact", {**good, **more}, roles=ADMIN)) == [field]
    assert (await api("PUT", "/forms/Contact Us", good, roles=ADMIN)).status_code == 422
    assert (await api("GET", "/forms/contact")).status_code == 404


async def test_forms_are_set_with_the_version_that_was_read_and_listed_by_id(api: Api) -> None:
    site = await Site.opened(api)
    read = await api("GET", f"/forms/{site.form}")
    body = {"name": "Other", "responsible_id": "carl"}
    stale = await api("PUT", f"/forms/{site.form}", body, roles=ADMIN, if_match='"1"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    set_now = await rule(api, "PUT", site.form, body, if_match=read.headers["etag"])
    assert set_now.status_code == 200
    assert (set_now.json()["fields"], set_now.json()["has_secret"]) == ({}, True)
    assert (await rule(api, "PUT", site.form, body)).headers["etag"] == set_now.headers["etag"]
    page = await api.read("/forms?limit=1")
    assert len(page["items"]) == 1
    following = await api.read(f"/forms?limit=200&cursor={page['next_cursor']}")
    ids = [each["id"] for each in (*page["items"], *following["items"])]
    assert ids == sorted(ids)
    assert site.form in ids
