"""Let the dates of templates come within one minute, directly in MongoDB: nobody waits for tomorrow."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pymongo import MongoClient

Document = dict[str, Any]

MINUTE_S: Final = 60.0


def tomorrow() -> str:
    """Return the day after today, of a clock in UTC, at which the templates begin."""
    return (datetime.now(UTC) + timedelta(days=1)).date().isoformat()


def come(mongo: str) -> None:
    """Have every template due at a moment of the minute that begins now, and keep that moment with it."""
    begins = datetime.now(UTC)
    today = begins.date().isoformat()
    due = {"$add": [begins, {"$multiply": [{"$rand": {}}, MINUTE_S * 1000]}]}
    timer = {"$mergeObjects": [{"$first": "$timers"}, {"at": "$wake_at"}]}
    schedule = {"recurrence.start_date": today, "recurrence.next_date": today, "recurrence.next_at": "$wake_at"}
    with MongoClient[Document](mongo) as client:
        stored = client["crm_deals"]["deals"]
        stored.update_many(
            {"is_recurring": True},
            [{"$set": {"wake_at": due}}, {"$set": {**schedule, "timers": [timer], "came_at": "$wake_at"}}],
        )


def made(mongo: str) -> int:
    """Count the deals that were made."""
    with MongoClient[Document](mongo) as client:
        return client["crm_deals"]["deals"].count_documents({"template_id": {"$ne": None}})


def lateness(mongo: str) -> list[float]:
    """Return how many seconds after its moment each deal was made."""
    with MongoClient[Document](mongo) as client:
        stored = client["crm_deals"]["deals"]
        due = {each["_id"]: each["came_at"] for each in stored.find({"is_recurring": True})}
        found = stored.find({"template_id": {"$ne": None}}, {"template_id": 1, "created_at": 1})
        return [(each["created_at"] - due[each["template_id"]]).total_seconds() for each in found]
