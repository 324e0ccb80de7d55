"""The mode as every request needs it, read where it is written."""

from typing import Final

from crm_contracts.settings import MODE

from services.leads.mode.domain import CrmMode
from shared.kit.storage.kept import Kept
from shared.kit.storage.repository import Repository

SETTINGS: Final = "settings"


class OwnMode:
    """The mode, kept for a moment."""

    def __init__(self, settings: Repository[CrmMode]) -> None:
        self._settings = settings
        self._kept = Kept(self.read)

    async def get(self) -> CrmMode:
        """Return the mode as it was at most a moment ago."""
        return await self._kept.get()

    async def is_simple(self) -> bool:
        """Return whether leads become deals at once."""
        return (await self.get()).mode == "simple"

    async def read(self) -> CrmMode:
        """Return the mode as it is now."""
        return await self._settings.get(MODE)

    def forget(self) -> None:
        """Read it anew the next time, because this process has changed it."""
        self._kept.forget()
