"""A setting that is missing, weak or misspelled stops the start with a sentence."""

import base64
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesarck_domain.phone import Phone
from salesarck_service.container.identity import open_identity
from salesarck_service.container.service import front_of
from salesarck_service.security.strength import secret_fault
from salesarck_service.settings import PREFIX, Settings, SettingsInvalid, read_settings

STRONG, OTHER = "kJ8vQ2xR7mZ4tW9bN3cL6fH1dG5sE0yA", "hT3nB8wK5qY1uX6jM9rV4zC7gF2pD0eS"
GOOD = {
    "ENV": "development",
    "DATABASE_URL": "postgresql://localhost/salesarck",
    "PEPPER_1": STRONG,
    "SQUARE_KEYS": OTHER,
    "PUBLIC_URL": "https://hooks.example.test/",
}
THIRD = "q7Rk2Wm9Zt4Xv6Bn1Lc8Hf3Jd5Gs0Pya"
PROJECT = {"SUPABASE_URL": "https://a.test", "SUPABASE_KEY": THIRD}
ELSEWHERE = f"postgresql://app:{THIRD}x@db.example.test/salesarck"
REDIS = f"rediss://:{THIRD}y@redis.example.test/0"
REAL = {
    **GOOD,
    **PROJECT,
    "ENV": "production",
    "DATABASE_URL": f"{ELSEWHERE}?sslmode=verify-full",
    "REDIS_URL": REDIS,
}


def read(*told: Mapping[str, str]) -> Settings:
    together = {name: text for each in told for name, text in each.items()}
    return read_settings({PREFIX + name: text for name, text in together.items()})


def complaints(*told: Mapping[str, str]) -> list[str]:
    try:
        read(*told)
    except SettingsInvalid as refused:
        return str(refused).splitlines()
    return []


