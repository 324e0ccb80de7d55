"""Makes the sample files: invented companies, people, products and leads, with the columns and quirks of real files.

The surprise: `oracles.json` is summed up here from the very rows that are written, without any code of the import, so
that it can testify against the import. The same seed makes the same files, byte by byte; run it with `python -m`.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

HERE: Final = Path(__file__).parent
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


def companies(random: Random) -> list[dict[str, Any]]:
    """Companies; some belong to one that stands before them."""
    return [
        {
            "account": name,
            "sector": random.choice(SECTORS),
            "year_established": random.randint(1978, 2019),
            "revenue": f"{random.uniform(4, 9000):.2f}".rstrip("0").rstrip("."),
            "employees": random.randint(9, 30000),
            "office_location": random.choice(PLACES),
            "subsidiary_of": random.choice(COMPANIES[:place]) if place and random.random() < DEPENDENT else "",
        }
        for place, name in enumerate(COMPANIES)
    ]


def leads(random: Random) -> list[dict[str, Any]]:
    """Leads in all stages, mixed."""
    stages = [stage for stage, count in STAGES.items() for _ in range(count)]
    random.shuffle(stages)
    return [_lead(random, stage, place) for place, stage in enumerate(stages)]


def _lead(random: Random, stage: str, place: int) -> dict[str, Any]:
    # Each product is won at least once, whatever the dice say.
    names = list(PRODUCTS)
    product = names[place % len(names)] if place < SURE else random.choices(names, (5, 4, 4, 5, 4, 1))[0]
    engaged = date(2025, 10, 1) + timedelta(days=random.randint(0, 300))
    closed = engaged + timedelta(days=random.randint(2, 130))
    price = PRODUCTS[product][1]
    value = {"Won": round(price * random.uniform(0.75, 1.25)), "Lost": 0}.get(stage, "")
    anonymous = stage in OPEN and random.random() < ANONYMOUS
    return {
        "opportunity_id": "".join(random.choices("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", k=8)),
        "sales_agent": random.choice(AGENTS),
        "product": MISSPELT.get(product, product),
        "account": "" if anonymous else random.choice(COMPANIES),
        "deal_stage": stage,
        "engage_date": "" if stage == "Prospecting" else engaged.isoformat(),
        "close_date": "" if stage in OPEN else closed.isoformat(),
        "close_value": value,
    }


def contacts(random: Random) -> list[dict[str, Any]]:
    """People; some work for nobody, some are reached in two ways, some only on Telegram."""
    return [_contact(random, place) for place in range(PEOPLE)]


def _contact(random: Random, place: int) -> dict[str, Any]:
    first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
    born = date(1960, 1, 1) + timedelta(days=random.randint(0, 15_000))
    return {
        "person": f"P-{place + 1:03d}",
        "given_name": first,
        "family_name": last,
        "job": random.choice(JOBS),
        "account": random.choice(COMPANIES) if random.random() < EMPLOYED else "",
        # Numbers that the plans of Germany keep for the stage.
        "office": f"030 23125{place:03d}" if place % 3 else "",
        "mobile": f"0171 39200{place:02d}" if place % 2 else "",
        "mail": f"{first}.{last}.{place}@example.com".lower() if place % 4 else "",
        "telegram": f"@{first}{place}".lower() if place % 4 == 0 else "",
        "birthday": born.isoformat() if place % 5 else "",
        "exportable": random.choice(("yes", "no")),
        "revision": random.randint(1, 9),
    }


def oracles(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures that these leads must lead to."""
    right = {wrong: name for name, wrong in MISSPELT.items()}
    return {
        "rows": {"accounts": len(COMPANIES), "products": len(PRODUCTS), "pipeline": len(rows)},
        "stages": dict(Counter(row["deal_stage"] for row in rows)),
        "won_value": _won(rows),
        "per_product": _per(rows, lambda row: right.get(row["product"], row["product"])),
        "per_account": _per(rows, lambda row: row["account"]),
        "per_agent": _per(rows, lambda row: row["sales_agent"]),
    }


def _won(rows: Iterable[Mapping[str, Any]]) -> int:
    return sum(row["close_value"] for row in rows if row["deal_stage"] == "Won")


def _per(rows: Sequence[Mapping[str, Any]], key: Any) -> dict[str, Any]:
    figures = {}
    for name in sorted({key(row) for row in rows}):
        mine = [row for row in rows if key(row) == name]
        counts = {stage: sum(row["deal_stage"] == stage for row in mine) for stage in STAGES}
        figures[name] = {**counts, "won_value": _won(mine)}
    return figures


def make(folder: Path) -> None:
    """Write the four tables and the oracles."""
    random = Random(20261)  # noqa: S311 - the same dice every time are the point
    made = companies(random)
    rows = leads(random)
    people = contacts(random)
    listed = [{"product": name, "series": series, "sales_price": price} for name, (series, price) in PRODUCTS.items()]
    _write(folder / "companies.csv", COMPANY_COLUMNS, made)
    _write(folder / "contacts.csv", CONTACT_COLUMNS, people)
    _write(folder / "products.csv", ("product", "series", "sales_price"), listed)
    _write(folder / "leads.csv", LEAD_COLUMNS, rows)
    (folder / "oracles.json").write_text(json.dumps(oracles(rows), indent=1) + "\n", encoding="utf-8")


def _write(file: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    make(HERE)
