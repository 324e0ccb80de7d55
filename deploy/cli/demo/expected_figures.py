"""Compare what a sales pipeline became in the CRM with the figures that are expected of it.

Both sides are flat tables of name and number, so that every difference is one line.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from time import monotonic
from typing import Any, Final

from rich.console import Console

from deploy.cli.client import Crm, address
from deploy.cli.imports.targets import product
from deploy.cli.pool import each
from deploy.cli.progress import bar

Figures = dict[str, Decimal]
STAGES: Final = {"Prospecting": "NEW", "Engaging": "IN_PROCESS", "Lost": "JUNK", "Won": "CONVERTED"}


def expected(content: Mapping[str, Any]) -> Figures:
    """Return the figures of an `oracles.json`, by the names that `measured` uses."""
    rows, counts = content["rows"], content["stages"]
    figures = {
        "companies": rows["accounts"],
        "products": rows["products"],
        "leads": rows["pipeline"],
        "deals won": counts["Won"],
        "won in all": content["won_value"],
    }
    figures |= {f"leads in {STAGES[stage]}": count for stage, count in counts.items()}
    for kind in ("product", "account", "agent"):
        for name, found in content[f"per_{kind}"].items():
            if found["Won"]:
                figures |= {f"deals won by {kind} {name}": found["Won"], f"won by {kind} {name}": found["won_value"]}
    return {name: Decimal(value) for name, value in figures.items()}


async def measured(crm: Crm, originator: str, products: Iterable[str]) -> Figures:
    """Read the same figures of all records of this originator from the services."""
    companies = {c["id"]: c["origin_id"] async for c in crm.pages("clients", "/v1/companies", originator_id=originator)}
    leads = {lead["id"]: lead["stage_id"] async for lead in crm.pages("leads", "/v1/leads", originator_id=originator)}
    deals = [deal async for deal in crm.pages("deals", "/v1/deals", stage_id="WON") if deal["lead_id"] in leads]
    there = [await product(crm, name) for name in products]
    figures: Counter[str] = Counter(
        {
            "companies": len(companies),
            "products": sum(found is not None for found in there),
            "leads": len(leads),
            "deals won": len(deals),
        }
    )
    figures.update(f"leads in {stage}" for stage in leads.values())
    amounts: Figures = {"won in all": sum((_amount(deal) for deal in deals), Decimal(0))}
    keys: dict[str, Callable[[dict[str, Any]], str]] = {
        "product": lambda deal: str(deal["rows"][0]["name"]),
        "account": lambda deal: companies[deal["client"]["company"]["id"]],
        "agent": lambda deal: str(deal["responsible_id"]),
    }
    for kind, key in keys.items():
        for deal in deals:
            figures[f"deals won by {kind} {key(deal)}"] += 1
            name = f"won by {kind} {key(deal)}"
            amounts[name] = amounts.get(name, Decimal(0)) + _amount(deal)
    return {**{name: Decimal(count) for name, count in figures.items()}, **amounts}


def differences(wanted: Mapping[str, Decimal], found: Mapping[str, Decimal]) -> list[str]:
    """List the figures that differ, one line for each."""
    return [
        f"{name}: {found.get(name, 0)} instead of {wanted.get(name, 0)}"
        for name in dict.fromkeys([*wanted, *found])
        if wanted.get(name, 0) != found.get(name, 0)
    ]


async def versions(crm: Crm, originator: str, products: Iterable[str]) -> dict[str, int]:
    """Read the version of every lead, deal, company and product of the originator, by `type:id`."""
    found = {f"lead:{e['id']}": e async for e in crm.pages("leads", "/v1/leads", originator_id=originator)}
    companies = crm.pages("clients", "/v1/companies", originator_id=originator)
    deals = {f"deal:{e['id']}": e async for e in crm.pages("deals", "/v1/deals") if f"lead:{e['lead_id']}" in found}
    found |= {f"company:{e['id']}": e async for e in companies} | deals
    sold = [await product(crm, name) for name in products]
    found |= {f"product:{e['id']}": e for e in sold if e}
    return {name: element["version"] for name, element in found.items()}


async def settled(crm: Crm, originator: str, *, deadline_s: float = 120.0) -> bool:
    """Wait until no lead or deal waits for the contacts of its company; False when the deadline passed."""
    deadline = monotonic() + deadline_s
    while True:
        leads = {e["id"]: e async for e in crm.pages("leads", "/v1/leads", originator_id=originator)}
        deals = [e async for e in crm.pages("deals", "/v1/deals") if e["lead_id"] in leads]
        if all(e["client"]["link_state"] != "pending" for e in (*leads.values(), *deals)):
            return True
        if monotonic() > deadline:
            return False
        await asyncio.sleep(0.5)


async def without_entries(
    crm: Crm, elements: Iterable[str], *, console: Console, parallel: int = 16, deadline_s: float = 120.0
) -> list[str]:
    """Return those of these elements whose timeline is still empty at the deadline."""
    deadline = monotonic() + deadline_s
    wanted = list(elements)

    async def is_empty(element: str) -> bool:
        while True:
            page = await crm.get("timeline", address("timeline"), element=element, limit=1)
            if page["items"] or monotonic() > deadline:
                return not page["items"]
            await asyncio.sleep(0.5)

    with bar("Reading timelines", len(wanted), console) as advance:
        empty = await each(wanted, is_empty, parallel=parallel, advance=advance)
    return [element for element, nothing in zip(wanted, empty, strict=True) if nothing]


def _amount(deal: Mapping[str, Any]) -> Decimal:
    return Decimal(deal["amount"]["value"])
