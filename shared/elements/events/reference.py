"""Keep the reference view from catalog's events."""

from crm_contracts.dictionaries import DictionaryValueCreated, DictionaryValueDeleted, DictionaryValueUpdated
from crm_contracts.envelope import Envelope

from shared.elements.store.reference import Reference
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on


def reference_reactions(reference: Reference) -> Reactions:
    """Make the reactions to every change of a dictionary; none where no field needs one."""

    async def on_event(
        event: Envelope[DictionaryValueCreated] | Envelope[DictionaryValueUpdated] | Envelope[DictionaryValueDeleted],
        _: Cause,
    ) -> None:
        """Keep the codes of the dictionary."""
        await reference.apply(event.data, sequence=event.sequence or 0)

    if not reference.is_kept:
        return []
    return [
        on(DictionaryValueCreated, on_event),
        on(DictionaryValueUpdated, on_event),
        on(DictionaryValueDeleted, on_event),
    ]
