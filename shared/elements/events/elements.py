"""All reactions of a service that owns sales elements, but for those of its own types."""

from shared.elements.events.client_field import client_field_reactions
from shared.elements.events.client_names import client_name_reactions
from shared.elements.events.products import product_reactions
from shared.elements.events.reference import reference_reactions
from shared.elements.events.rights import rights_reactions
from shared.elements.store.stores import ElementStores
from shared.kit.messaging.reactions import Reactions


def element_reactions(stores: ElementStores) -> Reactions:
    """Make the reactions that keep Client fields and views up to date."""
    return [
        *client_field_reactions(
            stores.owners, removed_clients=stores.removed_clients, created_links=stores.created_links
        ),
        *client_name_reactions(stores.client_names),
        *product_reactions(stores.products),
        *reference_reactions(stores.reference),
        *rights_reactions(stores.rights),
    ]
