"""Settings: from the environment, or from mounted files, and never weak.

Each setting is a variable `SALESARCK_` and its name in capitals. Where `…_FILE` is set instead, the
value is what that file holds. Lists are written with commas, pairs with an equals sign.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

from salesarck_domain.errors import Refused

PREFIX = "SALESARCK_"
FILE = "_FILE"
PEPPER = "PEPPER_"
NOT_OURS = "SALESARCK_TEST_"
"""What the tests of this project are told by, which is no setting of the program."""

PEPPER_LENGTH_MIN = 32
SECRET_LENGTH_MIN = 16
SIGNS_MIN = 8
"""A secret made of fewer different signs was typed, not made."""

Port = Annotated[int, Meta(ge=0, le=65_535)]
Count = Annotated[int, Meta(ge=1, le=10_000)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Pairs = Mapping[str, tuple[str, ...]]


@dataclass(eq=False)
class SettingsInvalid(Refused):
    """A setting is missing, weak, or means nothing."""

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
    peppers: Mapping[int, str]
    square_keys: tuple[str, ...] = ()
    square_url: str = ""
    clover_auth_codes: tuple[str, ...] = ()
    clover_checkout_secrets: Pairs = {}
    clover_api_base: str = "https://api.clover.com"
    clover_tokens: Pairs = {}
    host: str = "127.0.0.1"
    port: Port = 8000
    metrics_host: str = "127.0.0.1"
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
    identity_key_file: str = ""
    """Where the embedded identity keeps its keys; empty for new ones at every start."""
    lease_seconds: Seconds = 30.0
    sweep_seconds: Seconds = 5.0
    drain_seconds: Seconds = 10.0
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
    if not told.get("database_url"):
        raise SettingsInvalid(
            f"set {PREFIX}DATABASE_URL to the address of your Postgres, "
            "like postgresql://user:password@host/salesarck"
        )
    try:
        settings = msgspec.convert(told, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsInvalid(_named(str(error))) from error
    _check(settings)
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


def _check(settings: Settings) -> None:
    if not settings.peppers:
        raise SettingsInvalid(
            f"set {PREFIX}PEPPER_1, the secret that codes are made with; "
            "make one with: openssl rand -base64 48"
        )
    secrets = [(f"PEPPER_{number}", text) for number, text in settings.peppers.items()]
    for name, text in secrets:
        _check_secret(name, text, PEPPER_LENGTH_MIN)
    _check_identity(settings)
    shared = [("SQUARE_KEYS", text) for text in settings.square_keys]
    shared += [("CLOVER_AUTH_CODES", text) for text in settings.clover_auth_codes]
    for texts in settings.clover_checkout_secrets.values():
        shared += [("CLOVER_CHECKOUT_SECRETS", text) for text in texts]
    for name, text in shared:
        _check_secret(name, text, SECRET_LENGTH_MIN)
    for name in ("public_url", "square_url", "clover_api_base"):
        url = str(getattr(settings, name))
        if url and not url.startswith(("http://", "https://")):
            raise SettingsInvalid(f"{PREFIX}{name.upper()} begins with https://")


def _check_identity(settings: Settings) -> None:
    url, key = settings.supabase_url, settings.supabase_key
    if bool(url) != bool(key):
        raise SettingsInvalid(
            f"set {PREFIX}SUPABASE_URL and {PREFIX}SUPABASE_KEY, the project and its secret key"
        )
    if not url:
        return
    ours = ("https://",) if settings.environment == "production" else ("https://", "http://")
    if not url.startswith(ours):
        raise SettingsInvalid(f"{PREFIX}SUPABASE_URL begins with https://")
    if url.rstrip("/").endswith("/auth/v1"):
        raise SettingsInvalid(f"{PREFIX}SUPABASE_URL ends before /auth/v1")
    if key.startswith("sb_publishable_"):
        raise SettingsInvalid(f"{PREFIX}SUPABASE_KEY is the secret key, not the publishable one")
    _check_secret("SUPABASE_KEY", key, SECRET_LENGTH_MIN)


def _check_secret(name: str, text: str, length_min: int) -> None:
    if len(text.encode()) < length_min or len(set(text)) < SIGNS_MIN:
        raise SettingsInvalid(
            f"{PREFIX}{name} is too weak: use at least {length_min} signs, and let a machine "
            "make them: openssl rand -base64 48"
        )
