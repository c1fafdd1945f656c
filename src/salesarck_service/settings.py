"""Settings: from the environment, or from mounted files, and never weak.

Each setting is a variable `SALESARCK_` and its name in capitals. Where `…_FILE` is set instead, the
value is what that file holds. Lists are written with commas, pairs with an equals sign.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

from salesarck_domain.errors import Refused
from salesarck_service.security.names import host_of
from salesarck_service.security.strength import (
    address_fault,
    database_fault,
    password_of,
    redis_fault,
    role_of,
    same_faults,
    secret_fault,
)

PREFIX = "SALESARCK_"
FILE = "_FILE"
PEPPER = "PEPPER_"
NOT_OURS = "SALESARCK_TEST_"
"""What the tests of this project are told by, which is no setting of the program."""

PEPPER_LENGTH_MIN = 32
SECRET_LENGTH_MIN = 16
ORIGIN = re.compile(r"(?P<scheme>https?)://[a-z0-9.-]+(?::[0-9]{1,5})?")

Port = Annotated[int, Meta(ge=0, le=65_535)]
Count = Annotated[int, Meta(ge=1, le=10_000)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Host = Annotated[str, Meta(min_length=1, max_length=253)]
File = Annotated[str, Meta(max_length=4096)]
PerMinute = Annotated[int, Meta(ge=1, le=10_000_000)]
Pairs = Mapping[str, tuple[str, ...]]


@dataclass(eq=False)
class SettingsInvalid(Refused):
    """Settings are missing, weak, or mean nothing: a sentence each."""

    what: str
    code: ClassVar[str] = "settings_invalid"

    def __str__(self) -> str:
        return self.what


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that differs from one installation to another."""

    environment: Literal["development", "production"] = "production"
    database_url: str
    database_pool_size: Count = 10
    database_pool_timeout: Seconds = 5.0
    database_prepare_threshold: Annotated[int, Meta(ge=0)] = 5
    """How often a statement is seen before it is prepared; 0 is never, as old poolers need it."""
    redis_url: str = ""
    private_network: bool = False
    """Whether nobody else can listen between us, Postgres and Redis, so that plain text will do."""
    peppers: Mapping[int, str]
    square_keys: tuple[str, ...] = ()
    square_url: str = ""
    clover_auth_codes: tuple[str, ...] = ()
    clover_checkout_secrets: Pairs = {}
    clover_api_base: str = "https://api.clover.com"
    clover_tokens: Pairs = {}
    host: Host = "127.0.0.1"
    port: Port = 8000
    metrics_host: Host = "127.0.0.1"
    metrics_port: Port = 0
    """Where `/metrics` is; 0 is nowhere, for `serve` and `work` on one machine need two."""
    public_url: str = ""
    allowed_hosts: tuple[str, ...] = ()
    """The names that we answer to; empty for the one in the public URL."""
    allowed_origins: tuple[str, ...] = ()
    """Pages of others that may ask us with a token, as a browser names them; empty for none."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks whose word on where a request came from is believed."""
    forwarded_header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for"
    """The header in which they say so. What a client wrote into the other, they may pass on."""
    supabase_url: str = ""
    """The Supabase project that signs people in. In development empty for the embedded identity."""
    supabase_key: str = ""
    """The project's secret key."""
    identity_key_file: File = ""
    """Where the embedded identity keeps its keys; empty for new ones at every start."""
    caller_limit: PerMinute = 600
    """Requests a minute of one person, in all processes together; half of them may come at once."""
    address_limit: PerMinute = 3_000
    """The same from one address on the network, whoever asks."""
    sign_in_limit: PerMinute = 60
    """Codes asked for or tried from one address."""
    code_limit: Count = 5
    """Codes sent to one phone or e-mail address in an hour."""
    webhook_limit: PerMinute = 600_000
    """Deliveries from one address: a provider's all come from a few."""
    lease_seconds: Seconds = 30.0
    sweep_seconds: Seconds = 5.0
    drain_seconds: Seconds = 10.0
    inbox_retention_days: Annotated[int, Meta(ge=1, le=90)] = 30
    """How long what tills delivered is kept after it is done. Its rows and hashes stay."""
    tenant_approval: Literal["by_admin", "at_once"] = "by_admin"
    """Whether a business that signs up waits for an admin before its sales are judged."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    clock: Literal["real", "shared"] = "real"

    def __repr__(self) -> str:
        return f"Settings({self.environment}, {len(self.peppers)} peppers)"

    @property
    def address(self) -> str:
        """The address at which the world finds us."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def square_notification_url(self) -> str:
        """What Square was told to post to: it signs this address with every body."""
        return self.square_url or f"{self.address}/webhooks/square"


