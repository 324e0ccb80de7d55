"""Correct the fields of an element."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from crm_contracts.client_field import Client
from crm_contracts.elements import ELEMENTS

from shared.elements.domain.traits import HasClient
from shared.elements.usecases.collaborators import Collaborators
from shared.kit.domain import Cause
from shared.kit.storage.repository import Records

C = TypeVar("C", bound=HasClient)


async def correct_element(
    id_: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    elements: Records[C],
    collaborators: Collaborators,
    client: Callable[[Client], Client] | None = None,
    expected_version: int | None = None,
) -> C:
    """Set the given fields, and the Client field by a rule; a value that a field has already is no change.

    Raises:
        NotFound: no such element.
        VersionMismatch: the caller's copy is old.
        UnknownValue: a code that its dictionary has not.
    """
    codes = await collaborators.dictionaries.codes(ELEMENTS[elements.noun].fields, changes)

    def correct(element: C) -> None:
        element.correct(codes.for_existing(changes, element), by=cause.actor, at=cause.at)
        if client is not None:
            element.set_client(client(element.client), by=cause.actor, at=cause.at)

    return await elements.change(id_, correct, cause, expected_version=expected_version)
