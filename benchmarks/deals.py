"""Insert the deals for B12: a million, directly into MongoDB as the deals service would store them.

Each number always stands for the same deal, so filters can be made that find some of them.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import uuid4

from bson import Decimal128
from pymongo import MongoClient

from benchmarks.growth import put_in

Document = dict[str, Any]

USERS: Final = 5_000
STAGES: Final = {"NEW": "P", "PREPARATION": "P", "EXECUTING": "P", "WON": "S", "LOSE": "F"}
WORDS: Final = ("pumps", "valves", "filters", "pipes", "gauges", "motors", "seals", "tanks", "meters", "boilers")
FIRST_DAY: Final = datetime(2024, 1, 1, tzinfo=UTC)
DAYS: Final = 700
COMPANIES: Final = 20_000
ORDERS: Final = (["created_at", "desc"], ["number", "asc"], ["amount", "desc"], ["title", "asc"])


def user(number: int) -> str:
    """Return the id of a user; each has as many deals as the others."""
    return f"user-{number % USERS}"


def populate(mongo: str, deals: int) -> int:
    """Add deals until there are so many; return how many there are."""
    with MongoClient[Document](mongo) as client:
        stored = client["crm_deals"]["deals"]
        pattern = stored.find_one({}, sort=[("_id", -1)])
        if pattern is None:
            raise LookupError("no deal to copy")
        put_in(stored, _deals(pattern, stored.count_documents({"originator_id": "town"}), deals))
        return stored.estimated_document_count()


def _deals(pattern: Document, first: int, end: int) -> Iterator[Document]:
    for number in range(first, end):
        chance = Random(number)
        stage, responsible, is_open = chance.choice(list(STAGES)), user(number), chance.random() < 0.5
        company = {"type": "company", "id": f"company-{chance.randrange(COMPANIES)}", "title": "ACME"}
        yield {
            **pattern,
            "_id": str(uuid4()),
            "number": 10**9 + number,
            "title": f"{chance.choice(WORDS)} and {chance.choice(WORDS)} {number}",
            "stage_id": stage,
            "stage_semantic": STAGES[stage],
            "closed": STAGES[stage] != "P",
            "amount": {"value": Decimal128(str(chance.randrange(100_000))), "currency": "EUR"},
            "responsible_id": responsible,
            "open_to_all": is_open,
            "access": [f"r:{responsible}", *(["open"] if is_open else [])],
            "client": {**pattern["client"], "company": company, "contacts": []},
            "created_at": FIRST_DAY + timedelta(minutes=chance.randrange(DAYS * 24 * 60)),
            "originator_id": "town",
            "origin_id": str(number),
        }


def query(number: int) -> Document:
    """Return the body of a query; the same for each number, with one to four conditions and any order."""
    chance = Random(number)
    conditions = [_condition(chance) for _ in range(chance.randint(1, 4))]
    joined = {"or": conditions} if chance.random() < 0.2 else {"and": conditions}
    return {"filter": joined, "order": [chance.choice(ORDERS)], "limit": 50}


def _condition(chance: Random) -> Document:
    day = FIRST_DAY + timedelta(days=chance.randrange(DAYS))
    amount = chance.randrange(90_000)
    return chance.choice(
        [
            {"stage_id": {"in": chance.sample(list(STAGES), 2)}},
            {"stage_id": chance.choice(list(STAGES))},
            {"closed": chance.random() < 0.5},
            {"amount": {">=": str(amount), "<": str(amount + 10_000)}},
            {"created_at": {">=": day.isoformat(), "<": (day + timedelta(days=30)).isoformat()}},
            {"responsible_id": user(chance.randrange(USERS))},
            {"company_id": f"company-{chance.randrange(COMPANIES)}"},
            {"title": {"like": f"%{chance.choice(WORDS)} and {chance.choice(WORDS)}%"}},
            {"not": {"stage_id": chance.choice(list(STAGES))}},
        ]
    )
