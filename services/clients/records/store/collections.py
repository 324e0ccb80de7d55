"""Collections of contacts and companies, and their indexes."""

from services.clients.records.store.search import KEY_INDEX
from shared.kit.storage.indexes import Index
from shared.kit.storage.pages import NEWEST

CONTACTS = "contacts"
COMPANIES = "companies"
IS_GIVEN = {"$gt": ""}
"""Any text. Not `$type`: MongoDB does not see that a query for one text is covered by that."""
COMMON_INDEXES = (
    Index([("number", 1)], unique=True, name="number"),
    Index(NEWEST, name="newest"),
    Index([("phones.normalized", 1), *NEWEST], name="by_phone"),
    Index([("emails.normalized", 1), *NEWEST], name="by_email"),
    Index([("responsible_id", 1), *NEWEST], name="by_responsible"),
    Index([("originator_id", 1), *NEWEST], partial={"originator_id": IS_GIVEN}, name="by_originator"),
    Index([("origin_id", 1), *NEWEST], partial={"origin_id": IS_GIVEN}, name="by_origin_id"),
    Index(
        [("originator_id", 1), ("origin_id", 1)],
        unique=True,
        partial={"originator_id": IS_GIVEN, "origin_id": IS_GIVEN},
        name="origin",
    ),
    KEY_INDEX,
)
CONTACT_INDEXES = (
    *COMMON_INDEXES,
    Index([("companies.company_id", 1), *NEWEST], name="by_company"),
    Index([("companies.company_id", 1), ("_id", 1)], name="by_company_and_id"),
)
COMPANY_INDEXES = (
    *COMMON_INDEXES,
    Index([("is_my_company", 1), *NEWEST], name="by_ownership"),
    Index([("requisites.id", 1)], partial={"is_my_company": True}, name="our_requisites"),
    Index([("is_default_my_company", 1)], unique=True, partial={"is_default_my_company": True}, name="default_seller"),
)
