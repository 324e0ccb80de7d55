"""Query parameters that name some of those that there are, comma-separated."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from shared.kit.web.sentences import meant_or_all

_SHOWN = 60
"""Characters of a name that an answer repeats."""


@dataclass(frozen=True)
class SomeOf:
    """Metadata of such a text: the first name that there is not is refused, with the ones that there are."""

    what: str
    known: Collection[str]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the names after the text itself."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe the text by a pattern."""
        one = "|".join(self.known)
        return {**handler(schema), "pattern": f"^(({one})(,({one}))*)?$"}

    def _checked(self, text: str) -> str:
        unknown = next((name[:_SHOWN] for name in names_in(text) if name not in self.known), None)
        if unknown is not None:
            message = f"there is no {self.what} {unknown}{meant_or_all(unknown, self.known)}"
            raise PydanticCustomError(f"unknown_{self.what}", "{message}", {"message": message})
        return text


def names_in(text: str) -> Sequence[str]:
    """Return the names in such a text, each once."""
    return tuple(dict.fromkeys(text.split(","))) if text else ()
