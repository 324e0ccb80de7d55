"""Answers about elements: the models that each type declares, and the version in the headers."""

from typing import Protocol, TypeVar

from fastapi import Response
from pydantic import BaseModel

from shared.elements.domain.element import Element
from shared.kit.web.call import show_version

E_contra = TypeVar("E_contra", bound=Element, contravariant=True)


class Versioned(Protocol):
    """An answer with the version of what it shows."""

    version: int


V = TypeVar("V", bound=Versioned)


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


def created(answer: V, response: Response, path: str) -> V:
    """Answer with 201, the address of what was created and its version."""
    response.headers["Location"] = f"/v1{path}"
    return versioned(answer, response, 201)


def versioned(answer: V, response: Response, status: int = 200) -> V:
    """Answer with the version as ETag."""
    show_version(response, answer.version, status)
    return answer
