"""Collections of contacts and companies, their indexes, and how they are listed."""

from collections.abc import Sequence
from typing import Final

from services.clients.records.store.search import KEY_INDEX
from shared.elements.store.index_table import NOT_DELETED, IndexGroup, IndexTable
from shared.elements.store.listing import BY_TITLE, WHOLE_GROUPS
from shared.kit.storage.indexes import AS_PEOPLE_SORT, Index
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
    Index([("access", 1), *NEWEST], name="by_access", replaces="by_responsible"),
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
    Index([("last_name", 1), ("first_name", 1), ("_id", 1)], name="by_name", collation=AS_PEOPLE_SORT),
)
COMPANY_INDEXES = (
    *COMMON_INDEXES,
    Index([("title", 1), ("_id", 1)], name="by_title", collation=AS_PEOPLE_SORT, replaces="by_ownership"),
    Index([("requisites.id", 1)], partial={"is_my_company": True}, name="our_requisites"),
    Index([("is_default_my_company", 1)], unique=True, partial={"is_default_my_company": True}, name="default_seller"),
)
_FEW_GROUPS: Final[Sequence[IndexGroup]] = (
    IndexGroup("_id_", ("id",), order=None),
    IndexGroup("by_phone", ("phone",)),
    IndexGroup("by_email", ("email",)),
    IndexGroup("by_origin_id", ("origin_id",), is_partial=True),
)
_MANY_GROUPS: Final[Sequence[IndexGroup]] = (
    IndexGroup("by_access", ("access",)),
    IndexGroup("by_originator", ("originator_id",), is_partial=True),
)
_BY_NAME: Final = frozenset({"last_name"})
CONTACT_TABLE: Final = IndexTable(
    (
        *_FEW_GROUPS,
        IndexGroup("by_company", ("company_id",)),
        *_MANY_GROUPS,
        *WHOLE_GROUPS,
        IndexGroup("by_name", order="last_name"),
    ),
    always=(NOT_DELETED,),
    then={"last_name": ("first_name",)},
    collated=_BY_NAME,
    nullable=_BY_NAME,
)
"""How filtered lists of contacts are found."""
COMPANY_TABLE: Final = IndexTable(
    (
        *_FEW_GROUPS,
        IndexGroup("our_requisites", ("is_my_company",), order=None, is_partial=True),
        *_MANY_GROUPS,
        *WHOLE_GROUPS,
        IndexGroup("by_title", order="title"),
    ),
    always=(NOT_DELETED,),
    collated=BY_TITLE,
)
"""How filtered lists of companies are found."""
