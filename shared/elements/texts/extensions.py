"""Members that problems about elements have besides the usual ones."""

from collections.abc import Mapping
from typing import Any, Final

from crm_contracts.client_field import Client
from crm_contracts.requisites import RequisiteLink
from crm_contracts.values import ElementRef
from pydantic import Field

EXTENSIONS: Final[Mapping[str, Any]] = {
    name: (type_ | None, Field(default=None, description=text))
    for name, type_, text in (
        ("attempt", int, "`conversion_refused`: the attempt that was refused"),
        ("candidates", list[ElementRef], "`conversion_refused`: clients that match, of which one has to be chosen"),
        ("client", Client, "a refused link: the Client field as it is now"),
        ("company", ElementRef, "conversions: the company that exists already"),
        ("conflicts", list[dict[str, Any]], "`merge_conflict`: fields that differ, with the value of each record"),
        ("contact", ElementRef, "conversions: the contact that exists already"),
        ("conversion", str, "`lead_already_converted`: address of the conversion and its whole result"),
        ("deal", ElementRef, "`lead_already_converted`: the deal that was made"),
        ("differs", list[str], "`lead_already_converted`: the fields that ask for something else than was done"),
        ("existing_id", str, "`origin_taken` and its like: id of the record that has what another one asked for"),
        ("merged_into", str, "`gone`: id of the record that this one was merged into"),
        ("permissions", list[str], "`forbidden`: the permissions that are needed"),
        ("reason", str, "`conversion_refused`: the code of the reason"),
        ("rebuild_id", str, "`rebuild_running`: the rebuild that has not ended"),
        ("requisite_link", RequisiteLink, "refused requisites: the choice as it is now"),
    )
}