LISTS = frozenset(
    """
    allowed_hosts allowed_origins clover_auth_codes square_keys trusted_proxies
    """.split()
)
PAIRS = frozenset({"clover_checkout_secrets", "clover_tokens"})


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read all settings.

    Raises:
        SettingsInvalid: one is missing, weak, or means nothing.
    """
    plain = dict(_plain(environ))
    peppers = {name: plain.pop(name) for name in list(plain) if name.startswith(PEPPER)}
    told: dict[str, object] = {name.lower(): _shaped(name, plain[name]) for name in plain}
    told["peppers"] = {_number(name): text for name, text in peppers.items()}
    told.setdefault("database_url", "")
    try:
        settings = msgspec.convert(told, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsInvalid(_named(str(error))) from error
    if complaints := list(_complaints(settings)):
        raise SettingsInvalid("\n".join(complaints))
    return settings


def _plain(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give each setting's name without its prefix, and its text, read from a file if told so."""
    for name, text in environ.items():
        if not name.startswith(PREFIX) or name.startswith(NOT_OURS):
            continue
        short = name.removeprefix(PREFIX)
        if short == "ENV":
            yield "ENVIRONMENT", text
        elif short.endswith(FILE) and short != "IDENTITY_KEY_FILE":
            if name.removesuffix(FILE) in environ:
                raise SettingsInvalid(f"set {name} or {name.removesuffix(FILE)}, not both")
            yield short.removesuffix(FILE), _content(name, text)
        else:
            yield short, text


