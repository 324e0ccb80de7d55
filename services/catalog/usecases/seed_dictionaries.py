"""The dictionaries are there from the start, with the values that come with the CRM (DICT-01)."""

from datetime import datetime

from services.catalog.domain.dictionary import Dictionary
from services.catalog.domain.seeds import SEEDS
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository

ACTOR = "service:catalog"


async def seed_dictionaries(at: datetime, *, dictionaries: Repository[Dictionary]) -> None:
    """Create those that are not there; however many replicas start at once, each is created and told once."""
    for code in SEEDS:
        if await dictionaries.find(code) is None:
            # The cause is the same in every replica: whoever comes second finds his own work done.
            cause = Cause(key=f"seed:{code}", actor=ACTOR, at=at, correlation_id=f"seed:{code}")
            await dictionaries.add(Dictionary.create(code), cause)
