"""Recognise the encoding of a text file, and check that all of it can be decoded before any of it is used.

A file is read once from end to end for that, in lines, and never held whole.
"""

import codecs
from pathlib import Path
from typing import Final

from deploy.cli.imports.table import BadFile

_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order marks; the longer ones first, because one begins like the other."""
_NAMES: Final = {"utf-8-sig": "UTF-8 with a byte order mark", "cp1252": "CP1252 (Windows)"}
_HEAD: Final = 4_096
_HINT: Final = "give --encoding, such as cp1252, cp850 (DOS), mac_roman or utf-16"


def recognise_encoding(file: Path, given: str | None = None) -> str:
    """Return Python's name of the file's encoding: `given`, or what its marks and bytes say.

    UTF-8 and UTF-16 are known by their form; what is neither is CP1252, the encoding of spreadsheets on Windows. The
    mark of UTF-8 goes before `given`: a file of rejected rows has it, whatever the encoding of the first file was.

    Raises:
        BadFile: naming the first line that cannot be decoded, and the likely cause.
    """
    with file.open("rb") as opened:
        head = opened.read(_HEAD)
    if given is not None and not head.startswith(codecs.BOM_UTF8):
        return _checked(file, _known(given))
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return _checked(file, name)
    if b"\x00" in head:
        return _checked(file, "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be")
    return _utf_8_or_cp1252(file)


def encoding_name(encoding: str) -> str:
    """Name the encoding as people do."""
    return _NAMES.get(encoding, encoding.upper())


def _known(name: str) -> str:
    try:
        found = codecs.lookup(name).name
        "".encode(found)  # refuses those that turn no text into bytes, such as rot13
    except LookupError:
        raise BadFile(f"there is no encoding {name!r}: {_HINT}") from None
    return "utf-8-sig" if found == "utf-8" else found


def _utf_8_or_cp1252(file: Path) -> str:
    proper, broken = 0, 0
    with file.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                broken = broken or number
            else:
                proper = proper or number
    if broken and proper:
        raise BadFile(
            f"{file.name} cannot be read: line {broken} is not UTF-8, and line {proper} is: two files of different "
            f"encodings were joined, or a byte was damaged; {_HINT}"
        )
    return _checked(file, "cp1252") if broken else "utf-8"


def _checked(file: Path, encoding: str) -> str:
    if encoding.startswith(("utf-16", "utf-32")):
        return _checked_wide(file, encoding)
    with file.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            try:
                line.decode(encoding)
            except UnicodeError as error:
                byte = f": byte 0x{error.object[error.start]:02X}" if isinstance(error, UnicodeDecodeError) else ""
                raise BadFile(
                    f"{file.name} cannot be read: line {number} is not {encoding_name(encoding)}{byte}; {_HINT}"
                ) from None
    return encoding


def _checked_wide(file: Path, encoding: str) -> str:
    # A line cannot be found in bytes here, so that what cannot be decoded is marked in the text.
    with file.open(encoding=encoding, errors="replace", newline="") as opened:
        try:
            wrong = next((number for number, line in enumerate(opened, start=1) if "\ufffd" in line), None)
        except UnicodeError:
            wrong = 1
    if wrong is not None:
        raise BadFile(f"{file.name} cannot be read: line {wrong} is not {encoding_name(encoding)}; {_HINT}")
    return encoding
