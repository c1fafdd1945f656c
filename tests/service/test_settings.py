"""A setting that is missing, weak or misspelled stops the start with a sentence."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from salesarck_domain.phone import Phone
from salesarck_service.container.identity import open_identity
from salesarck_service.settings import SettingsInvalid, read_settings

STRONG = "abcdefghijklmnopqrstuvwxyz0123456789"
GOOD = {
    "SALESARCK_ENV": "development",
    "SALESARCK_DATABASE_URL": "postgresql://localhost/salesarck",
    "SALESARCK_PEPPER_1": STRONG,
    "SALESARCK_SQUARE_KEYS": STRONG,
    "SALESARCK_PUBLIC_URL": "https://hooks.example.test/",
}

PROJECT = {"SALESARCK_SUPABASE_URL": "https://a.test", "SALESARCK_SUPABASE_KEY": STRONG}


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
        ({"SALESARCK_SUPABASE_URL": "https://a.test"}, "SUPABASE_URL and SALESARCK_SUPABASE_KEY"),
        ({"SALESARCK_SUPABASE_KEY": STRONG}, "SUPABASE_URL and SALESARCK_SUPABASE_KEY"),
        ({**PROJECT, "SALESARCK_SUPABASE_KEY": "secret"}, "SALESARCK_SUPABASE_KEY is too weak"),
        ({**PROJECT, "SALESARCK_SUPABASE_KEY": f"sb_publishable_{STRONG}"}, "is the secret key"),
        ({**PROJECT, "SALESARCK_SUPABASE_URL": "a.test"}, "SALESARCK_SUPABASE_URL begins with"),
        ({**PROJECT, "SALESARCK_SUPABASE_URL": "https://a.test/auth/v1/"}, "ends before /auth/v1"),
        (
            {
                **PROJECT,
                "SALESARCK_SUPABASE_URL": "http://a.test",
                "SALESARCK_ENV": "production",
            },
            "SALESARCK_SUPABASE_URL begins with https",
        ),
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


async def test_people_who_are_real_need_a_real_identity() -> None:
    settings = read_settings({**GOOD, "SALESARCK_ENV": "production"})
    with pytest.raises(SettingsInvalid, match="set SALESARCK_SUPABASE_URL to your"):
        async with open_identity(settings):
            pass
    settings = read_settings({**GOOD, **PROJECT, "SALESARCK_ENV": "production"})
    async with open_identity(settings) as signing_in:
        assert STRONG not in repr(settings)
        assert STRONG not in repr(signing_in)


async def test_in_development_a_code_is_shown_and_the_keys_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = read_settings({**GOOD, "SALESARCK_IDENTITY_KEY_FILE": str(tmp_path / "key.pem")})
    ada = Phone("+15555550100")
    async with open_identity(settings) as first:
        await first.identity.send_code(ada)
        said = capsys.readouterr().out
        assert said.startswith("the code for +15555550100 is ")
        session = await first.identity.verify_code(ada, said.split()[-1])
    async with open_identity(settings) as second:
        assert (await second.verifier.verify_token(session.access_token)).phone == ada
