"""What Supabase Auth means by an error: a no to the person, or trouble that is none of theirs.

It has three shapes for one, and none of them is reliably there: `{"code": "otp_expired", …}` where
the request names a version of the interface, `{"code": 403, "error_code": "otp_expired", …}` where
it doesn't, and OAuth's `{"error": "invalid_request", …}`. Codes are open: new ones come.
"""

import re
from dataclasses import dataclass

import httpx
import msgspec
from msgspec import Struct
from supabase_auth.errors import AuthError

from salesarck_adapters.http import asked_to_wait
from salesarck_domain.ports.identity import RETRY_AFTER, IdentityBusy, IdentityUnavailable

TOO_MANY = 429
UNAUTHORIZED = 401
WAIT_SECONDS = 60.0
"""A code may be sent once a minute; other limits are over sooner or later, and nobody says when."""

NOBODY_S_FAULT = frozenset(
    """
    captcha_failed conflict email_provider_disabled hook_timeout hook_timeout_after_retry not_admin
    phone_provider_disabled request_timeout sms_provider_disabled unexpected_failure
    """.split()
)
"""Codes that come with a client's status and tell of a setting, or of something that is away."""

OF_A_TOKEN = frozenset({"bad_jwt", "no_authorization"})
CODE = re.compile(r"[a-z_]{1,64}")
WAIT = re.compile(r"after ([0-9]{1,5}) seconds")


@dataclass(eq=False)
class SaidNo(Exception):
    """Supabase Auth understood, and refused."""

    status: int
    code: str


class _Body(Struct):
    """All shapes of an error in one."""

    code: str | int | None = None
    error_code: str | None = None
    error: str | None = None
    msg: str | None = None
    message: str | None = None


def fault_of(trouble: AuthError) -> SaidNo | IdentityBusy | IdentityUnavailable:
    """Say what it was. The client's own words may name people, so none of them are kept."""
    cause = trouble.__cause__
    if not isinstance(cause, httpx.HTTPStatusError):
        return IdentityUnavailable("it doesn't answer")
    answer = cause.response
    body = _body_of(answer)
    if answer.status_code == TOO_MANY:
        return IdentityBusy(_asked_to_wait(answer, body))
    code = _code_of(body)
    # A 401 that doesn't speak of a person's token means that our key is not accepted.
    is_theirs = answer.status_code != UNAUTHORIZED or code in OF_A_TOKEN
    if answer.is_client_error and code and code not in NOBODY_S_FAULT and is_theirs:
        return SaidNo(answer.status_code, code)
    wait = asked_to_wait(answer)
    return IdentityUnavailable(
        f"it answers {answer.status_code} {code}".rstrip(), RETRY_AFTER if wait is None else wait
    )


def _body_of(answer: httpx.Response) -> _Body:
    try:
        return msgspec.json.decode(answer.content, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Body()


def _code_of(body: _Body) -> str:
    for told in (body.error_code, body.code, body.error):
        if isinstance(told, str) and CODE.fullmatch(told):
            return told
    return ""


def _asked_to_wait(answer: httpx.Response, body: _Body) -> float:
    wait = asked_to_wait(answer)
    if wait is not None:
        return wait
    told = WAIT.search(body.msg or body.message or "")
    return float(told[1]) if told else WAIT_SECONDS
