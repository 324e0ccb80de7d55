"""Check requisites against the preset of their country (REQ-02 to REQ-04)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from crm_contracts.requisites import BankDetail, Requisite

from services.clients.records.domain.errors import RequisiteNotValid
from services.clients.records.domain.presets import BANK_FIELDS, PRESETS, Preset, PresetField, checked
from shared.kit.domain import wrong_field

Problem = dict[str, str]


def valid_requisite(requisite: Requisite, owner_type: str) -> Requisite:
    """Normalise the values of a requisite as they are stored.

    Raises:
        RequisiteNotValid: naming every wrong field.
    """
    problems: list[Problem] = []
    preset = _preset(requisite, owner_type, problems)
    if requisite.country_code not in {None, preset.country_code if preset else None}:
        problems.append(wrong_field("country_code", "another_country", "must be the country of the preset"))
    fields = _values(requisite.fields, preset.field if preset else lambda _: None, "fields", problems)
    details = tuple(
        _valid_bank_detail(detail, preset, f"bank_details.{place}", problems)
        for place, detail in enumerate(requisite.bank_details)
    )
    problems += _twice("bank_details", "id", [detail.id for detail in requisite.bank_details], "an id of its own")
    problems += _twice("addresses", "type", [address.type for address in requisite.addresses], "one of each type")
    if problems:
        raise RequisiteNotValid("Some fields of the requisite are not valid.", {"errors": problems})
    return requisite.model_copy(
        update={"fields": fields, "bank_details": details, "country_code": preset.country_code if preset else None}
    )


def _twice(part: str, field: str, values: Sequence[str], why: str) -> list[Problem]:
    """Name each place of a list whose value another one has as well; no value at all is none."""
    counts = Counter(value for value in values if value)
    return [
        wrong_field(f"{part}.{place}.{field}", "twice", why) for place, value in enumerate(values) if counts[value] > 1
    ]


def _preset(requisite: Requisite, owner_type: str, problems: list[Problem]) -> Preset | None:
    if requisite.preset_id is None:
        if not requisite.address_only:
            message = "only a carrier of addresses has none, and this country has no default"
            problems.append(wrong_field("preset_id", "missing", message))
        return None
    preset = PRESETS.get(requisite.preset_id)
    if preset is None or preset.owner_type != owner_type:
        problems.append(wrong_field("preset_id", "unknown", f"there is no such preset for a {owner_type}"))
        return None
    return preset


def _valid_bank_detail(detail: BankDetail, preset: Preset | None, place: str, problems: list[Problem]) -> BankDetail:
    country = preset.country_code if preset else None
    if detail.country_code not in {None, country}:
        problems.append(wrong_field(f"{place}.country_code", "another_country", "must be the country of the preset"))
    fields = _values(detail.fields, BANK_FIELDS.get, f"{place}.fields", problems)
    return detail.model_copy(update={"fields": fields, "country_code": country})


def _values(
    given: Mapping[str, str], field_of: Callable[[str], PresetField | None], place: str, problems: list[Problem]
) -> dict[str, str]:
    kept: dict[str, str] = {}
    for code, value in given.items():
        field = field_of(code)
        found = checked(field, value) if field else None
        if field is None:
            problems.append(wrong_field(f"{place}.{code}", "unknown", "no field of this preset"))
        elif found is None:
            problems.append(wrong_field(f"{place}.{code}", "not_valid", f"not a valid {field.title}"))
        else:
            kept[code] = found
    return kept
