"""The redactor: takes personal data and secrets out of whatever is written about a request.

Whoever writes a log line names its parts, so most is hidden by its name. The rest is hidden by its
looks, for a library's words and an error's text have no names: too much rather than too little.
"""

import re

from salesarck_domain.news_codec import is_list, is_object
from salesarck_domain.redemption.alphabet import typed

HIDDEN = "…"
DEEPEST = 8
LONGEST = 8_192
A_PHONE_AT_LEAST = 10**9

NAMES = frozenset(
    """
    access_token address apikey authorization birthday body code codes contact content cookie
    customer dsn email headers key name otp password pepper phone query refresh_token reason
    secret secrets set-cookie sent_to signature text token tokens typed url
    """.split()
)
"""Names whose values nobody has to read in a log."""

_LOOKS = re.compile(
    r"""
    (?P<kept> \b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b          # an id
            | \b\d{4}-\d\d-\d\d(?![\d-])(?:[T ]\d\d:\d\d:\d\d)?(?:[.,]\d+)?        # a moment
              (?:Z|[+-]\d\d:?\d\d)? | \b\d\d:\d\d:\d\d(?:[.,]\d+)?
            | (?<![\w.])(?:\d{1,3}\.){3}0/24\b )                                # a network
    | (?P<hidden> \beyJ[\w-]+\.[\w-]*(?:\.[\w-]*)?                              # a token
                | \b(?:sb_secret|sb_publishable|whsec|sq0[a-z]{3})[_-][\w-]+    # somebody's key
                | (?<=://)[^\s/@:]*:[^\s/@]*(?=@)                               # who logs in where
                | (?i:\bbearer)\s+[\w.~+/=-]+
                | [\w.!#$%&'*+/=?^`{|}~-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+          # an e-mail
                | (?:(?<!\w)|%2B) \+?\(?\d (?:[ ().-]{0,2}\d){6,18} (?!\w) )      # phone, card
    | (?P<code> \b[2-9A-HJ-NP-Za-hj-np-z]{4}-?[2-9A-HJ-NP-Za-hj-np-z]{4}\b )
    """,
    re.VERBOSE,
)


def redacted(value: object, depth: int = 0) -> object:
    """Copy a value without what nobody should read; what lies too deep is hidden whole."""
    if value is None or isinstance(value, int | float):
        return HIDDEN if value and abs(value) >= A_PHONE_AT_LEAST else value
    if isinstance(value, str):
        return redacted_text(value)
    if depth >= DEEPEST:
        return HIDDEN
    if is_object(value):
        return {
            name: HIDDEN if name.lower() in NAMES else redacted(each, depth + 1)
            for name, each in value.items()
        }
    if is_list(value):
        return [redacted(each, depth + 1) for each in value]
    return redacted_text(str(value))


def redacted_text(text: str) -> str:
    """Hide what looks like a phone, a card, an e-mail, a token, a key or a code.

    >>> redacted_text("+1 (212) 555-0100 wrote to ada@example.test at 2026-05-04T12:00:00Z")
    '… wrote to … at 2026-05-04T12:00:00Z'
    """
    return _LOOKS.sub(_without, text[:LONGEST])


def _without(found: re.Match[str]) -> str:
    if found["kept"] or (found["code"] and typed(found["code"]) is None):
        return found.group()
    return HIDDEN
