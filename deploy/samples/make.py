"""Make the sample files: invented companies, people, products and leads, with the columns and quirks of real files.

The expected figures in `oracles.json` are computed from the rows that are written, without any code of the import, so
that they can prove it wrong. The same seed makes the same files, byte by byte; run it with `python -m`.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from deploy.samples.vocabulary import (
    AGENTS,
    ANONYMOUS,
    COMPANIES,
    COMPANY_COLUMNS,
    CONTACT_COLUMNS,
    DEPENDENT,
    EMPLOYED,
    FIRST_NAMES,
    JOBS,
    LAST_NAMES,
    LEAD_COLUMNS,
    MISSPELT,
    OPEN,
    PEOPLE,
    PLACES,
    PRODUCTS,
    SECTORS,
    STAGES,
    SURE,
)

HERE: Final = Path(__file__).parent


def companies(random: Random) -> list[dict[str, Any]]:
    """Make companies; some belong to one earlier in the list."""
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
    """Make leads in all stages, mixed."""
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
    """Make people; some have no employer, some have two contact points, some only Telegram."""
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


def expected_figures(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Compute the figures that are expected of these leads."""
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
    """Write the four tables and the expected figures."""
    random = Random(20261)  # noqa: S311 - the same dice every time are the point
    made = companies(random)
    rows = leads(random)
    people = contacts(random)
    listed = [{"product": name, "series": series, "sales_price": price} for name, (series, price) in PRODUCTS.items()]
    _write(folder / "companies.csv", COMPANY_COLUMNS, made)
    _write(folder / "contacts.csv", CONTACT_COLUMNS, people)
    _write(folder / "products.csv", ("product", "series", "sales_price"), listed)
    _write(folder / "leads.csv", LEAD_COLUMNS, rows)
    (folder / "oracles.json").write_text(json.dumps(expected_figures(rows), indent=1) + "\n", encoding="utf-8")


def _write(file: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    make(HERE)
