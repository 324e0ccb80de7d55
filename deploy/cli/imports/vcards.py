"""Read the cards of a VCF file (vCard 2.1, 3.0 and 4.0) as the rows of a table, one after the other.

The columns are those of `vcard.toml` in the samples. A card without a UID gets one that follows from what it says.
"""

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import vobject
from vobject.base import ParseError

from deploy.cli.imports.contact_points import DEFAULT_KIND, kind_of_label
from deploy.cli.imports.encoding import encoding_name, recognise_encoding
from deploy.cli.imports.table import BadFile, NamedCells, Rejected, Row, Table

HEADER: Final = [
    *("uid", "full_name", "prefix", "first_name", "middle_name", "last_name", "suffix", "nickname"),
    *("company", "department", "position", "birthday", "phones", "emails", "websites", "messengers", "addresses"),
    *("note", "categories"),
]
_PLAIN: Final = {"fn": "full_name", "nickname": "nickname", "title": "position", "note": "note"}
_LISTS: Final = {"tel": "phones", "email": "emails", "url": "websites", "impp": "messengers", "adr": "addresses"}
_MESSENGERS: Final = {"TELEGRAM", "SKYPE", "VK", "FACEBOOK", "INSTAGRAM", "WHATSAPP", "VIBER", "ICQ", "JABBER"}
_KNOWN: Final = {"version", "uid", "n", "org", "bday", "categories", "rev", "prodid", "kind", *_PLAIN, *_LISTS}
_LONGEST: Final = 200_000
"""Lines of one card."""


def read_vcards(file: Path, *, encoding: str | None = None) -> Table:
    """Read a VCF file; a card that cannot be parsed is a rejected row.

    Raises:
        BadFile: it cannot be decoded, or holds no card.
    """
    coding = recognise_encoding(file, encoding)
    left_out: Counter[str] = Counter()
    for row in _rows(file, coding, left_out):
        del row
        break
    else:
        raise BadFile(f"{file.name} holds no vCard")
    left_out.clear()
    for _ in _rows(file, coding, left_out):
        pass
    names = ", ".join(f"{name.upper()} ({count})" for name, count in sorted(left_out.items()))
    notes = (f"left out, as contacts have no field for it: {names}",) if names else ()
    return Table(HEADER, lambda: _rows(file, coding, Counter()), f"vCards in {encoding_name(coding)}", notes=notes)


def _rows(file: Path, encoding: str, left_out: Counter[str]) -> Iterator[Row | Rejected]:
    for line, text in _cards(file, encoding):
        try:
            card = vobject.readOne(text, allowQP=True)
            cells = _cells(card, left_out)
        except (ParseError, UnicodeError, ValueError, IndexError, AttributeError, TypeError) as error:
            row = Row(line, (f"line {line}",), {})
            yield Rejected(row, f"the card cannot be read: {error or type(error).__name__}")
        else:
            named = NamedCells((name, cells[name].strip()) for name in HEADER)
            yield Row(line, tuple(cells[name] for name in HEADER), named)


def _cards(file: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """Yield each card with the line where it ends, also one that is cut off, which cannot be read."""
    lines: list[str] = []
    number = 0
    with file.open(encoding=encoding) as text:
        for number, line in enumerate(text, start=1):
            mark = line.strip().upper()
            if mark == "BEGIN:VCARD":
                if lines:
                    yield number - 1, "".join(lines)
                lines = [line]
            elif lines:
                lines.append(line)
            if mark == "END:VCARD" and lines:
                yield number, "".join(lines)
                lines = []
            if len(lines) > _LONGEST:
                raise BadFile(f"{file.name}: the card before line {number} has no end")
    if lines:
        yield number, "".join(lines)


def _cells(card: Any, left_out: Counter[str]) -> dict[str, str]:
    cells = dict.fromkeys(HEADER, "")
    lists: dict[str, list[str]] = {name: [] for name in _LISTS.values()}
    for name, entries in card.contents.items():
        if name in _PLAIN:
            cells[_PLAIN[name]] = "\n".join(str(entry.value) for entry in entries)
        elif name in _LISTS:
            lists[_LISTS[name]] += [_listed(name, entry) for entry in entries]
        elif name not in _KNOWN:
            left_out[name] += len(entries)
    cells |= {name: "\n".join(points) for name, points in lists.items()}
    cells |= _name(card) | _employer(card) | _birthday(card, cells["note"])
    cells["categories"] = ", ".join(str(each) for each in card.contents.get("categories", ()) for each in each.value)
    uid = str(card.uid.value) if "uid" in card.contents else ""
    cells["uid"] = uid.removeprefix("urn:uuid:").replace("/", "-") or _derived(cells)
    return cells


def _name(card: Any) -> dict[str, str]:
    if "n" not in card.contents:
        words = str(card.fn.value).split() if "fn" in card.contents else []
        return {"first_name": " ".join(words[:-1]), "last_name": words[-1] if words else ""}
    name = card.n.value
    parts = {"prefix": name.prefix, "first_name": name.given, "middle_name": name.additional, "last_name": name.family}
    named = {part: _joined(value) for part, value in {**parts, "suffix": name.suffix}.items()}
    if not named["first_name"] and not named["last_name"] and "fn" in card.contents:
        named["last_name"] = str(card.fn.value)
    return named


def _employer(card: Any) -> dict[str, str]:
    if "org" not in card.contents:
        return {}
    value = card.org.value
    company, *departments = [value] if isinstance(value, str) else value or [""]
    return {"company": company, "department": ", ".join(departments)}


def _birthday(card: Any, note: str) -> dict[str, str]:
    if "bday" not in card.contents:
        return {}
    entry = card.contents["bday"][0]
    value = str(entry.value).partition("T")[0]
    if value.startswith("--") or "X-APPLE-OMIT-YEAR" in entry.params:
        digits = value.replace("-", "")[-4:]
        return {"note": "\n".join(filter(None, [note, f"Birthday without a year: {digits[:2]}-{digits[2:]}"]))}
    return {"birthday": f"{value[:4]}-{value[4:6]}-{value[6:]}" if value.isdigit() and len(value) == 8 else value}  # noqa: PLR2004


def _listed(name: str, entry: Any) -> str:
    types = {one.upper() for each in entry.params.get("TYPE", ()) for one in each.split(",")} | set(
        entry.singletonparams
    )
    if name == "adr":
        return ", ".join(filter(None, (" ".join(part.split()) for part in str(entry.value).splitlines())))
    value = " ".join(str(entry.value).split())
    if name == "tel":
        number, _, extension = value.removeprefix("tel:").partition(";ext=")
        kind = kind_of_label(" ".join(types - {"VOICE", "PREF"}) or DEFAULT_KIND, "phones")
        return f"{kind}: {number}{f' ext. {extension}' if extension else ''}"
    if name == "email":
        kind = kind_of_label(" ".join(types - {"INTERNET", "PREF"}) or DEFAULT_KIND, "emails")
        return f"{kind}: {value.removeprefix('mailto:')}"
    if name == "impp":
        scheme, _, user = value.partition(":")
        service = (*entry.params.get("X-SERVICE-TYPE", ()), scheme)[0].upper()
        return f"{service if service in _MESSENGERS else 'OTHER'}: {user or scheme}"
    return value


def _joined(value: Any) -> str:
    return str(value) if isinstance(value, str) else " ".join(filter(None, value))


def _derived(cells: dict[str, str]) -> str:
    known = "\n".join(cells[name] for name in ("full_name", "first_name", "last_name", "company", "phones", "emails"))
    return sha256(known.encode()).hexdigest()[:32]
