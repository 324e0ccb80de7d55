"""Compare names of people and titles of companies, however they are written (DUP-03, LEAD-12)."""

import re
from typing import Final, Literal

from shared.elements.domain.plain_words import words_of, written_words_of

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
    """Compare two names of people by their words in any order.

    A part may be missing, or an initial may stand for a word that begins with it, but not both: of `G. Sommer-Mai` and
    `Greta Sommer` neither the first name nor the last one is known to be the other's. One whole word is in both.
    """
    ours, theirs = ({_UMLAUT.sub(r"\1", word) for word in words_of(name)} for name in (one, other))
    if not ours or not theirs:
        return "unknown"
    if ours == theirs:
        return "same"
    less, more = sorted((ours, theirs), key=len)
    if all(len(word) == 1 for word in less & more):
        return "other"
    left = less - more
    return "partly" if not left or _are_initials(left, more - less) else "other"


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


def _are_initials(words: set[str], others: set[str]) -> bool:
    """Whether each word is the initial of another one, or has it there, and what is over are initials as well."""
    over = set(others)
    for word in words:
        fitting = next((each for each in over if min(len(word), len(each)) == 1 and word[0] == each[0]), None)
        if fitting is None:
            return False
        over.discard(fitting)
    return all(len(word) == 1 for word in over)
