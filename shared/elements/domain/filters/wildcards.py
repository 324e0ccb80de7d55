r"""Patterns of `like`: `%` is any text, `\%` a percent sign, `\\` a backslash; case does not matter.

MongoDB and Python have the same pattern, spelled so that both read it alike: every letter is the class of its cases,
because their own ideas of case differ, and what stands between two `%` is found for good at its first place (an atomic
group), so that no pattern takes longer than its text is long.
"""

import re
from functools import lru_cache
from typing import Final

MAX_PATTERN: Final = 255

_TOKEN: Final = re.compile(r"\\(.)|(%)|([^\\%])", re.DOTALL)


def is_pattern(text: str) -> bool:
    """Return whether every backslash is followed by `%` or another backslash."""
    return re.fullmatch(r"([^\\]|\\[\\%])*", text, re.DOTALL) is not None


@lru_cache(maxsize=1_000)
def regex_of(pattern: str) -> str:
    """Return the regular expression, which has to match the whole text, with a dot that matches any character."""
    first, *others = _segments(pattern)
    if not others:
        return first
    between = "".join(f"(?>.*?{segment})" for segment in others[:-1] if segment)
    return f"{first}{between}.*{others[-1]}"


@lru_cache(maxsize=1_000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(regex_of(pattern), re.DOTALL)


def is_like(text: str, pattern: str) -> bool:
    """Return whether the whole text has the form of the pattern."""
    return _compiled(pattern).fullmatch(text) is not None


def escaped(text: str) -> str:
    """Return the regular expression of this text alone."""
    return re.escape(text)


def _segments(pattern: str) -> list[str]:
    """Spell what stands before, between and after the `%`."""
    segments = [""]
    for escaped, wildcard, plain in _TOKEN.findall(pattern):
        if wildcard:
            segments.append("")
        else:
            segments[-1] += _cases(escaped or plain)
    return segments


def _cases(letter: str) -> str:
    lower, upper = letter.lower(), letter.upper()
    cases = {case for case in (letter, lower, upper, lower.upper(), upper.lower()) if len(case) == 1}
    return f"[{''.join(sorted(cases))}]" if len(cases) > 1 else re.escape(letter)
