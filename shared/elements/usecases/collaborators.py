"""What the use cases of elements need besides the elements themselves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from crm_contracts.values import ElementRef, Fields

from shared.elements.domain.client_names import KnownClient, Names
from shared.elements.domain.dictionary_codes import DictionaryCodes
from shared.elements.domain.product_rows import ProductFacts
from shared.elements.domain.rights.compiled import Rights
from shared.elements.domain.rights.departments import Departments
from shared.kit.domain import Cause, NewId
from shared.kit.storage.numbers import Numbers


class KnownProducts(Protocol):
    """The service's view of the catalog."""

    async def facts(self, ids: Iterable[str | None]) -> Mapping[str, ProductFacts]:
        """Find what is known of these products, by id."""
        ...


class Dictionaries(Protocol):
    """The service's view of the dictionaries; no query is made where no field has one."""

    async def codes(self, fields: type[Fields], names: Iterable[str] | None = None) -> DictionaryCodes:
        """Find the codes that these fields may have."""
        ...


class DeletedClients(Protocol):
    """The clients that were deleted, to be checked after each link that a reaction makes."""

    async def remove_from(self, element: ElementRef, clients: Iterable[ElementRef], cause: Cause) -> None:
        """Remove from an element those just linked clients that were deleted before."""
        ...


class KnownDepartments(Protocol):
    """The service's view of departments."""

    async def departments(self) -> Departments:
        """Return all of them as they are now."""
        ...


class KnownNames(Protocol):
    """The service's view of what contacts and companies are called, and of who may read them."""

    async def of(self, clients: Iterable[ElementRef], rights: Rights | None) -> Names:
        """Find the current names of these clients, as far as they are known, and as rights extend to the clients."""
        ...

    async def known(self, clients: Iterable[ElementRef], rights: Rights | None) -> Mapping[str, KnownClient]:
        """Find what is known of these clients besides, in the same way."""
        ...

    async def hidden(self, clients: Iterable[ElementRef], rights: Rights) -> Sequence[ElementRef]:
        """Find those of these clients that are known, and to which the rights do not extend."""
        ...


@dataclass(frozen=True, slots=True)
class Collaborators:
    """What elements are made and shown with.

    Attributes:
        currency: the base currency.
        open_to_all: whether new elements are, where their requests do not say so (CMN-09).
    """

    products: KnownProducts
    dictionaries: Dictionaries
    removed_clients: DeletedClients
    client_names: KnownNames
    departments: KnownDepartments
    numbers: Numbers
    currency: str
    new_id: NewId
    open_to_all: bool = True
