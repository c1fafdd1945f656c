"""Whatever bytes come, a reader gives news or one of two errors, and keeps to itself."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
from hypothesis import given
from hypothesis import strategies as st

from salesarck_adapters.http import polite_client
from salesarck_adapters.pos.clover import CloverApp, CloverCheckout, CloverFetcher
from salesarck_adapters.pos.square import Square, Subscription
from salesarck_domain.news import News
from salesarck_domain.news_codec import decode_news, encode_news
from salesarck_domain.ports.pos import (
    Delivery,
    ForgedDelivery,
    Genuine,
    Question,
    UnreadableDelivery,
    WebhookReader,
)
from tests.contract.pos.sign import body_of

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
READERS = st.sampled_from(
    [
        Square([Subscription(b"key", "https://points.example.test")]),
        CloverApp([b"code"]),
        CloverCheckout([b"secret"]),
    ]
)
FILES = sorted((Path(__file__).parent / "recordings").rglob("*.json"))
BODIES = [
    json.loads(body_of(recording["delivery"]))
    for recording in (json.loads(file.read_text()) for file in FILES)
    if "delivery" in recording and recording["expect"].get("news")
]
ANSWERS = [
    answer["body"]
    for recording in (json.loads(file.read_text()) for file in FILES)
    if recording["expect"].get("news")
    for answer in recording.get("answers", ())
]
VALUES: st.SearchStrategy[object] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["", "USD", "COMPLETED", "2026-05-04T24:00:00Z", "0001-01-01T00:00:00+23:59"]),
    st.sampled_from(["\x00", "9999-12-31T23:59:59-23:59", "2026-13-01T00:00:00Z", [], {}, [{}]]),
)


def mutated(draw: st.DrawFn, value: object) -> object:
    """Change one place of a JSON value: drop it, or put something else there."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(value)))
        if draw(st.integers(0, 6)) == 0:
            return {name: kept for name, kept in value.items() if name != key}
        return {**value, key: mutated(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        return [mutated(draw, value[0]), *value[1:]]
    return draw(VALUES)


@st.composite
def spoiled_bodies(draw: st.DrawFn) -> bytes:
    return json.dumps(mutated(draw, draw(st.sampled_from(BODIES)))).encode()


@st.composite
def spoiled_answers(draw: st.DrawFn) -> bytes:
    return json.dumps(mutated(draw, draw(st.sampled_from(ANSWERS)))).encode()


@st.composite
def cut_bodies(draw: st.DrawFn) -> bytes:
    body = json.dumps(draw(st.sampled_from(BODIES))).encode()
    at = draw(st.integers(0, len(body)))
    return body[:at] + draw(st.binary(max_size=3)) + body[at + draw(st.integers(0, 3)) :]


def check(news: Sequence[News]) -> None:
    """What was read can be written, kept and read back."""
    for item in news:
        told = json.dumps(encode_news(item))
        assert "\\u0000" not in told
        assert decode_news(json.loads(told)) == item


@given(READERS, st.one_of(st.binary(), spoiled_bodies(), cut_bodies()))
def test_any_body_is_news_or_unreadable(reader: WebhookReader, body: bytes) -> None:
    genuine = Genuine(body, {}, NOON)
    route = reader.route(genuine)
    assert 0 < len(route.key) <= 255
    with suppress(UnreadableDelivery):
        news = reader.read(genuine, "US")
        check(news)
        told = {getattr(item, "merchant", None) for item in news}
        assert told - {None} <= set(route.merchants)


HEADERS = ("x-square-hmacsha256-signature", "x-clover-auth", "clover-signature")


@given(
    READERS,
    st.one_of(
        st.text(st.characters(codec=None)),
        st.from_regex(r"\A(t=[0-9]{0,13},?|v1=[0-9a-f]{0,64},?| ){0,4}\Z"),
    ),
)
def test_any_header_is_refused(reader: WebhookReader, text: str) -> None:
    try:
        reader.authenticate(Delivery(b"{}", dict.fromkeys(HEADERS, text), NOON))
    except ForgedDelivery:
        return
    assert text == "code"


@given(
    st.sampled_from(["payment", "order", "customer"]),
    st.one_of(st.binary(max_size=20), spoiled_answers()),
)
def test_any_answer_is_news_or_unreadable(object_: str, body: bytes) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    fetcher = CloverFetcher(polite_client(transport), "https://clover.test", lambda _: "token")
    with suppress(UnreadableDelivery):
        fetched = asyncio.run(fetcher.fetch(Question("CAFE1", object_, "X1"), "US"))
        check(fetched.news)
