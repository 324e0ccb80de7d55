"""Compare names of people and titles of companies, however they are written (DUP-03, LEAD-12)."""

import re
from typing import Final, Literal

from services.clients.text import words_of, written_words_of

Agreement = Literal["same", "partly", "unknown", "other"]
"""How two names agree: in all words; in those that both have; one says nothing; or they are names of two."""

_FORMS: Final = (
    "ab ag aps as asa bv co company corp corporation dba doo eg eireli ev eurl gbr gesmbh gmbh inc incorporated kft kg "
    "kgaa kk limited llc llp lp ltd ltda me mbh mbb nv ohg oy oyj ou partg plc pte pty pvt sa sarl sas se sl slu snc "
    "spa spzoo srl sro ug haftungsbeschrankt zoo"
)
LEGAL_FORMS: Final = frozenset(_FORMS.split())
"""Words at the end of a company's title that say what it is legally, not which one it is."""
_AND: Final = frozenset({"and", "und", "et"})
_JOINING: Final = _AND | {"y", "e"}
_LEGAL_SIGNS: Final = re.compile("株式会社|有限会社|合同会社|有限公司|股份|주식회사|\\(주\\)|㈱|㈲")
_UMLAUT: Final = re.compile("([aou])e")


def agreement(one: str, other: str) -> Agreement:
    """Compare two names of people by their words in any order; an initial stands for any word that begins with it."""
    ours, theirs = ({_UMLAUT.sub(r"\1", word) for word in words_of(name)} for name in (one, other))
    if not ours or not theirs:
        return "unknown"
    if ours == theirs:
        return "same"
    less, more = sorted((ours, theirs), key=len)
    return "partly" if all(_is_among(word, more) for word in less) else "other"


def company_key(title: str) -> str:
    """Make titles of one company equal: without legal form, case, spaces and punctuation; empty without a word.

    The first word stays, whatever it is: `GmbH` and `E GmbH` are no title without it.
    """
    words: list[str] = []
    was_letter = False
    for word in written_words_of(_LEGAL_SIGNS.sub(" ", title)):
        if was_letter and len(word) == 1:
            words[-1] += word  # S. A. is SA
        else:
            words.append(word)
        was_letter = len(word) == 1
    while len(words) > 1 and words[-1] in LEGAL_FORMS | _AND:
        words.pop()
    outer = {0, len(words) - 1}
    return "".join(word for place, word in enumerate(words) if place in outer or word not in _JOINING)


def _is_among(word: str, words: set[str]) -> bool:
    return any(word == each or (min(len(word), len(each)) == 1 and word[0] == each[0]) for each in words)
