"""Recognise the bank details of requisites when the whole list is sent again (REQ-04).

Elements choose an account by its id, so an id never passes to another account, in whatever order they are sent.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from crm_contracts.requisites import BankDetail

NO_ID: Final = ""
"""Of an account that was sent without an id."""


def identified(
    given: Sequence[BankDetail], known: Sequence[BankDetail], new_id: Callable[[int], str]
) -> tuple[BankDetail, ...]:
    """Give an id to each account that was sent without one.

    It is the id of the known account with the same content, unless another account was sent under that id. Where more
    accounts are known of one content than were sent, which of them are meant is not known, so they are new.

    Args:
        given: as sent, normalised.
        known: as stored.
        new_id: makes the id of a new one from its place in the list.
    """
    named = {detail.id for detail in given}
    left: dict[str, list[str]] = {}
    for detail in known:
        if detail.id not in named:
            left.setdefault(_content(detail), []).append(detail.id)
    sent = Counter(_content(detail) for detail in given if detail.id == NO_ID)
    same = {content: iter(ids) for content, ids in left.items() if len(ids) <= sent[content]}

    def id_of(place: int, detail: BankDetail) -> str:
        return detail.id or next(same.get(_content(detail), iter(())), None) or new_id(place)

    return tuple(detail.model_copy(update={"id": id_of(place, detail)}) for place, detail in enumerate(given))


def _content(detail: BankDetail) -> str:
    return json.dumps(detail.model_dump(exclude={"id"}), sort_keys=True)