def _content(name: str, file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{name} names a file that can't be read: {file}") from error


def _shaped(name: str, text: str) -> object:
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    if name.lower() in LISTS:
        return parts
    if name.lower() not in PAIRS:
        return text
    pairs: dict[str, tuple[str, ...]] = {}
    for part in parts:
        left, equals, right = part.partition("=")
        if not (left and equals and right):
            raise SettingsInvalid(f"{PREFIX}{name} is written merchant=secret,merchant=secret")
        pairs[left] = (*pairs.get(left, ()), right)
    return pairs


def _number(name: str) -> int:
    number = name.removeprefix(PEPPER)
    if not (number.isascii() and number.isdigit() and int(number)):
        raise SettingsInvalid(f"number your peppers: {PREFIX}PEPPER_1, not {PREFIX}{name}")
    return int(number)


def _named(said: str) -> str:
    """Say it with the name that the reader has to look for."""
    what, _, where = said.partition(" - at `$.")
    if where:
        return f"{PREFIX}{where.rstrip('`').upper()}: {what[:1].lower()}{what[1:]}"
    unknown = what.removeprefix("Object contains unknown field `").rstrip("`")
    return f"there is no setting {PREFIX}{unknown.upper()}; remove it, or mend its name"


def _complaints(settings: Settings) -> Iterator[str]:
    """Say everything that is wrong, so that nobody mends one thing to hear of the next."""
    is_real = settings.environment == "production"
    yield from _of_stores(settings, is_real=is_real)
    if not settings.peppers:
        yield (
            f"set {PREFIX}PEPPER_1, the secret that codes are made with; "
            "make one with: openssl rand -base64 48"
        )
    for name, text in _secrets(settings):
        length_min = PEPPER_LENGTH_MIN if name.startswith(PEPPER) else SECRET_LENGTH_MIN
        yield from _some(secret_fault(PREFIX + name, text, length_min))
    peppers = {f"{PREFIX}{PEPPER}{number}": text for number, text in settings.peppers.items()}
    others = {f"{PREFIX}{name}": text for name, text in _secrets(settings)}
    yield from same_faults({**peppers, **others})
    yield from _of_identity(settings, is_real=is_real)
    for name in ("public_url", "square_url", "clover_api_base"):
        if url := str(getattr(settings, name)):
            yield from _some(address_fault(PREFIX + name.upper(), url, encrypted=is_real))
    yield from _of_front(settings, is_real=is_real)
    if is_real and settings.clock != "real":
        yield f"{PREFIX}CLOCK is for development: remove it, or set {PREFIX}ENV=development"


def _secrets(settings: Settings) -> Iterator[tuple[str, str]]:
    for number, text in settings.peppers.items():
        yield f"{PEPPER}{number}", text
    for name in ("square_keys", "clover_auth_codes"):
        yield from ((name.upper(), text) for text in getattr(settings, name))
    for name in sorted(PAIRS):
        for texts in getattr(settings, name).values():
            yield from ((name.upper(), text) for text in texts)
    if settings.supabase_key:
        yield "SUPABASE_KEY", settings.supabase_key


def _of_stores(settings: Settings, *, is_real: bool) -> Iterator[str]:
    """Ways to Postgres and Redis, which in production leave this machine encrypted."""
    private = settings.private_network or not is_real
    database, redis = settings.database_url, settings.redis_url
    if not database:
        yield (
            f"set {PREFIX}DATABASE_URL to the address of your Postgres, "
            "like postgresql://user:password@host/salesarck"
        )
        return
    yield from _some(database_fault(f"{PREFIX}DATABASE_URL", database, private=private))
    if redis:
        yield from _some(redis_fault(f"{PREFIX}REDIS_URL", redis, private=private))
    for name, url in (("DATABASE_URL", database), ("REDIS_URL", redis)):
        if is_real and (password := password_of(url)):
            called = f"the password in {PREFIX}{name}"
            yield from _some(secret_fault(called, password, SECRET_LENGTH_MIN))


def _of_identity(settings: Settings, *, is_real: bool) -> Iterator[str]:
    url, key = settings.supabase_url, settings.supabase_key
    if is_real and settings.identity_key_file:
        yield (
            f"{PREFIX}IDENTITY_KEY_FILE is for development: remove it, or set "
            f"{PREFIX}ENV=development"
        )
    if bool(url) != bool(key):
        yield f"set {PREFIX}SUPABASE_URL and {PREFIX}SUPABASE_KEY, the project and its secret key"
    if not url:
        return
    yield from _some(address_fault(f"{PREFIX}SUPABASE_URL", url, encrypted=is_real))
    if url.rstrip("/").endswith("/auth/v1"):
        yield f"{PREFIX}SUPABASE_URL ends before /auth/v1"
    if key.startswith("sb_publishable_") or role_of(key) == "anon":
        yield f"{PREFIX}SUPABASE_KEY is the secret key, not the publishable one"


def _of_front(settings: Settings, *, is_real: bool) -> Iterator[str]:
    """Who may call us what, speak for others, and read what we answer."""
    for host in settings.allowed_hosts:
        if host_of(host) != host:
            yield (
                f"{PREFIX}ALLOWED_HOSTS has names in small letters, without https:// or a port, "
                "like points.example.test"
            )
    for text in settings.trusted_proxies:
        try:
            is_all = ip_network(text).prefixlen == 0
        except ValueError:
            is_all = True
        if is_all:
            yield (
                f"{PREFIX}TRUSTED_PROXIES has addresses of your proxies, and networks that are "
                "yours alone, like 10.0.7.0/24"
            )
    for text in settings.allowed_origins:
        found = ORIGIN.fullmatch(text)
        if not found or (is_real and found["scheme"] != "https"):
            yield (
                f"{PREFIX}ALLOWED_ORIGINS has whole origins as browsers write them, like "
                "https://shop.example.test"
            )


def _some(fault: str | None) -> Iterator[str]:
    if fault:
        yield fault
