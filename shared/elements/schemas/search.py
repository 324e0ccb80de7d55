"""What a user types to search by."""

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from shared.elements.domain.contact_points import folded
from shared.elements.domain.plain_words import has_whole_words, words_of
from shared.elements.domain.search import MAX_QUERY, MIN_QUERY


def long_enough(text: str) -> str:
    """Check that something can be searched by: two characters, or one that is a word of its own (CLI-04)."""
    searched = max(folded(text), "".join(words_of(text)), key=len)
    if len(searched) < MIN_QUERY and not has_whole_words(text):
        raise PydanticCustomError("string_too_short", "at least two characters, spaces around them apart")
    return text


SearchText: TypeAlias = Annotated[
    str,
    Field(
        max_length=MAX_QUERY,
        description="at least two characters, or one that is a word of its own",
        json_schema_extra={"format": "search-text"},
    ),
    AfterValidator(long_enough),
]
"""A search as it was typed."""
