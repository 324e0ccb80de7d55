"""Show linked clients by the names that they have now (CLI-01).

An element stores the name of the moment in which a client was linked, as its events tell it. A client that is renamed
writes no element that links it, so an answer takes the names from the service's own view of clients.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

from crm_contracts.client_field import Client
from crm_contracts.values import ElementRef

Names: TypeAlias = Mapping[str, str | None]
"""Current names of contacts and companies, by `type:id`; None of one that the reader may not read."""


@dataclass(frozen=True, slots=True)
class KnownClient:
    """What a service knows of a client of another one; nothing of one that the reader may not read."""

    title: str | None = None
    responsible_id: str | None = None


def may_be_read(ref: ElementRef, names: Names) -> bool:
    """Return whether the reader for whom names were looked up may read a client."""
    return names.get(str(ref), "") is not None


def renamed(ref: ElementRef, names: Names) -> ElementRef:
    """Point to the same client by its current name; where that is not known, by the stored one."""
    return ref.model_copy(update={"title": names[str(ref)]}) if str(ref) in names else ref


def named_by(client: Client) -> tuple[ElementRef, ...]:
    """Return all that a Client field names: what it links, and a company that would be linked again."""
    return (*client.refs, *((client.former_company,) if client.former_company else ()))


def with_names(client: Client, names: Names) -> Client:
    """Copy a Client field for an answer, with the current names of all that it links."""
    companies = {
        field: ref and renamed(ref, names)
        for field, ref in (("company", client.company), ("former_company", client.former_company))
    }
    contacts = tuple(link.model_copy(update={"title": renamed(link.ref, names).title}) for link in client.contacts)
    return client.model_copy(update={**companies, "contacts": contacts})


def mark_of_names(stored: Iterable[ElementRef], shown: Iterable[ElementRef]) -> str:
    """Mark an answer that names others than are stored, or by other names, which no version tells; else nothing."""
    names = [(str(ref), ref.title) for ref in shown]
    if names == [(str(ref), ref.title) for ref in stored]:
        return ""
    return sha256(json.dumps(names).encode()).hexdigest()[:8]
