"""View of contacts and companies, kept from the events about them: what those that elements link are called (CLI-01).

Each event carries the whole name of its moment, so a client is one document that the newest event replaces: an event
that comes again or late changes nothing. Who may read the client is beside its name, each field from the newest event
that told it (PERM-08).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from crm_contracts.elements import ELEMENTS
from crm_contracts.values import ElementRef

from shared.elements.domain.client_names import KnownClient, Names
from shared.elements.domain.rights.compiled import Rights
from shared.elements.domain.rights.told import accessed_in
from shared.elements.store.newest import newest, newest_value
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document

CLIENT_NAMES: Final = "client_names"
CLIENT_ACCESS: Final = "client_access"
"""The view as one that is filled: it was filled with names alone before, under its own name."""


class ClientNames:
    """The service's own view of what contacts and companies are called, and of who may read them."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def of(self, clients: Iterable[ElementRef], rights: Rights | None = None) -> Names:
        """Find the current names of these clients by one query, or by none where there are no clients.

        For a user with rights, those that he may not read have None; so has one of which that is not known.
        """
        wanted = sorted({str(client) for client in clients})
        found = await self._found(wanted)
        names = {ref: document["title"] for ref, document in found.items() if document["title"] is not None}
        if rights is None:
            return names
        return {**names, **{ref: None for ref in wanted if not _may_be_read(ref, found.get(ref, {}), rights)}}

    async def known(self, clients: Iterable[ElementRef], rights: Rights | None = None) -> Mapping[str, KnownClient]:
        """Find what is known of these clients, by `type:id`, by one query, or by none where there are no clients.

        For a user with rights nothing is known of those that he may not read, nor of one of which that is not known.
        """
        wanted = {str(client) for client in clients}
        found = await self._found(wanted)
        known = {
            ref: KnownClient(document["title"], document.get("responsible_id"))
            for ref, document in found.items()
            if rights is None or _may_be_read(ref, document, rights)
        }
        return known if rights is None else {**dict.fromkeys(wanted, KnownClient()), **known}

    async def hidden(self, clients: Iterable[ElementRef], rights: Rights) -> Sequence[ElementRef]:
        """Find those of these clients that are known, and that a user with these rights may not read."""
        refs = list(clients)
        found = await self._found(map(str, refs))
        return [ref for ref in refs if str(ref) in found and not _may_be_read(str(ref), found[str(ref)], rights)]

    async def keep(self, client: ElementRef, access: Mapping[str, Any], *, sequence: int) -> None:
        """Store the name of a client, or that it has none any more, and what was told of rights to it.

        What a newer event has told stays.
        """
        stage = newest_value("title", client.title, sequence, told="sequence") | newest(access, sequence)
        await self._collection.put({"_id": str(client)}, [{"$set": stage}])

    async def _found(self, refs: Iterable[str]) -> Mapping[str, Document]:
        wanted = list(refs)
        return {each["_id"]: each for each in await self._collection.get_each(wanted)} if wanted else {}


def _may_be_read(ref: str, document: Mapping[str, Any], rights: Rights) -> bool:
    accessed = accessed_in(document)
    return accessed is not None and rights.may(ELEMENTS[ref.partition(":")[0]], "read", accessed)
