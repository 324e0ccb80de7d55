"""What events tell of the words by which an element is found, each field for itself (CLI-03, CLI-04)."""

from collections.abc import Mapping
from typing import Any, Final

from crm_contracts.elements import ELEMENTS
from crm_contracts.envelope import Event
from crm_contracts.events import Created, Deleted, ElementEvent, Merged, Replaced, Updated

from shared.elements.domain.search_keys import title_keys

TITLES: Final = ("title", "name", "first_name", "middle_name", "last_name", "company_title")
FIELDS: Final = (*TITLES, "phones", "emails")
"""Fields of any type that elements are found by."""
LEFT_OUT: Final = "left_out"
"""Where it is kept that an element is found by nothing."""


def keys_told_by(event: Event) -> Mapping[str, Any]:
    """Return the keys of the fields that an event sets from now on, by `keys.<field>`, and `title`, if it sets some.

    A template is no deal: it is told of it that it is `left_out` (DEAL-14).
    Nothing remains of what was deleted or merged into another element: it is found by nothing, and has no title.
    """
    if not isinstance(event, ElementEvent) or event.element.type not in ELEMENTS:
        return {}
    if isinstance(event, Deleted | Replaced):
        return {**{f"keys.{name}": [] for name in FIELDS}, "title": None}
    told = event.changes if isinstance(event, Updated | Merged) else {}
    if isinstance(event, Created):
        told = {name: getattr(event.state, name) for name in FIELDS if hasattr(event.state, name)}
    is_template = isinstance(event, Created) and getattr(event.state, "is_recurring", False)
    keys = {f"keys.{name}": _keys_of(name, told[name]) for name in FIELDS if name in told}
    return {**keys, "title": event.element.title, **({LEFT_OUT: True} if is_template else {})} if keys else {}


def _keys_of(name: str, value: Any) -> list[str]:
    return title_keys((value or "",)) if name in TITLES else title_keys((), **{name: value or ()})
