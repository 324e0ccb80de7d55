"""What was counted of one conversion of the services (`python -m benchmarks count`); sizes in bytes.

Of the short chain, some sizes follow from those counted of the long one: `client_resolved` carries the draft of the
request through, and `deal_created` has the contacts of its company that `contacts_attached` brought before.
"""

EVENTS = {
    "conversion_requested": 1072,
    "company_created": 714,
    "contact_created": 1085,
    "client_resolved": 1667,
    "deal_created": 1500,
    "converted": 948,
    "stage_changed": 261,
    "client_changed": 600,
    "ten_contacts_resolved": 1200,
    "ten_contacts_attached": 3500,
}
CONVERSION = (
    *("conversion_requested", "company_created", "contact_created", "client_resolved"),
    *("deal_created", "converted", "stage_changed"),
)
"""The events of one conversion."""
HEADERS = 330
ENTRY = 900
"""The timeline document of one event, with all elements that it names."""
LEAD = 1500
LEAD_CHANGE = 2500
CLAIM = 100
RESOLUTION = 500
COMPANY = 800
CONTACT = 1400
ELEMENT = 300
ELEMENT_CHANGE = 150
DEAL = 1600
DEAL_CHANGE = 500
