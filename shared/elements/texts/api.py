"""Meanings of the groups of operations, and where parameters belong that lists do not take."""

from collections.abc import Mapping
from typing import Final

from shared.elements.texts.examples import EXAMPLES
from shared.elements.texts.extensions import EXTENSIONS
from shared.elements.texts.fields import FIELDS
from shared.kit.web.openapi.texts import ApiTexts

TAGS: Final[Mapping[str, str]] = {
    "bindings": "Show the entry of an event in the timelines of further elements.",
    "client field": "Link one company and several contacts to an element, and choose requisites.",
    "companies": "Organisations.",
    "contacts": "People.",
    "conversion": "Convert a lead into a contact, a company and a deal, and look how far that got.",
    "deals": "What is being sold to whom.",
    "departments": "Who works with whom.",
    "dictionaries": "Values to choose from, such as sources and VAT rates.",
    "duplicates": "Find records of the same person or company.",
    "elements": "Leads, deals and others that link a client.",
    "forms": "Ways in for sites and ad networks, which have no token.",
    "leads": "Enquiries, before it is known who asks and what for.",
    "pipelines": "The ways that deals go, each with its stages.",
    "products": "What can be sold, and for which price.",
    "rebuilds": "Build the timeline again from the events.",
    "recurring deals": "Templates that make deals by a schedule, or when they are asked to.",
    "reports": "Counts over records, for who looks at all of them.",
    "requisites": "Legal details, addresses and accounts of clients.",
    "rights": "What a user may do to a record, and why.",
    "roles": "Who may do what.",
    "runs": "Changes of many records, and how far they are.",
    "search": "Find clients, or anything, while somebody types.",
    "settings": "What administrators set for all records.",
    "stages": "The stages that leads and deals go through.",
    "timeline": "What happened to an element, newest first.",
    "trace": "Everything that one request caused.",
}

ELSEWHERE: Final[Mapping[str, str]] = {
    "fields": "POST .../query takes the wanted fields as `select`",
    "offset": "pages go on by `cursor`, with `next_cursor` of the page before",
    "order": "POST .../query takes an `order`",
    "page": "pages go on by `cursor`, with `next_cursor` of the page before",
    "q": "GET /v1/search of timeline searches everything, GET /v1/clients/search of clients as somebody types",
    "sort": "POST .../query takes an `order`",
}

TEXTS: Final = ApiTexts(FIELDS, TAGS, EXAMPLES, EXTENSIONS, ELSEWHERE)
"""What every service says about its API."""
