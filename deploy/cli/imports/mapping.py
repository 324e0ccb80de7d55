"""The mapping of a file's columns to fields, from a TOML file.

Every column of the file must be mapped, lest data be lost silently. One that is neither used nor listed under `ignored`
stops the import before its first row, as does one that is used and missing.
"""

import tomllib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import available_timezones

import phonenumbers
from crm_contracts.elements import COMPANY, CONTACT, DEAL
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from deploy.cli.imports.mapping_rules import MoneyRule, PointRule, RowRule
from deploy.cli.imports.table import REASON, Row
from deploy.cli.plain_fields import plain_fields
from shared.kit.web.sentences import meant

CONTACT_POINTS: Final = ("phones", "emails", "websites", "messengers")
_EXPORTED: Final = {each.plural: plain_fields(each) for each in (CONTACT, COMPANY, DEAL)}


def known_country(code: str) -> str:
    """Return the code of a country, in capital letters.

    Raises:
        ValueError: no country with phones has it.
    """
    if code.upper() not in phonenumbers.SUPPORTED_REGIONS:
        message = f"there is no country {code!r}: give its two letters, such as US"
        raise ValueError(message)
    return code.upper()


Country = Annotated[str, AfterValidator(known_country)]


def known_time_zone(name: str) -> str:
    """Return the name of a time zone.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in available_timezones():
        message = f"there is no time zone {name!r}: give one such as Europe/Berlin or UTC"
        raise ValueError(message)
    return name


TimeZone = Annotated[str, AfterValidator(known_time_zone)]


class BadMapping(Exception):
    """The mapping cannot be used, for these reasons."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


_BY_ORIGIN: Final = (
    ": an import finds records by `origin`, their id in the system that they came from, and never by the id that they "
    "have here. Name the column of the former as `origin`, or list this one under `ignored`; PATCH corrects a record "
    "by its id"
)


