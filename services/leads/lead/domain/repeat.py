"""Decide whether a lead is a repeat lead, one of a client already known (LEAD-03, LEAD-14)."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from crm_contracts.client_field import Client

Way = Literal["whole", "part"]
"""How the Client field changed: as a whole or with the lead itself; or contact by contact, by a deletion or a merge."""

Linked = Literal["none", "results", "others"]
"""Which clients are linked afterwards: none, exactly those that the lead was converted into, or others."""

BECOMES_REPEAT: Final[Mapping[tuple[Way, Linked], bool]] = {
    ("whole", "none"): False,
    ("whole", "results"): False,
    ("whole", "others"): True,
    ("part", "none"): False,
    ("part", "results"): False,
    ("part", "others"): False,
}
"""Whether a change makes a repeat lead of a lead that is none; a repeat lead stays one."""


class Repeat(NamedTuple):
    """Whether a lead is a repeat lead, and whether it would be one without the links that are pending."""

    now: bool = False
    without_company: bool = False

    def after(self, before: Client, client: Client, *, way: Way, is_converted: bool) -> "Repeat":
        """Decide for a changed Client field.

        It is a repeat lead without the pending links, too, where it was one before them, or where contacts that exist
        were set together with them.
        """
        becomes = BECOMES_REPEAT[way, _linked(before, client, is_converted=is_converted)]
        was_repeat = self.now and before.link_state != "pending"
        with_contacts = way == "whole" and len(client.contacts) > len(client.pending_contacts)
        return Repeat(self.now or becomes, self.without_company or was_repeat or with_contacts)


def _linked(before: Client, client: Client, *, is_converted: bool) -> Linked:
    if client.is_empty:
        return "none"
    return "results" if is_converted and client.refs == before.refs else "others"
