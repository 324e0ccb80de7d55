"""Values of fields that neither an example nor a type describes well enough.

A new event needs an entry only where its fields make sense together alone; give single fields `Field(examples=...)`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from crm_contracts.clients import ClientMergeRequested
from crm_contracts.deal_answers import LeadDealRefused
from crm_contracts.deals import DealStageChanged
from crm_contracts.departments import DepartmentDeleted, DepartmentUpdated
from crm_contracts.dictionaries import DictionaryValueDeleted, DictionaryValueUpdated
from crm_contracts.envelope import Event
from crm_contracts.events import CompanyUnlinked, Merged, Replaced, RequisitesChosen
from crm_contracts.pipelines import PipelineCreated, PipelineDeleted, PipelineUpdated
from crm_contracts.roles import RoleDeleted, RoleUpdated
from crm_contracts.settings import ModeChanged

from generation.references import id_of, other_reference, reference

NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

WORDS: Final[Mapping[str, Any]] = {
    "amount": {"value": "495.00", "currency": "EUR"},
    "attempt": 1,
    "auto_linked_from": id_of("company"),
    "client_targets": ["contact", "company"],
    "converted_by": "user:anna",
    "created_by": "user:anna",
    "detached": [],
    "duplicates": [],
    "emails": [{"value": "Ada@ACME.example", "normalized": "ada@acme.example"}],
    "existing": [],
    "is_primary": True,
    "is_repeat": True,
    "link_no": 1,
    "link_state": "done",
    "message": "Somebody with the same phone number is already known.",
    "messengers": [],
    "prices": [{"price": {"value": "550.00", "currency": "EUR"}}],
    "requisite_link": {},
    "targets": ["contact", "company", "deal"],
    "websites": [],
}
"""Values by field name, where the field has no example or several elements have the field."""

EARLIER: Final[Mapping[str, Any]] = {
    "last_name": "Byron",
    "title": "ACME",
    "industry": "RETAIL",
    "name": "GTX",
    "prices": [{"price": {"value": "500.00", "currency": "EUR"}}],
    "responsible_id": "ben",
}
"""Values before an update, by field name."""

_ROLE: Final = {
    "id": "sales",
    "name": "Sales",
    "rights": [{"element": "deal", "levels": {"read": "opened", "update": "own"}}],
    "user_ids": ["anna", "ben"],
}
_ROLE_REF: Final = {"type": "role", "id": "sales", "title": "Sales"}  # not in references: role_id is a number elsewhere
_DEPARTMENT: Final = {"id": "sales", "name": "Sales", "parent_id": "trade", "member_ids": ["anna", "ben"]}

_PIPELINE_REF: Final = {
    "type": "pipeline",
    "id": "partners",
    "title": "Partners",
}  # as the role: pipeline_id is another
_PIPELINE: Final = {
    "id": "partners",
    "name": "Partners",
    "stages": [
        {"id": "Cpartners:NEW", "name": "New", "semantic": "P", "sort": 10, "color": "#39A8EF", "system": True},
        {"id": "Cpartners:WON", "name": "Won", "semantic": "S", "sort": 60, "color": "#7BD500", "system": True},
        {"id": "Cpartners:LOSE", "name": "Lost", "semantic": "F", "sort": 70, "color": "#FF5752", "system": True},
    ],
}

TOGETHER: Final[Mapping[type[Event], Callable[[str], Mapping[str, Any]]]] = {
    Merged: lambda noun: {"survivor": reference(noun), "removed": [other_reference(noun)]},
    Replaced: lambda noun: {"survivor": other_reference(noun)},
    RequisitesChosen: lambda _: {
        "before": {},
        "after": {"requisite_id": id_of("requisite"), "choice_no": 1, "state": "pending"},
        "clients": [reference("company")],
    },
    CompanyUnlinked: lambda _: {"client": {"link_state": "refused", "refusal": "company_not_found", "link_no": 1}},
    ClientMergeRequested: lambda _: {
        "others": [other_reference("contact")],
        "merge_id": "0199f2a4-0000-7000-8000-00000000fe26",
    },
    DealStageChanged: lambda _: {"to_semantic": "S", "closed_at": NOON},
    DictionaryValueUpdated: lambda _: {
        "before": {"name": "Client"},
        "after": {"name": "Customer"},
        "value": {"code": "CLIENT", "name": "Customer", "default_name": "Client", "system": True},
    },
    DictionaryValueDeleted: lambda _: {"codes": ["SUPPLIER", "PARTNER", "OTHER"]},
    RoleUpdated: lambda _: {
        "before": {"user_ids": ["anna"]},
        "after": {"user_ids": ["anna", "ben"]},
        "state": _ROLE,
        "role": _ROLE_REF,
    },
    RoleDeleted: lambda _: {"before": _ROLE, "role": _ROLE_REF},
    DepartmentUpdated: lambda _: {
        "before": {"parent_id": None},
        "after": {"parent_id": "trade"},
        "state": _DEPARTMENT,
    },
    PipelineCreated: lambda _: {"pipeline": _PIPELINE},
    PipelineUpdated: lambda _: {
        "pipeline": _PIPELINE_REF,
        "before": {"name": "Dealers"},
        "after": {"name": "Partners"},
        "state": _PIPELINE,
    },
    PipelineDeleted: lambda _: {"pipeline": _PIPELINE_REF, "before": _PIPELINE},
    DepartmentDeleted: lambda _: {"before": _DEPARTMENT},
    ModeChanged: lambda _: {
        "settings": {"type": "settings", "id": "mode", "title": "CRM mode"},
        "before": {"mode": "classic"},
        "after": {"mode": "simple", "conversion": {"client": "both", "pipeline_id": "partners"}},
    },
    LeadDealRefused: lambda _: {"message": "There is no pipeline of that name."},
}
"""Fields that make sense together alone, by event or base class; called with the noun of the wire name."""
