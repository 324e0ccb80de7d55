"""What the routes of one type of elements have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastapi import APIRouter, Response
from pydantic import BaseModel

from shared.elements.domain.sales_element import SalesElement
from shared.elements.http.answers import ShowsElement, versioned
from shared.elements.http.expansion import Expansions
from shared.elements.http.rights import rights_of
from shared.elements.schemas.expansion import with_expansion
from shared.elements.usecases.client_names import name_clients
from shared.elements.usecases.collaborators import KnownNames
from shared.kit.storage.repository import Records
from shared.kit.web.call import Call

E = TypeVar("E", bound=SalesElement)


@dataclass(frozen=True, slots=True)
class ElementRoutes(Generic[E]):
    """What every route of one type needs; `id` is the parameter of its path."""

    api: APIRouter
    path: str
    id: Any
    elements: Records[E]
    out: type[ShowsElement[E]]
    can_read: Any
    can_write: Any
    client_names: KnownNames
    expansions: Expansions

    async def shown(self, element: E, response: Response, call: Call, expand: Sequence[str] = ()) -> BaseModel:
        (named,) = await name_clients([element], client_names=self.client_names, rights=rights_of(call))
        (expanded,) = await self.expansions.of(call, expand, [element])
        return versioned(with_expansion(self.out.of(named), expanded), named, response, expanded=expanded)
