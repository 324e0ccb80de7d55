"""Show linked clients by the names that they have now (CLI-01).

An element stores the name of the moment in which a client was linked, as its events tell it. A client that is renamed
writes no element that links it, so an answer takes the names from the service's own view of clients.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import TypeAlias

from crm_contracts.client_field import Client
from crm_contracts.values import ElementRef

Names: TypeAlias = Mapping[str, str]
"""Current names of contacts and companies, by `type:id`."""


def renamed(ref: ElementRef, names: Names) -> ElementRef:
    """Point to the same client by its current name; where that is not known, by the stored one."""
    name = names.get(str(ref))
    return ref if name is None else ref.model_copy(update={"title": name})


def with_names(client: Client, names: Names) -> Client:
    """Copy a Client field for an answer, with the current names of all that it links."""
    company = client.company and renamed(client.company, names)
    contacts = tuple(link.model_copy(update={"title": renamed(link.ref, names).title}) for link in client.contacts)
    return client.model_copy(update={"company": company, "contacts": contacts})


def mark_of_names(stored: Iterable[ElementRef], shown: Iterable[ElementRef]) -> str:
    """Mark an answer whose names are others than the stored ones, which no version tells; else return nothing."""
    names = [ref.title for ref in shown]
    if names == [ref.title for ref in stored]:
        return ""
    return sha256(json.dumps(names).encode()).hexdigest()[:8]
