"""Describe fields and parameters by their names, where their own declaration says nothing.

A name means the same wherever it is, so it is described once; `Schema.name` is the exception of one schema.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.kit.web.openapi.bodies import correcting_lists

_REPLACES: Final = "; where it is sent it replaces the whole list, `[]` empties it"

KIT_FIELDS: Final[Mapping[str, str]] = {
    "Content.text": "the bytes, in this encoding",
    "Discarding.reason": "why the record is not to be handled; kept with it",
    "Header.name": "name of the header; names may repeat",
    "Header.value": "its bytes",
    "Heard.key": "key of the record",
    "Heard.value": "value of the record",
    "Problem.code": "stable name of the error, for programs; `type` leads to its page",
    "Problem.detail": "what is wrong with this request, and what to do, in a sentence",
    "Problem.errors": "every wrong field of the request",
    "Problem.status": "status of the answer",
    "Problem.title": "the error in a few words; the same for every error of this code",
    "Problem.type": "address of a page about this code, on the same host",
    "WrongField.code": "what is wrong with the field, for programs",
    "WrongField.field": "path of the field, such as `phones.1.value`; or the name of a parameter or a header",
    "WrongField.message": "what is wrong with the field, in a sentence",
    "ErrorCode.code": "as in `code` of a problem",
    "action": "what was done",
    "attempts": "how often the service has tried to handle the record",
    "by": "who did it",
    "collection": "collection of the database that holds the document",
    "correlation_id": "id of the request that began it all, as in `X-Correlation-Id`",
    "cursor": "`next_cursor` of the previous page",
    "dead_letter_id": "id of the dead letter",
    "document_id": "id of the document",
    "encoding": "how the bytes are written here",
    "event_id": "id of the event (`ce_id`)",
    "headers": "headers of the record, in order",
    "history": "what was done about it, oldest first",
    "items": "this page of the list",
    "key": "key of the record: the element that it is about",
    "limit": "records in a page",
    "next_cursor": "`cursor` of the next page; null on the last",
    "offset": "place in the partition",
    "original": "where the record is in its own topic",
    "outcome": "how a replay ended; null while it runs",
    "parked_at": "when the service gave up",
    "partition": "partition of the topic",
    "record": "the record itself; null where the log no longer has it",
}
"""What the kit itself sends and takes."""


@dataclass(frozen=True)
class ApiTexts:
    """Texts about the API of a service.

    Attributes:
        fields: by the name of a field or a parameter, or by `Schema.field`.
        tags: by the name of a group of operations.
        examples: of request bodies, by the name of their schema.
        extensions: members of problems besides the usual ones, as fields of a model.
        elsewhere: by the name of a parameter that callers try at lists which do not take it, what does its work.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    examples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)


NO_TEXTS: Final = ApiTexts()

KIT_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "Discarding": {"reason": "sent twice by the old system"},
}

KIT_TAGS: Final[Mapping[str, str]] = {
    "dead letters": "Records that the service could not handle: look at them, replay or discard them.",
    "entrance": "What the service has, and what its errors mean. No token is needed.",
    "operations": "For operators: health, metrics, and documents whose events Kafka rejects.",
}


def describe_fields(document: Mapping[str, Any], texts: Mapping[str, str]) -> None:
    """Describe every property and parameter, by its name where it has no description of its own.

    Of a list that a request may correct, its meaning in one schema has to say what becomes of the list that is there.
    """
    known, replaced = {**KIT_FIELDS, **texts}, correcting_lists(document)
    for owner, name, described in _properties(document):
        own = known.get(f"{owner}.{name}")
        if text := described.get("description") or own or known.get(name):
            described["description"] = f"{text}{_REPLACES}" if (owner, name) in replaced and not own else text


def add_examples(document: Mapping[str, Any], examples: Mapping[str, Mapping[str, Any]]) -> None:
    """Add to each schema of a request body an example that works as it stands."""
    known = {**KIT_EXAMPLES, **examples}
    for name, schema in document["components"]["schemas"].items():
        if name in known:
            schema["examples"] = [known[name]]


def describe_tags(document: dict[str, Any], texts: Mapping[str, str]) -> None:
    """Describe the groups of operations, in the order of their first operations."""
    known = {**KIT_TAGS, **texts}
    used = [
        tag for operations in document["paths"].values() for each in operations.values() for tag in each.get("tags", ())
    ]
    document["tags"] = [{"name": tag, "description": known.get(tag, "")} for tag in dict.fromkeys(used)]


def _properties(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for owner, schema in document["components"]["schemas"].items():
        for name, described in schema.get("properties", {}).items():
            yield owner, name, described
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                yield operation["operationId"], parameter["name"], parameter
