"""Every recording says what it says, to us and to the signer that made it."""

import json
from pathlib import Path
from typing import Any

import pytest

from salesarck_adapters.pos import RECORDED
from salesarck_domain.testing.recordings import run_recording
from tests.contract.pos.sign import signed_headers

HERE = Path(__file__).parent
OWN = sorted((HERE / "recordings").rglob("*.json"))
SHARED_FOLDER = Path(__file__).parents[3].parent / "shared" / "recordings"
SHARED = sorted(file for provider in RECORDED for file in (SHARED_FOLDER / provider).glob("*.json"))


def name(file: Path) -> str:
    return f"{file.parent.name}-{file.stem}"


def load(file: Path) -> dict[str, Any]:
    recording = json.loads(file.read_text())
    assert isinstance(recording, dict)
    return recording


@pytest.mark.parametrize("file", OWN, ids=name)
def test_our_own_recording_reads_as_it_says(file: Path) -> None:
    assert run_recording(load(file), RECORDED) == []


@pytest.mark.skipif(not SHARED, reason="no shared/recordings beside the project")
def test_shared_recordings_read_as_they_say() -> None:
    failed = {name(file): run_recording(load(file), RECORDED) for file in SHARED}
    assert {which: gaps for which, gaps in failed.items() if gaps} == {}


@pytest.mark.parametrize("file", OWN, ids=name)
def test_a_recording_is_named_for_its_file_and_says_why_it_is_there(file: Path) -> None:
    recording = load(file)
    assert (recording["provider"], recording["name"]) == (file.parent.name, file.stem)
    assert recording["about"]
    assert recording["origin"] in {"recorded", "vendor example", "constructed"}


DELIVERY = {"headers": {}, "body": "{}"}
URL = "https://points.example.test"


@pytest.mark.parametrize(
    ("provider", "keys"),
    [
        ("square", {"signature_keys": ["key"]}),
        ("square", {"signature_keys": [None], "notification_url": URL}),
        ("square", {"signature_keys": "key", "notification_url": URL}),
        ("square", {"signature_keys": ["\ud800"], "notification_url": URL}),
        ("square", {"notification_url": URL}),
        ("clover", {}),
        ("clover", {"auth_codes": ["code"], "signing_secrets": ["secret"]}),
        ("clover", {"auth_codes": [7]}),
        ("clover", {"signing_secrets": "secret"}),
        ("shopify", {"client_secrets": ["secret"]}),
    ],
)
def test_keys_that_are_none_are_told_from_a_forgery(provider: str, keys: object) -> None:
    told = {"provider": provider, "keys": keys, "delivery": DELIVERY}
    (said,) = run_recording({**told, "expect": {"refused": "forged"}}, RECORDED)
    assert said.startswith("not a recording: ")


def test_square_has_nothing_to_fetch() -> None:
    asked = {"merchant": "M1", "object": "payment", "id": "P1"}
    told = {"provider": "square", "fetch": asked, "answers": [], "expect": {"news": []}}
    assert run_recording(told, RECORDED) == [
        "not a recording: square has nothing to fetch, so 0 answers are no use"
    ]


GENUINE = [
    file
    for file in OWN
    if "delivery" in load(file)
    and load(file)["expect"].get("refused") != "forged"
    and not file.stem.removeprefix("checkout-").startswith("handshake")
]


@pytest.mark.parametrize("file", GENUINE, ids=name)
def test_what_is_genuine_was_signed_by_the_tests_own_signer(file: Path) -> None:
    recording = load(file)
    sent = {key.lower(): value for key, value in recording["delivery"]["headers"].items()}
    secrets = next(value for value in recording["keys"].values() if isinstance(value, list))
    if at := sent.get("clover-signature"):
        parts = [part.strip() for part in at.split(",")]
        (moment,) = [part[2:] for part in parts if part.startswith("t=")]
        recording["keys"]["now"] = moment
        sent = {"clover-signature": ",".join([f"t={moment}", *parts])}
    signed = [signed_headers(recording, index) for index in range(len(secrets))]
    assert any(
        all(part in sent[key] for key, value in headers.items() for part in value.split(","))
        for headers in signed
    )
