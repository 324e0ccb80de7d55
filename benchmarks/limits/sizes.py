"""What was counted of one conversion of the services (`python -m benchmarks count`); sizes in bytes."""

EVENTS = {
    "conversion_requested": 1072,
    "company_created": 714,
    "contact_created": 1085,
    "client_resolved": 595,
    "deal_requested": 843,
    "deal_created": 1343,
    "contacts_resolved": 345,
    "contacts_attached": 497,
    "converted": 948,
    "stage_changed": 261,
    "client_changed": 600,
    "ten_contacts_resolved": 1200,
    "ten_contacts_attached": 3500,
}
HEADERS = 330
ENTRIES = {
    "conversion_requested": 1,
    "company_created": 2,
    "contact_created": 3,
    "client_resolved": 1,
    "deal_requested": 1,
    "deal_created": 4,
    "contacts_resolved": 1,
    "contacts_attached": 2,
    "converted": 4,
    "stage_changed": 1,
}
ENTRY = 600
LEAD = 1500
LEAD_CHANGE = 2500
CLAIM = 100
RESOLUTION = 500
COMPANY = 800
CONTACT = 1400
ELEMENT = 300
ELEMENT_CHANGE = 150
DEAL = 1400
DEAL_CHANGE = 500
