"""A setting that is missing, weak or misspelled stops the start with a sentence."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from salesarck_service.settings import SettingsInvalid, read_settings

STRONG = "abcdefghijklmnopqrstuvwxyz0123456789"
GOOD = {
    "SALESARCK_ENV": "development",
    "SALESARCK_DATABASE_URL": "postgresql://localhost/salesarck",
    "SALESARCK_PEPPER_1": STRONG,
    "SALESARCK_SQUARE_KEYS": STRONG,
    "SALESARCK_PUBLIC_URL": "https://hooks.example.test/",
}


def test_good_settings_are_read() -> None:
    settings = read_settings({**GOOD, "SALESARCK_CLOVER_TOKENS": "M1=a,M1=b,M2=c", "PATH": "/bin"})
    assert settings.environment == "development"
    assert settings.square_notification_url == "https://hooks.example.test/webhooks/square"
    assert settings.clover_tokens == {"M1": ("a", "b"), "M2": ("c",)}
    assert STRONG not in repr(settings)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "pepper").write_text(f"{STRONG}2\n")
    told = {**GOOD, "SALESARCK_PEPPER_2_FILE": str(tmp_path / "pepper")}
    assert read_settings(told).peppers == {1: STRONG, 2: f"{STRONG}2"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SALESARCK_DATABASE_URL": ""}, "set SALESARCK_DATABASE_URL"),
        ({"SALESARCK_PEPPER_1": "short"}, "SALESARCK_PEPPER_1 is too weak"),
        ({"SALESARCK_PEPPER_1": "a" * 40}, "SALESARCK_PEPPER_1 is too weak"),
        ({"SALESARCK_PEPPER_X": STRONG}, "number your peppers"),
        ({"SALESARCK_SQUARE_KEYS": "asdf1234"}, "SALESARCK_SQUARE_KEYS is too weak"),
        ({"SALESARCK_CLOVER_AUTH_CODES": "x"}, "SALESARCK_CLOVER_AUTH_CODES is too weak"),
        ({"SALESARCK_CLOVER_TOKENS": "M1"}, "merchant=secret"),
        ({"SALESARCK_PORT": "http"}, "SALESARCK_PORT"),
        ({"SALESARCK_PORTT": "1"}, "no setting SALESARCK_PORTT"),
        ({"SALESARCK_PUBLIC_URL": "hooks.example.test"}, "SALESARCK_PUBLIC_URL begins with"),
        ({"SALESARCK_PEPPER_2_FILE": "/nowhere/to/be/found"}, "can't be read"),
        ({"SALESARCK_PEPPER_1_FILE": "/nowhere"}, "not both"),
    ],
    ids=str,
)
def test_a_bad_one_is_named(changed: Mapping[str, str], said: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read_settings({**GOOD, **changed})
    assert said in str(refused.value)


def test_without_a_pepper_nothing_starts() -> None:
    told = {name: text for name, text in GOOD.items() if "PEPPER" not in name}
    with pytest.raises(SettingsInvalid, match="SALESARCK_PEPPER_1"):
        read_settings(told)
