"""What kind of wrong it is, sorted by what the caller can do about it.

* SalesArckError
  x Refused      the rules of the house say no   change the request
  x Forbidden    you, in particular, may not     ask someone who may
  x Missing      there is no such thing          check the name
  x Conflict     somebody was here before you    look, then decide
  x Untrusted    we don't believe you            prove it
  x Unreadable   genuine, but new to us          a person should look
  x Unavailable  somebody else isn't answering   ask again later

Each error lives beside the code that raises it, derives from exactly one of the seven and has a
stable `code` that machines may rely on. The shell turns kinds into status codes, retries and
alerts. Nothing in here knows how.
"""

from typing import ClassVar


class SalesArckError(Exception):
    """Something the platform can name."""

    code: ClassVar[str] = "error"


class Refused(SalesArckError):
    """The rules of the house say no."""

    code: ClassVar[str] = "refused"


class Forbidden(SalesArckError):
    """The caller's role doesn't stretch this far."""

    code: ClassVar[str] = "forbidden"


class Missing(SalesArckError):
    """There is no such thing, or none that the caller may see."""

    code: ClassVar[str] = "missing"


class Conflict(SalesArckError):
    """The request contradicts what is already recorded."""

    code: ClassVar[str] = "conflict"


class Untrusted(SalesArckError):
    """The sender has not shown that they are who they claim to be."""

    code: ClassVar[str] = "untrusted"


class Unreadable(SalesArckError):
    """The content is genuine, but its shape is new to us."""

    code: ClassVar[str] = "unreadable"


class Unavailable(SalesArckError):
    """Something we depend on did not answer. Nothing was changed."""

    code: ClassVar[str] = "unavailable"
