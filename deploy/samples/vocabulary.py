"""The names, columns and shares of which the sample files are made."""

from typing import Final

STAGES: Final = {"Prospecting": 14, "Engaging": 36, "Lost": 56, "Won": 94}
PRODUCTS: Final = {
    "GTX Pro": ("GTX", 4800),
    "Harbour One": ("Harbour", 620),
    "Harbour Duo": ("Harbour", 1180),
    "Lumen S": ("Lumen", 75),
    "Lumen XL": ("Lumen", 3350),
    "Colossus 9": ("Colossus", 26500),
}
SECTORS: Final = ("technolgy", "medical", "retail", "software", "finance", "services", "marketing", "employment")
PLACES: Final = ("Germany", "Germany", "Germany", "Austria", "Kenya", "Philipines", "Brazil", "Japan")
COMPANIES: Final = (
    "Amberfield & Sons", "Blauwerk", "Cindertech", "Dovetail Labs", "Eastmark Holding", "fernhill", "Gannetwerke",
    "Hollow Oak Press", "Inkstone", "Juniper-Ost", "Kestrel Freight", "Lindenhof Medical", "Marrowgate", "Nordlicht",
    "Osprey Partners", "Pinebrook", "Quarzit", "Rookfield", "Saltmere", "Tidewater Optik", "Umbral Systems", "Vexholm",
)  # fmt: skip
AGENTS: Final = ("Ada Winter", "Bruno Keller", "Carla Voss", "Dmitri Hahn", "Esra Lang", "Felix Marten", "Greta Olsen")
LEAD_COLUMNS: Final = (
    "opportunity_id", "sales_agent", "product", "account", "deal_stage", "engage_date", "close_date", "close_value",
)  # fmt: skip
COMPANY_COLUMNS: Final = (
    "account", "sector", "year_established", "revenue", "employees", "office_location", "subsidiary_of",
)  # fmt: skip
FIRST_NAMES: Final = ("Ada", "Bruno", "Chiara", "Dilek", "Emil", "Frida", "Goran", "Hanna", "Ines", "Jonas")
LAST_NAMES: Final = ("Amsel", "Birke", "Czerny", "Dorn", "Eschbach", "Falke", "Ginster", "Hasel", "Iltis", "Jaspis")
JOBS: Final = ("Buyer", "Head of Purchasing", "Managing Director", "Engineer", "Assistant")
CONTACT_COLUMNS: Final = (
    "person", "given_name", "family_name", "job", "account", "office", "mobile", "mail", "telegram", "birthday",
    "exportable", "revision",
)  # fmt: skip
PEOPLE: Final = 40
DEPENDENT: Final = 0.2
EMPLOYED: Final = 0.8
ANONYMOUS: Final = 0.6
"""Of the open rows, as in the real pipeline."""

OPEN: Final = {"Prospecting", "Engaging"}
SURE: Final = 40
MISSPELT: Final = {"GTX Pro": "GTXPro"}
