"""Strict types of numbers, dates and times in request bodies.

Conversions that lose information are refused: decimals are strings or integers, because a float has lost digits
already; `true` is not 1, and neither 0 nor "0" is a date in 1970.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


@dataclass(frozen=True)
class StrictDecimal:
    """A decimal that is not negative, with at most so many digits before and after the point.

    Attributes:
        positive: whether 0 is refused.
        most: the largest value, where that is less than the digits allow; whole.
    """

    whole: int
    places: int
    positive: bool = False
    most: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """See pydantic."""
        return core_schema.no_info_plain_validator_function(
            self._decimal, serialization=core_schema.to_string_ser_schema()
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """See pydantic."""
        bounds = {"minimum": int(self.positive), "maximum": self._most}
        return {"anyOf": [{"type": "string", "pattern": f"^{self._pattern}$"}, {"type": "integer", **bounds}]}

    @property
    def _most(self) -> int:
        return 10**self.whole - 1 if self.most is None else self.most

    @property
    def _pattern(self) -> str:
        fraction = rf"(\.[0-9]{{1,{self.places}}})?"
        digits = rf"[0-9]{{1,{self.whole}}}{fraction}"
        if self.most is not None:
            digits = rf"([0-9]{{1,{len(str(self.most)) - 1}}}{fraction}|{self.most})"
        return f"(?![0.]*$){digits}" if self.positive else digits

    def _decimal(self, value: Any) -> Decimal:
        if isinstance(value, Decimal):
            return value
        if isinstance(value, str) and re.fullmatch(self._pattern, value):
            return Decimal(value)
        if isinstance(value, int) and not isinstance(value, bool) and int(self.positive) <= value <= self._most:
            return Decimal(value)
        raise PydanticCustomError(
            "decimal",
            'A decimal text such as "12.50" is needed, {least} to {most}, with at most {places} places',
            {"least": "more than 0" if self.positive else "0", "most": self._most, "places": self.places},
        )


def _whole(value: Any) -> Any:
    # In JSON 1.0 is a whole number.
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


_DATE: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME: Final = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})"


def _date(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(_DATE, value):
        return value
    raise PydanticCustomError("date_type", 'A date in ISO 8601 is needed, such as "2026-03-31"')


def _datetime(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(f"{_DATE}T{_TIME}", value):
        return value
    raise PydanticCustomError("datetime_type", 'A time in ISO 8601 is needed, such as "2026-03-31T09:30:00Z"')


WHOLE: Final = BeforeValidator(_whole)
"""Comes after the bounds of a number, or they would be no part of its type."""

StrictInt = Annotated[int, WHOLE]
StrictDate = Annotated[date, BeforeValidator(_date)]
StrictDatetime = Annotated[
    AwareDatetime,
    # Before the check of the text, or the bounds would be no part of the type.
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC)),
    BeforeValidator(_datetime),
]
