"""A token is believed if the project signed it, for us, in its time, for a person; no other is."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from salesarck_adapters.embedded.identity import KeyRing
from salesarck_adapters.embedded.identity.key import SigningKey
from salesarck_adapters.http import polite_client
from salesarck_adapters.identity.supabase import PublishedKeys, SupabaseTokens
from salesarck_domain.phone import Phone
from salesarck_domain.ports.identity import TokenNotAccepted
from salesarck_domain.testing.identity import encode

ISSUER = "https://project.test/auth/v1"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOW = int(NOON.timestamp())
RING = KeyRing.generate()
KEY = RING.in_use
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
RSA_PUBLIC = {
    **jwt.algorithms.RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True),
    "kid": "rsa",
    "alg": "RS256",
    "use": "sig",
}
GENUINE: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "authenticated",
    "sub": str(uuid4()),
    "session_id": str(uuid4()),
    "role": "authenticated",
    "is_anonymous": False,
    "phone": "15555550100",
    "email": "",
    "iat": NOW,
    "exp": NOW + 3600,
}
HEADERS = {"kid": KEY.public["kid"]}


class Checking:
    """A verifier, whom it has asked, and a clock that tests move."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.now = NOON
        self.keys = [KEY.public, RSA_PUBLIC]
        client = polite_client(httpx.MockTransport(self.answer))
        self.published = PublishedKeys(client, f"{ISSUER}/.well-known/jwks.json")
        self.tokens = SupabaseTokens(self.published, ISSUER, lambda: self.now)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        return httpx.Response(200, json={"keys": self.keys})

    def withdraw(self) -> None:
        """Let the key in use be one no longer."""
        self.keys = [RING.standby.public]
        self.published._known = {"other": jwt.PyJWK(RING.standby.public)}  # noqa: SLF001 - at once

    async def refuses(self, token: str) -> str:
        with pytest.raises(TokenNotAccepted) as refused:
            await self.tokens.verify_token(token)
        assert len(self.asked) <= 2
        assert set(self.asked) <= {f"{ISSUER}/.well-known/jwks.json"}
        return str(refused.value)


def signed(changes: dict[str, Any], headers: dict[str, Any] | None = None) -> str:
    told = {name: value for name, value in (GENUINE | changes).items() if value is not ...}
    written = json.dumps(told).encode()  # PyJWT refuses to write some of what it must not read
    return jwt.PyJWS().encode(written, KEY.private, "ES256", HEADERS | (headers or {}))


async def test_a_genuine_token_is_read() -> None:
    claims = await Checking().tokens.verify_token(signed({"iss": ISSUER}))
    assert str(claims.subject) == GENUINE["sub"]
    assert str(claims.session) == GENUINE["session_id"]
    assert (claims.issued_at, claims.expires_at) == (NOON, NOON + timedelta(hours=1))
    assert (claims.phone, claims.email) == (Phone("+15555550100"), None)


async def test_an_rsa_key_is_as_good() -> None:
    token = jwt.encode(GENUINE, RSA, "RS256", {"kid": "rsa"})
    await Checking().tokens.verify_token(token)


@pytest.mark.parametrize(
    "changes",
    [
        *({name: ...} for name in ("iss", "aud", "sub", "session_id", "role", "iat", "exp")),
        {"is_anonymous": ...},
        {"is_anonymous": True},
        {"iss": "https://other.test/auth/v1"},
        {"iss": f"{ISSUER}/"},
        {"iss": [ISSUER]},
        {"aud": "anon"},
        {"aud": ["authenticated"]},
        {"aud": ["authenticated", "other"]},
        {"role": "service_role"},
        {"role": "supabase_admin"},
        {"role": "anon"},
        {"role": ["authenticated"]},
        {"sub": "ada"},
        {"sub": 7},
        {"sub": None},
        {"session_id": "x"},
        {"session_id": None},
        {"exp": NOW - 31},
        {"exp": "4000000000"},
        {"exp": True},
        {"exp": 1e300},
        {"exp": float("nan")},
        {"exp": None},
        {"iat": NOW + 31},
        {"iat": 4_000_000_000},
        {"iat": "yesterday"},
        {"nbf": NOW + 31},
        {"nbf": "tomorrow"},
        {"nbf": None},
        {"phone": "12"},
        {"phone": {"number": "15555550100"}},
        {"email": "nobody"},
        {"more": "x" * 9_000},
    ],
    ids=lambda changes: str(changes)[:50],
)
async def test_a_token_that_says_something_else_is_refused(changes: dict[str, Any]) -> None:
    await Checking().refuses(signed(changes))


@pytest.mark.parametrize("changes", [{"exp": NOW - 29}, {"iat": NOW + 29}, {"nbf": NOW + 29}])
async def test_clocks_may_differ_by_half_a_minute(changes: dict[str, Any]) -> None:
    await Checking().tokens.verify_token(signed(changes))


async def test_another_key_under_any_name_is_refused() -> None:
    other, checking = SigningKey.generate(), Checking()
    for name in (KEY.public["kid"], other.public["kid"], "rsa", "", None):
        forged = jwt.encode(GENUINE, other.private, "ES256", {"kid": name} if name else None)
        await checking.refuses(forged)


