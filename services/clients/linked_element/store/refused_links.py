"""Keep why elements do not link clients that were created from their cards (CLI-05)."""

from typing import Final

from crm_contracts.values import ElementRef

from shared.kit.storage.collection import Collection

REFUSED_LINKS: Final = "refused_links"


class RefusedLinks:
    """Links that elements refused to the clients that were created from their cards (CLI-05)."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def keep(self, element: ElementRef, client: ElementRef, code: str) -> None:
        """Store a refusal; the first one counts."""
        await self._collection.insert_missing([{"_id": f"{client} {element}", "code": code}])

    async def code_of(self, element: ElementRef, client: ElementRef) -> str | None:
        """Return why the element does not link the client; None where it has not refused to."""
        found = await self._collection.get(f"{client} {element}")
        return None if found is None else str(found["code"])
