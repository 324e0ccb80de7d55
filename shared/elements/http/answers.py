"""Answers about elements: the models that each type declares, and the version in the headers."""

from typing import Protocol, TypeVar

from fastapi import Response
from pydantic import BaseModel

from shared.elements.domain.element import Element
from shared.elements.schemas.expansion import Expanded, mark_of_expansion
from shared.kit.web.call import show_version

E_contra = TypeVar("E_contra", bound=Element, contravariant=True)


class NamesClients(Protocol):
    """An element with the names of its clients, as an answer shows them."""

    id: str
    version: int

    @property
    def names_mark(self) -> str:
        """What tells the names from the stored ones."""
        ...


A = TypeVar("A")


class ShowsElement(Protocol[E_contra]):
    """The model of an answer that shows one element."""

    @classmethod
    def of(cls, element: E_contra, /) -> BaseModel:
        """Show the element."""
        ...


class ShowsAddedContact(Protocol[E_contra]):
    """The model of an answer that shows one element, and whether a contact was linked just now."""

    @classmethod
    def of(cls, element: E_contra, /, *, added: bool) -> BaseModel:
        """Show both."""
        ...


def created(answer: A, shown: NamesClients, response: Response, path: str) -> A:
    """Answer with 201, the address of what was created and its version."""
    response.headers["Location"] = f"/v1{path}/{shown.id}"
    return versioned(answer, shown, response, 201)


def versioned(
    answer: A, shown: NamesClients, response: Response, status: int = 200, *, expanded: Expanded | None = None
) -> A:
    """Answer with the ETag of what is shown, the same whichever request it is the answer to."""
    show_version(response, shown.version, status, beside=mark_of_expansion(expanded, shown.names_mark))
    return answer