def old_key(role: str) -> str:
    """A key of Supabase's older kind."""
    claims = base64.urlsafe_b64encode(json.dumps({"role": role}).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{claims}.{THIRD}"


Row = tuple[str, str, str]

ALWAYS: list[Row] = [
    ("environment", "staging", "invalid enum value"),
    ("database_url", "", "set SALESARCK_DATABASE_URL"),
    ("database_url", "mysql://localhost/x", "begins with postgresql://"),
    ("database_pool_size", "0", "SALESARCK_DATABASE_POOL_SIZE: expected"),
    ("database_pool_timeout", "0", "SALESARCK_DATABASE_POOL_TIMEOUT: expected"),
    ("database_prepare_threshold", "-1", "SALESARCK_DATABASE_PREPARE_THRESHOLD: expected"),
    ("redis_url", "http://localhost", "SALESARCK_REDIS_URL begins with rediss://"),
    ("private_network", "maybe", "SALESARCK_PRIVATE_NETWORK: expected"),
    ("pepper_1", "short", "SALESARCK_PEPPER_1 is too weak"),
    ("pepper_1", "a" * 40, "SALESARCK_PEPPER_1 is too weak"),
    ("pepper_1", "abcdefghijklmnopqrstuvwxyz0123456789", "SALESARCK_PEPPER_1 is too weak"),
    ("pepper_1", f"change-me-{STRONG}", "SALESARCK_PEPPER_1 is an example of somebody's"),
    ("pepper_2", STRONG, "SALESARCK_PEPPER_2 is the same as SALESARCK_PEPPER_1"),
    ("pepper_x", STRONG, "number your peppers"),
    ("square_keys", "asdf1234", "SALESARCK_SQUARE_KEYS is too weak"),
    ("square_keys", STRONG, "SALESARCK_SQUARE_KEYS is the same as SALESARCK_PEPPER_1"),
    ("square_url", "hooks.example.test", "SALESARCK_SQUARE_URL begins with https://"),
    ("clover_auth_codes", "x", "SALESARCK_CLOVER_AUTH_CODES is too weak"),
    ("clover_checkout_secrets", "M1=x", "SALESARCK_CLOVER_CHECKOUT_SECRETS is too weak"),
    ("clover_checkout_secrets", "M1", "merchant=secret"),
    ("clover_api_base", "api.clover.com", "SALESARCK_CLOVER_API_BASE begins with https://"),
    ("clover_tokens", "M1=token", "SALESARCK_CLOVER_TOKENS is too weak"),
    ("clover_tokens", "M1", "merchant=secret"),
    ("host", "x" * 300, "SALESARCK_HOST: expected"),
    ("port", "http", "SALESARCK_PORT: expected"),
    ("metrics_host", "x" * 300, "SALESARCK_METRICS_HOST: expected"),
    ("metrics_port", "70000", "SALESARCK_METRICS_PORT: expected"),
    ("public_url", "hooks.example.test", "SALESARCK_PUBLIC_URL begins with https://"),
    ("public_url", "https://a:b@hooks.example.test", "SALESARCK_PUBLIC_URL is an address without"),
    ("public_url", "https://", "a host follows"),
    ("public_url", "https://[", "a host follows"),
    ("allowed_hosts", "https://a.test", "SALESARCK_ALLOWED_HOSTS has names"),
    ("allowed_hosts", "a.test,*.b.test", "SALESARCK_ALLOWED_HOSTS has names"),
    ("allowed_hosts", "a.test:443", "SALESARCK_ALLOWED_HOSTS has names"),
    ("allowed_origins", "*", "SALESARCK_ALLOWED_ORIGINS has whole origins"),
    ("allowed_origins", "https://*.a.test", "SALESARCK_ALLOWED_ORIGINS has whole origins"),
    ("allowed_origins", "https://a.test/", "SALESARCK_ALLOWED_ORIGINS has whole origins"),
    ("allowed_origins", "null", "SALESARCK_ALLOWED_ORIGINS has whole origins"),
    ("trusted_proxies", "nginx", "SALESARCK_TRUSTED_PROXIES has addresses"),
    ("trusted_proxies", "*", "SALESARCK_TRUSTED_PROXIES has addresses"),
    ("trusted_proxies", "10.0.0.0/8,0.0.0.0/0", "SALESARCK_TRUSTED_PROXIES has addresses"),
    ("trusted_proxies", "::/0", "SALESARCK_TRUSTED_PROXIES has addresses"),
    ("forwarded_header", "x-real-ip", "SALESARCK_FORWARDED_HEADER: invalid enum value"),
    ("supabase_url", "https://a.test", "SUPABASE_URL and SALESARCK_SUPABASE_KEY"),
    ("supabase_key", THIRD, "SUPABASE_URL and SALESARCK_SUPABASE_KEY"),
    ("identity_key_file", "x" * 5000, "SALESARCK_IDENTITY_KEY_FILE: expected"),
    ("tenant_approval", "never", "SALESARCK_TENANT_APPROVAL: invalid enum value"),
    ("caller_limit", "0", "SALESARCK_CALLER_LIMIT: expected"),
    ("address_limit", "none", "SALESARCK_ADDRESS_LIMIT: expected"),
    ("sign_in_limit", "-5", "SALESARCK_SIGN_IN_LIMIT: expected"),
    ("code_limit", "99999", "SALESARCK_CODE_LIMIT: expected"),
    ("webhook_limit", "99999999", "SALESARCK_WEBHOOK_LIMIT: expected"),
    ("lease_seconds", "0", "SALESARCK_LEASE_SECONDS: expected"),
    ("sweep_seconds", "x", "SALESARCK_SWEEP_SECONDS: expected"),
    ("drain_seconds", "-1", "SALESARCK_DRAIN_SECONDS: expected"),
    ("inbox_retention_days", "0", "SALESARCK_INBOX_RETENTION_DAYS: expected"),
    ("log_level", "loud", "SALESARCK_LOG_LEVEL: invalid enum value"),
    ("clock", "sundial", "SALESARCK_CLOCK: invalid enum value"),
    ("portt", "1", "no setting SALESARCK_PORTT"),
    ("pepper_2_file", "/nowhere/to/be/found", "can't be read"),
    ("pepper_1_file", "/nowhere", "not both"),
]
"""What is refused everywhere."""

WITH_PROJECT: list[Row] = [
    ("supabase_key", "sb_secret_short", "SALESARCK_SUPABASE_KEY is too weak"),
    ("supabase_key", f"sb_publishable_{OTHER}", "is the secret key, not the publishable one"),
    ("supabase_key", old_key("anon"), "is the secret key, not the publishable one"),
    ("supabase_url", "a.test", "SALESARCK_SUPABASE_URL begins with https://"),
    ("supabase_url", "https://a.test/auth/v1/", "SALESARCK_SUPABASE_URL ends before /auth/v1"),
]

WHERE_PEOPLE_ARE_REAL: list[Row] = [
    ("public_url", "http://hooks.example.test", "SALESARCK_PUBLIC_URL begins with https://"),
    ("square_url", "http://hooks.example.test", "SALESARCK_SQUARE_URL begins with https://"),
    ("clover_api_base", "http://api.clover.com", "SALESARCK_CLOVER_API_BASE begins with https"),
    ("supabase_url", "http://127.0.0.1:54321", "SALESARCK_SUPABASE_URL begins with https://"),
    ("allowed_origins", "http://shop.example.test", "SALESARCK_ALLOWED_ORIGINS has whole origins"),
    ("database_url", ELSEWHERE, "?sslmode=verify-full"),
    ("database_url", f"{ELSEWHERE}?sslmode=prefer", "?sslmode=verify-full"),
    ("database_url", "postgresql:///salesarck?host=db.example.test", "?sslmode=verify-full"),
    (
        "database_url",
        "postgresql://postgres:postgres@db.example.test/x?sslmode=require",
        "the password in SALESARCK_DATABASE_URL is too weak",
    ),
    ("redis_url", f"redis://:{THIRD}y@redis.example.test", "begin it with rediss://"),
    ("redis_url", "rediss://:foobared@redis.example.test", "the password in SALESARCK_REDIS_URL"),
    ("redis_url", "rediss://redis.example.test", "SALESARCK_REDIS_URL has no password"),
    ("identity_key_file", "key.pem", "SALESARCK_IDENTITY_KEY_FILE is for development"),
    ("clock", "shared", "SALESARCK_CLOCK is for development"),
]
"""What is refused in production alone."""


def title(row: Row) -> str:
    return f"{row[0]}={row[1][-40:]}"


@pytest.mark.parametrize("row", ALWAYS, ids=title)
def test_a_bad_one_is_named(row: Row) -> None:
    name, text, said = row
    (told,) = complaints(GOOD, {name.upper(): text})
    assert said in told


@pytest.mark.parametrize("row", WITH_PROJECT, ids=title)
def test_a_bad_project_is_named(row: Row) -> None:
    name, text, said = row
    assert any(said in told for told in complaints(GOOD, PROJECT, {name.upper(): text}))


@pytest.mark.parametrize("row", WHERE_PEOPLE_ARE_REAL, ids=title)
def test_where_people_are_real_more_is_asked(row: Row) -> None:
    name, text, said = row
    (told,) = complaints(REAL, {name.upper(): text})
    assert said in told
    assert complaints(REAL, {name.upper(): text, "ENV": "development"}) == []


def test_every_setting_has_a_row_in_these_tables() -> None:
    rows = {row[0].split("_1")[0] for row in [*ALWAYS, *WITH_PROJECT, *WHERE_PEOPLE_ARE_REAL]}
    assert set(Settings.__struct_fields__) - {"peppers"} <= rows
    assert "pepper" in rows


@pytest.mark.parametrize(
    "good",
    [
        {},
        {"DATABASE_URL": "postgresql:///salesarck"},
        {"DATABASE_URL": "postgresql:///salesarck?host=/run/postgresql"},
        {"DATABASE_URL": "postgresql://app:postgres@127.0.0.1/salesarck"},
        {"DATABASE_URL": f"{ELSEWHERE}?sslmode=require"},
        {"DATABASE_URL": ELSEWHERE, "PRIVATE_NETWORK": "true"},
        {"REDIS_URL": "redis://localhost"},
        {"REDIS_URL": "unix:///run/redis.sock"},
        {"REDIS_URL": "redis://redis.example.test", "PRIVATE_NETWORK": "true"},
        {"SUPABASE_KEY": f"sb_secret_{OTHER[:20]}"},
        {"SUPABASE_KEY": old_key("service_role")},
        {"ALLOWED_HOSTS": "a.test, b.test", "ALLOWED_ORIGINS": "https://a.test:8443"},
        {"TRUSTED_PROXIES": "10.0.7.0/24, 127.0.0.1, fd00::/64"},
    ],
    ids=str,
)
def test_what_is_good_is_read_where_people_are_real(good: Mapping[str, str]) -> None:
    assert complaints(REAL, good) == []


def test_everything_is_said_at_once_and_no_secret_with_it() -> None:
    bad = {"PEPPER_1": "hunter2", "SQUARE_KEYS": "hunter3", "PUBLIC_URL": "x", "DATABASE_URL": ""}
    said = complaints(GOOD, bad)
    assert len(said) == 4
    assert "hunter" not in "".join(said)


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_what_is_said_of_an_address_holds_no_password(name: str) -> None:
    scheme = name[:5].lower().replace("datab", "postgresql")
    (said,) = complaints(REAL, {name: f"{scheme}://app:{THIRD}z@elsewhere.example.test/x"})
    assert THIRD not in said


@given(st.integers(24, 64))
def test_what_a_machine_made_is_strong_enough(size: int) -> None:
    for made in (secrets.token_urlsafe(size), secrets.token_hex(size), secrets.token_bytes(size)):
        text = made if isinstance(made, str) else base64.b64encode(made).decode()
        assert secret_fault("it", text, 32) is None


def test_good_settings_are_read() -> None:
    settings = read(GOOD, {"CLOVER_TOKENS": f"M1={STRONG}a,M1={STRONG}b,M2={STRONG}c"})
    assert settings.environment == "development"
    assert settings.square_notification_url == "https://hooks.example.test/webhooks/square"
    assert settings.clover_tokens == {"M1": (f"{STRONG}a", f"{STRONG}b"), "M2": (f"{STRONG}c",)}
    assert STRONG not in repr(settings)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "pepper").write_text(f"{STRONG}2\n")
    told = {"PEPPER_2_FILE": str(tmp_path / "pepper")}
    assert read(GOOD, told).peppers == {1: STRONG, 2: f"{STRONG}2"}