class Mapping(BaseModel):
    """How a row becomes a company, a contact, a product, a lead or a deal.

    Attributes:
        originator: the system that the file came from; a second import finds its rows by it.
        origin: column of the row's id in that system; for products, the external id.
        origin_from: for a file without ids, the columns that tell its rows apart; an id is derived from them.
        originator_column: column that says the originator too: a row from elsewhere is rejected.
        exported: the type of elements that an export of ours wrote: each column that is named as a field fills it.
        columns: column to field.
        constants: field to value, the same for all rows.
        values: column to translations; a value without one stays as it is,
        complete: except in these columns, where it rejects the row.
        ranges: column of numbers to codes, each with the bound below which it is meant; rising, `inf` for no bound.
        templates: field to texts such as `{product} for {account}`; the first whose columns are all filled counts.
        lines: field to columns, each of which is a line such as `Department: Sales` where it is filled.
        money: field to amount.
        prices: list prices of a product.
        company: column of a company's `origin`, empty for a lead or a contact without one.
        company_separator: what stands between the companies of a contact, of which the first is the primary one.
        company_originator: the system that the companies came from, where it is another one.
        contact, contact_separator, contact_originator: the same of the contacts of a deal or a lead.
        phones, emails, websites, messengers: contact points of contacts and companies; several columns make several.
        rows: product rows of a lead or a deal.
        ignored: columns that are left out on purpose; `Phonetic*` are all that begin so.
        optional: columns that need not be there.
        encoding, delimiter, decimal, dates, country, time_zone: as the options of the command, which go before them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    originator: str
    origin: str | None = None
    origin_from: list[str] = []
    originator_column: str | None = None
    exported: Literal["contacts", "companies", "deals"] | None = None
    columns: dict[str, str] = {}
    constants: dict[str, Any] = {}
    values: dict[str, dict[str, str]] = {}
    complete: list[str] = []
    ranges: dict[str, dict[str, float]] = {}
    templates: dict[str, list[str]] = {}
    lines: dict[str, list[str]] = {}
    money: dict[str, MoneyRule] = {}
    prices: list[MoneyRule] = []
    company: str | None = None
    company_separator: Annotated[str, Field(min_length=1)] | None = None
    company_originator: str | None = None
    contact: str | None = None
    contact_separator: Annotated[str, Field(min_length=1)] | None = None
    contact_originator: str | None = None
    phones: list[PointRule] = []
    emails: list[PointRule] = []
    websites: list[PointRule] = []
    messengers: list[PointRule] = []
    rows: list[RowRule] = []
    ignored: list[str] = []
    optional: list[str] = []
    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    dates: Literal["dmy", "mdy"] | None = None
    country: Country | None = None
    time_zone: TimeZone | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.origin is None) == (not self.origin_from):
            message = "give either `origin` or `origin_from`"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _exported_columns(self) -> Self:
        """Map the columns of an export; a file from before a field was there lacks its column."""
        if self.exported is None:
            return self
        names = _EXPORTED[self.exported]
        columns = {**{name: name for name in names}, **self.columns}
        optional = [*self.optional, *names]
        between = self.company_separator or ("\n" if self.exported == CONTACT.plural else None)
        return self.model_copy(update={"columns": columns, "optional": optional, "company_separator": between})

    def companies_in(self, cell: str) -> list[str]:
        """Return the companies that a cell names, each by its `origin`, without those named before."""
        return _names(cell, self.company_separator)

    def contacts_in(self, cell: str) -> list[str]:
        """Return the contacts that a cell names, each by its `origin`, without those named before."""
        return _names(cell, self.contact_separator)

    @property
    def originator_of_companies(self) -> str:
        """The system by whose ids companies are found."""
        return self.company_originator or self.originator

    @property
    def originator_of_contacts(self) -> str:
        """The system by whose ids contacts are found."""
        return self.contact_originator or self.originator

    @property
    def origin_columns(self) -> list[str]:
        """The columns of which the origin of a row is made."""
        return [self.origin] if self.origin else self.origin_from

    def origin_of(self, row: Row) -> str:
        """Return the id of a row in the other system, or one derived from it; empty where the columns are."""
        if self.origin:
            return row.cells[self.origin]
        said = [row.cells[column].casefold() for column in self.origin_from]
        return sha256("\n".join(said).encode()).hexdigest()[:32] if any(said) else ""

    @property
    def contact_points(self) -> dict[str, list[PointRule]]:
        """The columns of each kind of contact point."""
        return {name: getattr(self, name) for name in CONTACT_POINTS}

    @property
    def used(self) -> list[str]:
        """All columns that it reads, each once."""
        named = [
            *self.origin_columns,
            *self.columns,
            *self.values,
            *self.complete,
            *self.ranges,
            *(column for texts in self.templates.values() for text in texts for column in placeholders(text)),
            *(column for columns in self.lines.values() for column in columns),
            *(column for rule in (*self.money.values(), *self.prices) for column in rule.columns),
            *(column for column in (self.originator_column, self.company, self.contact) if column),
            *(column for rules in self.contact_points.values() for rule in rules for column in rule.columns),
            *(column for rule in self.rows for column in rule.columns),
        ]
        return list(dict.fromkeys(named))

    @property
    def numbers(self) -> list[str]:
        """All columns of numbers."""
        rows = [column for rule in self.rows for column in (rule.price, rule.quantity) if column]
        amounts = [rule.column for rule in (*self.money.values(), *self.prices)]
        return list(dict.fromkeys([*self.ranges, *amounts, *rows]))

    @property
    def fields(self) -> set[str]:
        """All fields that it fills."""
        employer = "company_ids" if self.company_separator else "company_id"
        lists: dict[str, object] = {
            employer: self.company,
            "contacts": self.contact,
            "rows": self.rows,
            "prices": self.prices,
        }
        given = {name for name, value in (lists | self.contact_points).items() if value}
        return {*self.columns.values(), *self.constants, *self.templates, *self.lines, *self.money, *given}

    def check_header(self, header: list[str]) -> None:
        """Compare with the file's first line.

        Raises:
            BadMapping: naming every missing, unknown and doubled column.
        """
        reasons = [f"column {name!r} is not in the file" for name in self.used if name not in {*header, *self.optional}]
        # A file of rejected rows has the column of reasons.
        known = {*self.used, *([REASON] if header[:1] == [REASON] else [])}
        reasons += [
            f"column {name!r} is neither used nor listed under `ignored`{_BY_ORIGIN if name.lower() == 'id' else ''}"
            for name in header
            if name not in known and not any(fnmatchcase(name, pattern) for pattern in self.ignored)
        ]
        reasons += [f"column {name!r} is there twice" for name in dict.fromkeys(header) if header.count(name) > 1]
        if reasons:
            raise BadMapping(reasons)


def _names(cell: str, separator: str | None) -> list[str]:
    """Return the names in a cell, each once."""
    names = cell.split(separator) if separator else [cell]
    return list(dict.fromkeys(name.strip() for name in names if name.strip()))


def placeholders(text: str) -> list[str]:
    """Return the columns that a template names."""
    return [name for _, name, _, _ in Formatter().parse(text) if name]


def read_mapping(file: Path, **options: str | None) -> Mapping:
    """Read the mapping of a TOML file; options that are not None go before what it says, such as `originator`.

    Raises:
        BadMapping: naming everything that is wrong with it.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        return Mapping.model_validate(content | {name: value for name, value in options.items() if value})
    except tomllib.TOMLDecodeError as error:
        raise BadMapping([f"{file.name} is not TOML: {error}"]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadMapping([f"{file.name} is not UTF-8 in line {line}: TOML files are"]) from error
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, found['loc']))}: {_said(found)}" for found in error.errors()]
        if any(found["type"] == "extra_forbidden" and len(found["loc"]) == 1 for found in error.errors()):
            wrong.append(f"the keys of a mapping are {', '.join(Mapping.model_fields)}")
        raise BadMapping([f"{file.name}: {reason}" for reason in wrong]) from error


def _said(found: ErrorDetails) -> str:
    """Say what is wrong with a key of a mapping, of a key that there is not what was probably meant."""
    if found["type"] != "extra_forbidden":
        return str(found["msg"])
    known = Mapping.model_fields if len(found["loc"]) == 1 else ()
    return f"there is no such key{meant(str(found['loc'][-1]), known)}"
