"""The recordings' contract passes what is right, sees each fault, and never crashes."""

import base64
import json
from typing import Any

import pytest

from salesarck_domain.errors import Untrusted
from salesarck_domain.testing.recordings import news_of, run_recording
from tests.unit.testing.toy import RecordedToy, toy_signature

SALE = {
    "news": "sale",
    "merchant": "M1",
    "reference": "P1",
    "state": "completed",
    "spend": 1234,
    "tip": 0,
    "currency": "USD",
    "tender": "cash",
    "happened_at": "2026-03-02T18:00:00Z",
    "changed_at": "2026-03-02T18:00:00Z",
}
TOY = {"toy": RecordedToy()}


def recording(body: str | None = None, expect: object = None, **changes: object) -> dict[str, Any]:
    told = json.dumps([SALE]) if body is None else body
    return {
        "provider": "toy",
        "keys": {"secrets": ["s3cret"]},
        "delivery": {"headers": {"X-Toy": toy_signature("s3cret", told.encode())}, "body": told},
        "expect": {"news": [SALE]} if expect is None else expect,
        **changes,
    }


def test_what_reads_as_it_says_passes() -> None:
    assert run_recording(recording(), TOY) == []
    assert run_recording(recording("[]", {"news": []}), TOY) == []
    assert run_recording(recording("{", {"refused": "unreadable"}), TOY) == []
    unsigned = {"headers": {}, "body": "[]"}
    assert run_recording(recording(delivery=unsigned, expect={"refused": "forged"}), TOY) == []


def test_a_body_may_be_bytes_in_base64() -> None:
    body = b"\xff"
    delivery = {
        "headers": {"x-toy": toy_signature("s3cret", body)},
        "body_base64": base64.b64encode(body).decode(),
    }
    assert run_recording(recording(delivery=delivery, expect={"refused": "unreadable"}), TOY) == []


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ({"news": []}, "not expected: sale M1 P1"),
        ({"news": [SALE, SALE]}, "not read: sale M1 P1"),
        ({"news": [{**SALE, "spend": 1}]}, "spend is 1234, not 1"),
        ({"news": [{"news": "refund"}]}, "news is 'sale', not 'refund'"),
        ({"refused": "forged"}, "news instead of forged"),
        ({"refused": "unreadable"}, "news instead of unreadable"),
    ],
)
def test_a_difference_is_told_in_words(expect: object, said: str) -> None:
    assert run_recording(recording(expect=expect), TOY) == [said]


def test_a_refusal_of_what_should_read_is_told() -> None:
    assert run_recording(recording("{"), TOY) == ["unreadable instead of news"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("signs nothing", "forged instead of news"),
        ("believes a missing signature", "believed without its headers"),
        ("trims the body", "believed with a byte more"),
        ("crashes on odd text", "the adapter crashed: UnicodeEncodeError"),
        ("empty list", "believed by a reader with [] for secrets"),
        ("routes nowhere", "its route doesn't name M1"),
        ("remembers", "reading it again reads something else"),
        ("crashes", "the adapter crashed: KeyError('US')"),
    ],
)
def test_each_fault_of_an_adapter_is_seen(fault: str, said: str) -> None:
    found = run_recording(recording(), {"toy": RecordedToy(fault)})
    assert len(found) == 1
    assert found[0].startswith(said)


def test_who_believes_an_empty_secret_is_seen_when_it_is_signed_with_one() -> None:
    body = "[]"
    delivery = {"headers": {"x-toy": toy_signature("", body.encode())}, "body": body}
    played = recording(delivery=delivery, keys={"secrets": [""]}, expect={"refused": "forged"})
    assert run_recording(played, TOY) == []
    assert run_recording(played, {"toy": RecordedToy("empty secret")}) == ["news instead of forged"]


def fetched(**changes: object) -> dict[str, Any]:
    return {
        "provider": "toy",
        "fetch": {"merchant": "M1", "object": "payment", "id": "P1"},
        "answers": [
            {"method": "get", "path": "/GB/M1/payment/P1?expand=x", "status": 200, "body": [SALE]}
        ],
        "keys": {"country": "GB"},
        "expect": {"news": [SALE]},
        **changes,
    }


def test_a_question_is_played_with_its_answers() -> None:
    assert run_recording(fetched(), TOY) == []
    assert run_recording(fetched(answers=[]), TOY) == ["not read: sale M1 P1"]
    busy = [{"method": "GET", "path": "/GB/M1/payment/P1", "status": 503}]
    assert run_recording(fetched(answers=busy, expect={"refused": "unavailable"}), TOY) == []


def without(key: str, whole: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in whole.items() if name != key}


DELIVERED, FETCHED = recording(), fetched()


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        "recording",
        {},
        without("provider", DELIVERED),
        without("expect", DELIVERED),
        without("delivery", DELIVERED),
        without("answers", FETCHED),
        {**DELIVERED, **FETCHED},
        {**DELIVERED, "provider": "cobbler"},
        {**DELIVERED, "provider": 7},
        {**DELIVERED, "keys": []},
        {**DELIVERED, "keys": {"secrets": "s3cret"}},
        {**DELIVERED, "keys": {"secrets": ["s3cret"], "country": 1}},
        {**DELIVERED, "keys": {"secrets": ["s3cret"], "now": "noon"}},
        {**DELIVERED, "keys": {"secrets": ["s3cret"], "now": 10**12}},
        {**DELIVERED, "keys": {"secrets": ["s3cret"], "now": 10**30}},
        {**DELIVERED, "expect": {}},
        {**DELIVERED, "expect": {"news": [], "refused": "forged"}},
        {**DELIVERED, "expect": {"refused": "ugly"}},
        {**DELIVERED, "expect": {"news": {}}},
        {**DELIVERED, "expect": {"news": ["sale"]}},
        {**DELIVERED, "delivery": {}},
        {**DELIVERED, "delivery": {"body": "[]", "body_base64": ""}},
        {**DELIVERED, "delivery": {"body": 7}},
        {**DELIVERED, "delivery": {"body": "\ud800"}},
        {**DELIVERED, "delivery": {"body_base64": "?"}},
        {**DELIVERED, "delivery": {"body": "[]", "headers": {"x-toy": 7}}},
        {**FETCHED, "fetch": {"merchant": "M1", "object": "refund", "id": "R1"}},
        {**FETCHED, "fetch": {"merchant": "M1", "object": "payment"}},
        {**FETCHED, "answers": [{"path": "/x", "status": 200}]},
        {**FETCHED, "answers": [{"method": "GET", "path": "/x", "status": "200"}]},
        {**FETCHED, "answers": "none"},
    ],
)
def test_what_is_no_recording_is_a_sentence(broken: object) -> None:
    (said,) = run_recording(broken, TOY)
    assert said.startswith("not a recording: ")


def test_a_recording_can_be_read_whatever_it_expects() -> None:
    (news,) = news_of(recording(expect={"news": []}), TOY)
    assert type(news).__name__ == "SaleNews"
    with pytest.raises(Untrusted):
        news_of(recording(delivery={"headers": {}, "body": "[]"}), TOY)
    with pytest.raises(ValueError, match="no adapter for 'cobbler'; there is toy"):
        news_of({**DELIVERED, "provider": "cobbler"}, TOY)