def test_without_a_pepper_nothing_starts() -> None:
    told = {name: text for name, text in GOOD.items() if "PEPPER" not in name}
    with pytest.raises(SettingsInvalid, match="set SALESARCK_PEPPER_1"):
        read(told)


def test_the_world_finds_us_under_our_names() -> None:
    assert front_of(read(REAL)).names == {"hooks.example.test"}
    assert front_of(read(REAL, {"ALLOWED_HOSTS": "a.test,b.test"})).names == {"a.test", "b.test"}
    assert front_of(read(GOOD, {"PUBLIC_URL": ""})).names == {"localhost", "127.0.0.1"}
    with pytest.raises(SettingsInvalid, match="set SALESARCK_PUBLIC_URL to"):
        front_of(read(REAL, {"PUBLIC_URL": ""}))


async def test_people_who_are_real_need_a_real_identity() -> None:
    settings = read(GOOD, {"ENV": "production"})
    with pytest.raises(SettingsInvalid, match="set SALESARCK_SUPABASE_URL to your"):
        async with open_identity(settings):
            pass
    settings = read(REAL)
    async with open_identity(settings) as signing_in:
        assert THIRD not in repr(settings)
        assert THIRD not in repr(signing_in)


async def test_in_development_a_code_is_shown_and_the_keys_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = read(GOOD, {"IDENTITY_KEY_FILE": str(tmp_path / "key.pem")})
    ada = Phone("+15555550100")
    async with open_identity(settings) as first:
        await first.identity.send_code(ada)
        said = capsys.readouterr().out
        assert said.startswith("the code for +15555550100 is ")
        session = await first.identity.verify_code(ada, said.split()[-1])
    async with open_identity(settings) as second:
        assert (await second.verifier.verify_token(session.access_token)).phone == ada
