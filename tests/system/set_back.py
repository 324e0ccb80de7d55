"""Set the schedule of a template back, as if nothing had run since: nobody waits for days."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import MongoClient

from deploy.local.services import DATABASE_PREFIX


def day(number: int) -> str:
    """A day from today, of a clock in UTC."""
    return (datetime.now(UTC).date() + timedelta(days=number)).isoformat()


def set_back(mongo: str, template: str, days: int) -> None:
    """Have a template that begins tomorrow begin so many days before; a last date is the day after tomorrow.

    Where that was done, and its answer was lost, nothing is left to do.
    """
    begins = day(1 - days)
    with MongoClient[dict[str, Any]](mongo, tz_aware=True) as client:
        deals = client[f"{DATABASE_PREFIX}deals"]["deals"]
        found = deals.find_one({"_id": template})
        assert found is not None
        if found["recurrence"]["start_date"] == begins:
            return
        due = found["wake_at"] - timedelta(days=days)
        limited = {"recurrence.limit_date": day(2 - days)} if found["recurrence"]["limit_date"] else {}
        deals.update_one(
            {"_id": template, "version": found["version"]},
            {
                "$set": {
                    "recurrence.start_date": begins,
                    "recurrence.next_date": begins,
                    "recurrence.next_at": due,
                    **limited,
                    "timers.0.at": due,
                    "wake_at": due,
                }
            },
        )
