"""Request bodies that work as they stand, by the name of their schema; ids in them are invented."""

from collections.abc import Mapping
from typing import Any, Final

_CARLA: Final = "0199f2a4-7c1e-7a52-9f0b-3d1f6c2e8a10"
_OTHER: Final = "0199f2a4-7c1e-7a52-9f0b-3d1f6c2e8a11"
_PHONE: Final[Mapping[str, Any]] = {"kind": "WORK", "value": "030 901820"}
_EMAIL: Final[Mapping[str, Any]] = {"kind": "WORK", "value": "carla.berg@example.com"}
_WEBSITE: Final[Mapping[str, Any]] = {"kind": "WORK", "value": "https://acme.example"}
_LIST_PRICE: Final[Mapping[str, Any]] = {"price": {"value": "450.00", "currency": "EUR"}}
_ADDRESS: Final[Mapping[str, Any]] = {
    "type": "legal",
    "address_1": "Hauptstr. 1",
    "city": "Berlin",
    "country_code": "DE",
}
_RIGHT: Final[Mapping[str, Any]] = {"element": "deal", "levels": {"read": "opened", "update": "own"}}
_PERSON: Final[Mapping[str, Any]] = {
    "first_name": "Carla",
    "last_name": "Berg",
    "phones": [_PHONE],
    "emails": [_EMAIL],
}
_FIRM: Final[Mapping[str, Any]] = {
    "title": "ACME GmbH",
    "websites": [_WEBSITE],
}
_MONTHLY: Final[Mapping[str, Any]] = {"number": 1, "unit": "month"}
_ROW: Final[Mapping[str, Any]] = {"name": "Pump", "quantity": "2", "price": "450.00"}
_DEAL: Final[Mapping[str, Any]] = {"title": "Pumps for ACME", "currency": "EUR", "rows": [_ROW]}
_LEAD: Final[Mapping[str, Any]] = {"title": "Pumps for Berlin", "company_title": "ACME GmbH", **_PERSON}
_PUMP: Final[Mapping[str, Any]] = {
    "name": "Pump",
    "prices": [_LIST_PRICE],
    "sort": 100,
}
_ASSIGN: Final[Mapping[str, Any]] = {
    "filter": {"responsible_id": "anna"},
    "action": {"type": "assign", "responsible_id": "bob"},
    "dry_run": True,
}
_DETAILS: Final[Mapping[str, Any]] = {
    "name": "Head office",
    "country_code": "DE",
    "addresses": [_ADDRESS],
}

EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "AddressIn": _ADDRESS,
    "BankDetailIn": {"name": "Main account", "country_code": "DE", "fields": {"RQ_IBAN": "DE89370400440532013000"}},
    "BindingIn": {"element": f"contact:{_CARLA}"},
    "CardIn": {"first_name": "Carla", "last_name": "Berg", "phones": ["030 901820"]},
    "ClientIn": {"company_id": _CARLA},
    "CompaniesIn": {"items": [_FIRM, {"title": "Muster AG"}]},
    "CompanyFieldsIn": {"comments": "Pays on time."},
    "CompanyIn": _FIRM,
    "CompanyItemIn": {**_FIRM, "originator_id": "old-crm", "origin_id": "C-17", "origin_version": "17"},
    "CompanyUpsertIn": {**_FIRM, "origin_version": "17"},
    "ContactFieldsIn": {"position": "Head of purchasing"},
    "ContactIn": _PERSON,
    "ContactItemIn": {**_PERSON, "originator_id": "old-crm", "origin_id": "P-17", "origin_version": "17"},
    "ContactLinkIn": {"contact_id": _CARLA, "is_primary": True},
    "ContactsIn": {"items": [_PERSON, {"last_name": "Amsel"}]},
    "ContactUpsertIn": {**_PERSON, "origin_version": "17"},
    "ConversionIn": {"targets": ["contact", "deal"], "on_duplicate": "link"},
    "ConversionsIn": {"lead_ids": [_CARLA, _OTHER], "targets": ["contact", "deal"]},
    "DealIn": _DEAL,
    "CompanyBulkIn": _ASSIGN,
    "ContactBulkIn": _ASSIGN,
    "DealBulkIn": _ASSIGN,
    "LeadBulkIn": _ASSIGN,
    "DealItemIn": {**_DEAL, "originator_id": "old-crm", "origin_id": "D-17"},
    "DealsIn": {"items": [_DEAL, {"title": "Pipes for ACME"}]},
    "DealPatch": {"comments": "Wants an offer by Friday."},
    "DealQueryIn": {
        "filter": {"stage_id": {"in": ["NEW", "EXECUTING"]}, "amount": {">=": "5000"}},
        "order": [["created_at", "desc"]],
        "select": ["id", "title", "amount"],
    },
    "CompanyQueryIn": {"filter": {"is_my_company": False}, "order": [["title", "asc"]], "select": ["id", "title"]},
    "ContactQueryIn": {
        "filter": {"or": [{"phone": "+4930901820"}, {"email": {"like": "%@acme.example"}}]},
        "order": [["last_name", "asc"]],
    },
    "DealUpsert": _DEAL,
    "DepartmentFieldsIn": {"member_ids": ["anna", "ben"]},
    "DepartmentIn": {"name": "Sales", "member_ids": ["anna"]},
    "DuplicatesIn": {"kind": "phone", "values": ["030 901820"]},
    "EmailIn": _EMAIL,
    "FileIn": {"url": "https://files.example/carla.png", "name": "carla.png"},
    "LeadIn": _LEAD,
    "LeadItemIn": {**_LEAD, "originator_id": "old-crm", "origin_id": "L-17"},
    "LeadQueryIn": {
        "filter": {"or": [{"phone": "+4930901820"}, {"title": {"like": "%pumps%"}}], "stage_id": {"!=": "CONVERTED"}},
        "select": ["id", "title", "phones"],
    },
    "LeadsIn": {
        "items": [{**_LEAD, "originator_id": "old-crm", "origin_id": "L-17"}, {"title": "Pipes for Bonn"}],
        "on_existing": "correct",
    },
    "LeadPatch": {"comments": "Call back on Monday."},
    "FormIn": {
        "name": "Contact us",
        "responsible_id": "anna",
        "fields": {"your-name": "last_name", "tel": "phones", "mail": "emails", "message": "comments"},
        "origins": ["https://www.acme.example"],
        "honeypot": "website2",
    },
    "LeadSettingsIn": {"repeat_leads_enabled": True},
    "LeadUpsert": _LEAD,
    "LinkIn": {"is_primary": True},
    "LinkToIn": {"type": "lead", "id": _CARLA},
    "ListPriceIn": _LIST_PRICE,
    "MergeIn": {"others": [_OTHER], "resolution": {}},
    "MessengerIn": {"kind": "SKYPE", "value": "carla.berg"},
    "ModeIn": {"mode": "simple", "conversion": {"client": "both"}},
    "MoneyIn": {"value": "12.50", "currency": "EUR"},
    "NewRequisiteIn": _DETAILS,
    "PhoneIn": _PHONE,
    "ProductQueryIn": {"filter": {"catalog_id": "default", "active": True}, "order": [["name", "asc"]]},
    "ProductFieldsIn": {"vat_rate": "19"},
    "ProductIn": _PUMP,
    "ProductsIn": {"items": [_PUMP, {"name": "Pipe", "external_id": "P-4"}], "on_existing": "correct"},
    "OffsetIn": {"number": 7, "unit": "day"},
    "PeriodIn": _MONTHLY,
    "PipelineIn": {"name": "Partners"},
    "PipelineFieldsIn": {"name": "Resale", "sort": 100},
    "NewStageIn": {"id": "TALKS", "name": "Talks", "color": "#39A8EF"},
    "StageFieldsIn": {"name": "In talks", "color": "#2FC6F6"},
    "DealRankIn": {"before": _OTHER},
    "DealStageIn": {"pipeline_id": "default", "stage_id": "PREPARATION"},
    "RecurringDealIn": {"based_on_id": _CARLA, "start_date": "2027-01-31", "every": _MONTHLY},
    "SchedulePatch": {"active": False},
    "RequisiteIn": _DETAILS,
    "RequisitesIn": {"requisite_id": _CARLA, "mc_requisite_id": _OTHER},
    "RightIn": _RIGHT,
    "RoleFieldsIn": {"user_ids": ["anna", "ben"]},
    "RoleIn": {"name": "Sales", "rights": [_RIGHT]},
    "RowIn": _ROW,
    "RowsIn": {"rows": [_ROW]},
    "StageIn": {"stage_id": "PREPARATION"},
    "TouchIn": {"at": "2026-03-31T09:30:00Z", "url": "https://acme.example/pumps"},
    "UtmIn": {"source": "newsletter"},
    "ValueFieldsIn": {"name": "Trade fair"},
    "ValueIn": {"code": "TRADE_FAIR", "name": "Trade fair"},
    "WebsiteIn": _WEBSITE,
}
