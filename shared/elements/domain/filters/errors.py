"""What may be wrong with a query of a list."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from shared.kit.domain import Invalid, Wrong, sentence_of, wrong_field


class InvalidQuery(Invalid):
    """Filter, order or columns of a list are not valid; `errors` names each place, such as `filter.and.0.amount`."""

    code = "invalid_query"
    also: ClassVar[Mapping[str, str]] = {
        "filter_too_large": "A filter has too many conditions, too many values in a list, or is nested too deeply.",
        "not_of_past": "A board of the past has counts alone, and does not take this.",
        "not_orderable": "The list cannot be ordered by this field.",
        "unknown_field": "There is no such field.",
        "unknown_operator": "The field has no such operator.",
        "wrong_filter": "This part of a filter is neither a condition nor a group of them.",
        "wrong_operand": "The value is none that the field can be compared with.",
    }

    @classmethod
    def of(cls, wrong: Sequence[Wrong]) -> Self:
        """Make the error that names all of these places."""
        return cls(sentence_of(wrong), {"errors": list(wrong)})


class FilterTooWide(Invalid):
    """Worked out, the filter has more alternatives than a list is searched for at once."""

    code = "filter_too_wide"
    advice = (
        "Use fewer `or`; several values of one field are one alternative as `in`, and `or` inside of `or` adds up, "
        "but `or` beside `or` multiplies."
    )


class CursorOfAnotherList(Invalid):
    """The cursor belongs to a list with another filter or order, or of another caller."""

    code = "cursor_of_another_list"
    advice = "Send the filter and order of the first page with the cursor, or leave it out to begin again."

    @classmethod
    def here(cls) -> Self:
        """Make the error."""
        return cls.at("the cursor is of a list with another filter or order, or of another caller", "cursor")


def too_wide(most: int) -> FilterTooWide:
    """Make the error of a filter with more alternatives than that."""
    message = f"worked out, the filter has more than {most} alternatives"
    return FilterTooWide(message, {"errors": [wrong_field("filter", FilterTooWide.code, message)]})
