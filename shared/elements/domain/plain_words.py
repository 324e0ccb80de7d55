"""Split text into the plain words that elements are found by."""

import re
import unicodedata
from itertools import islice, product
from typing import Final

from anyascii import anyascii

_NOT_A_WORD: Final = re.compile(r"[^0-9a-z]+")
_WHOLE: Final = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])"
)
"""Characters of scripts that put no spaces between words: each may begin one."""
_UMLAUTS: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ø": "oe", "Ø": "Oe"}
)
_UMLAUT: Final = re.compile(r"([aou])e(?=\w)", re.IGNORECASE)
"""Within a word: at the end of what is typed it would stand for too many."""
_PIECE: Final = re.compile(r"\w+|\W+")
MAX_SPELLINGS: Final = 8
_JOINS: Final = str.maketrans("", "", "'`\u00b4\u2018\u2019\u02bc")


def words_of(text: str) -> list[str]:
    """Split into plain lower-case ASCII words, whatever case, accents and script; apostrophes join.

    Characters of scripts that put no spaces between words, Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese, are
    words of their own.
    """
    return [word for part in _parts(text) for word in _plain(part)]


def written_words_of(text: str) -> list[str]:
    """Split as `words_of`, but keep characters that are words of their own as they are: others may sound the same."""
    return [word for part in _parts(text) for word in ([part] if _WHOLE.fullmatch(part) else _plain(part))]


def spellings_of(text: str) -> list[str]:
    """List a text as it is, with umlauts in two letters, and with two letters as the umlaut they may stand for.

    Each word on its own, for `Joel Mueller` is Joel Müller; at most 8 in all. An umlaut that two letters may stand for
    has no dots here, as in `words_of`.
    """
    composed = unicodedata.normalize("NFC", text)
    pieces = (
        dict.fromkeys([piece, piece.translate(_UMLAUTS), _UMLAUT.sub(r"\1", piece)])
        for piece in _PIECE.findall(composed)
    )
    return ["".join(each) for each in islice(product(*pieces), MAX_SPELLINGS)]


def _parts(text: str) -> list[str]:
    """Split off each character that is a word of its own, after accents were taken away."""
    joined = unicodedata.normalize("NFKD", text.translate(_JOINS).casefold())
    bare = unicodedata.normalize("NFC", "".join(char for char in joined if not unicodedata.combining(char)))
    return _WHOLE.split(bare)


def _plain(part: str) -> list[str]:
    return _NOT_A_WORD.sub(" ", anyascii(part).lower().translate(_JOINS)).split()


def has_whole_words(text: str) -> bool:
    """Whether some of the characters are words of their own."""
    return _WHOLE.search(text) is not None
