"""All that a service keeps besides its elements: products, dictionaries, rights, names, deleted and created clients."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from crm_contracts.elements import ELEMENTS

from shared.elements.domain.currencies import CURRENCIES
from shared.elements.store.client_names import CLIENT_NAMES, ClientNames
from shared.elements.store.created_links import CreatedLinks
from shared.elements.store.products import Products
from shared.elements.store.reference import Reference
from shared.elements.store.removed_clients import Owners, RemovedClients
from shared.elements.store.rights import RightsOfUsers
from shared.elements.usecases.collaborators import Collaborators
from shared.kit.domain import NewId
from shared.kit.messaging.answers import Answers
from shared.kit.settings import ServiceSettings
from shared.kit.storage.collection import Collection
from shared.kit.storage.filled_views import FilledViews
from shared.kit.storage.numbers import Numbers


class OpensStores(Protocol):
    """What of a service its stores need."""

    @property
    def answers(self) -> Answers:
        """How questions of other services are answered."""
        ...

    @property
    def filled_views(self) -> FilledViews:
        """Which views were read."""
        ...

    @property
    def collection(self) -> Callable[[str], Collection]:
        """Open a collection by name."""
        ...


@dataclass(frozen=True, slots=True)
class ElementStores:
    """The views and link records of one service, over the element types that it owns."""

    owners: Owners
    products: Products
    reference: Reference
    rights: RightsOfUsers
    client_names: ClientNames
    removed_clients: RemovedClients
    created_links: CreatedLinks

    @classmethod
    def open(cls, service: OpensStores, owners: Owners, *, users_need_role: bool = False) -> "ElementStores":
        """Open the collections that these element types need."""
        collection = service.collection
        # "departures" and "arrivals" are what the collections were called when there was data in them first.
        removed_clients = RemovedClients(collection("departures"), owners)
        rights = RightsOfUsers.open(collection, filled=service.filled_views, users_need_role=users_need_role)
        return cls(
            owners=owners,
            products=Products(collection("products")),
            reference=Reference.of(collection, *(ELEMENTS[noun].fields for noun in owners)),
            rights=rights,
            client_names=ClientNames(collection(CLIENT_NAMES)),
            removed_clients=removed_clients,
            created_links=CreatedLinks(collection("arrivals"), owners, removed_clients, service.answers, rights=rights),
        )

    def collaborators(self, settings: ServiceSettings, *, numbers: Numbers, new_id: NewId) -> Collaborators:
        """Hand out what the use cases need.

        Raises:
            ValueError: the base currency of the settings is none.
        """
        if settings.base_currency not in CURRENCIES:
            message = f"CRM_BASE_CURRENCY: there is no currency {settings.base_currency}"
            raise ValueError(message)
        return Collaborators(
            products=self.products,
            dictionaries=self.reference,
            removed_clients=self.removed_clients,
            client_names=self.client_names,
            departments=self.rights,
            numbers=numbers,
            currency=settings.base_currency,
            new_id=new_id,
            open_to_all=settings.open_to_all,
        )