@pytest.mark.parametrize(
    "offered",
    [
        {"jku": "https://attacker.test/jwks.json"},
        {"x5u": "https://attacker.test/chain.pem"},
        {"jwk": {**SigningKey.generate().public}},
        {"x5c": ["MIIB"]},
    ],
    ids=lambda offered: str(*offered),
)
async def test_a_key_that_a_token_brings_along_is_never_looked_at(
    offered: dict[str, Any],
) -> None:
    other = SigningKey.generate()
    for name in (KEY.public["kid"], other.public["kid"]):
        headers = {"kid": name, **offered, **({"jwk": other.public} if "jwk" in offered else {})}
        await Checking().refuses(jwt.encode(GENUINE, other.private, "ES256", headers))


async def test_a_rule_that_we_do_not_know_is_not_passed_over() -> None:
    await Checking().refuses(signed({}, {"crit": ["exp2"], "exp2": 1}))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "HS256", "ES384", "RS256", "EdDSA", ""])
async def test_another_algorithm_is_refused(alg: str) -> None:
    checking = Checking()
    claims = encode(GENUINE)
    header = encode({"alg": alg, "typ": "JWT", **HEADERS})
    for signature in ("", signed({}).split(".")[2]):
        await checking.refuses(f"{header}.{claims}.{signature}")


async def test_no_public_key_is_a_shared_secret() -> None:
    checking = Checking()
    secrets = [json.dumps(KEY.public).encode(), b""]
    for key in (KEY.private.public_key(), RSA.public_key()):
        secrets += [
            key.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
            for encoding in (Encoding.PEM, Encoding.DER)
        ]
    for name in (KEY.public["kid"], "rsa"):
        start = f"{encode({'alg': 'HS256', 'typ': 'JWT', 'kid': name})}.{encode(GENUINE)}"
        for secret in secrets:
            digest = hmac.digest(secret, start.encode(), "sha256")
            await checking.refuses(
                f"{start}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
            )


async def test_an_rsa_signature_is_none_by_the_other_key() -> None:
    token = jwt.encode(GENUINE, RSA, "RS256", HEADERS)
    await Checking().refuses(token)


@pytest.mark.parametrize("name", [7, None, ["a"], {"a": 1}, "\u0000", "x" * 5_000, "'; DROP"])
async def test_a_name_of_a_key_may_be_anything(name: object) -> None:
    header = encode({"alg": "ES256", "typ": "JWT", "kid": name})
    await Checking().refuses(f"{header}.{'.'.join(signed({}).split('.')[1:])}")


async def test_too_long_is_refused_before_it_is_read() -> None:
    checking = Checking()
    assert "too long" in await checking.refuses("x" * 8_193)
    assert "too long" in await checking.refuses(signed({"more": "x" * 9_000}))
    assert not checking.asked


async def test_what_is_nested_without_end_is_refused() -> None:
    header = base64.urlsafe_b64encode(b"[" * 3_000).decode().rstrip("=")
    await Checking().refuses(f"{header}.{header}.")


async def test_a_token_that_was_good_is_asked_for_its_time_again() -> None:
    checking = Checking()
    token = signed({"exp": NOW + 40})
    await checking.tokens.verify_token(token)
    checking.now += timedelta(seconds=55)
    await checking.tokens.verify_token(token)
    checking.now += timedelta(seconds=20)
    await checking.refuses(token)


@pytest.mark.parametrize(("lasts", "good_for"), [(3600, 59), (40, 39)])
async def test_a_token_is_remembered_for_a_minute_and_never_beyond_its_end(
    lasts: int, good_for: int
) -> None:
    checking = Checking()
    token = signed({"exp": NOW + lasts})
    await checking.tokens.verify_token(token)
    checking.withdraw()
    checking.now += timedelta(seconds=good_for)
    await checking.tokens.verify_token(token)
    checking.now += timedelta(seconds=1)
    await checking.refuses(token)


async def test_no_more_tokens_are_remembered_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("salesarck_adapters.identity.supabase.tokens.REMEMBERED_MAX", 3)
    checking = Checking()
    tokens = [signed({"iat": NOW - number}) for number in range(5)]
    for token in tokens:
        await checking.tokens.verify_token(token)
    checking.withdraw()
    for token in tokens[2:]:
        await checking.tokens.verify_token(token)
    for token in tokens[:2]:
        await checking.refuses(token)


@pytest.mark.parametrize(
    ("amr", "signed_in_at"),
    [
        ([{"method": "otp", "timestamp": NOW - 90}], NOW - 90),
        (
            [{"method": "totp", "timestamp": NOW - 9}, {"method": "otp", "timestamp": NOW - 90}],
            NOW - 90,
        ),
        ([{"method": "otp", "timestamp": NOW + 90}], NOW),
        (["otp"], NOW),
        ([], NOW),
        (..., NOW),
    ],
)
async def test_when_a_session_began_is_read(amr: object, signed_in_at: int) -> None:
    claims = await Checking().tokens.verify_token(signed({"amr": amr}))
    assert claims.signed_in_at.timestamp() == signed_in_at
