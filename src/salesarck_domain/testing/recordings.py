"""Recordings: what a till sent, and what an adapter must read from it, as one JSON file each.

Any team can hold its adapter to its own recordings: say how to make it from a recording's `keys`
(`RecordedTill`) and call `run_recording`. It answers with differences in words; none is a pass.
Besides the news it holds the adapter to what every port promises: the same delivery reads the
same twice, its route names every merchant it tells of, and no doctored delivery is believed.
"""

import asyncio
import json
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol, Self

from salesarck_domain.errors import Unavailable, Unreadable, Untrusted
from salesarck_domain.news import News, VerificationNews
from salesarck_domain.news_codec import encode_news, plain_list, plain_object
from salesarck_domain.ports.pos import Delivery, Fetcher, Question, WebhookReader
from salesarck_domain.testing.matching import unmatched

REFUSALS: Mapping[str, type[Exception]] = {
    "forged": Untrusted,
    "unreadable": Unreadable,
    "unavailable": Unavailable,
}
OBJECTS = ("payment", "order", "customer")
RECEIVED_AT = datetime(2026, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GARBLED = "Ünsinn \udcff"


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """What a provider's API says to one request; whatever else it is asked it answers 404."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class RecordedTill(Protocol):
    """How to make one provider's adapter from what a recording says."""

    def reader(self, keys: Mapping[str, object]) -> WebhookReader:
        """Make a reader that knows these keys.

        Raises:
            ValueError: the keys are not this provider's.
        """
        ...

    def signs_bodies(self, keys: Mapping[str, object]) -> bool:
        """Whether a changed body shows: some providers only send a secret along."""
        ...

    def fetcher(self, answers: Sequence[RecordedAnswer]) -> Fetcher:
        """Make a fetcher that gets these answers.

        Raises:
            ValueError: this provider's news is never thin.
        """
        ...


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording, taken apart: what is told to the adapter, and what it must make of it."""

    provider: str
    keys: Mapping[str, object]
    country: str
    told: Delivery | Question
    answers: Sequence[RecordedAnswer]
    news: Sequence[Mapping[str, object]]
    refused: str | None

    @classmethod
    def of(cls, data: object) -> Self:
        """Take a recording apart.

        Raises:
            ValueError: it isn't one; the sentence says what to mend.
        """
        whole = plain_object("a recording", data)
        if ("delivery" in whole) == ("fetch" in whole):
            raise ValueError("a recording has either 'delivery' or 'fetch'")
        keys = plain_object("keys", whole.get("keys", {}))
        news, refused = _expectation(plain_object("expect", _need(whole, "expect")))
        asks = "fetch" in whole
        answers = plain_list("answers", _need(whole, "answers")) if asks else ()
        return cls(
            provider=_text(whole, "provider"),
            keys=keys,
            country=_text({"country": "US", **keys}, "country"),
            told=_question(whole["fetch"]) if asks else _delivery(whole["delivery"], keys),
            answers=tuple(map(_answer, answers)),
            news=news,
            refused=refused,
        )


def run_recording(recording: object, tills: Mapping[str, RecordedTill]) -> list[str]:
    """Play a recording to its provider's adapter; say in words what it got wrong.

    An adapter that crashes, and a recording that isn't one, are differences too.
    """
    try:
        played = Recording.of(recording)
        till = _till(played.provider, tills)
        ask = _ask(played, till)
    except ValueError as error:
        return [f"not a recording: {error}"]
    try:
        return _differences(played, till, ask)
    except Exception as error:  # noqa: BLE001 - whatever an adapter raises is what we look for
        return [f"the adapter crashed: {error!r}"]


def news_of(recording: object, tills: Mapping[str, RecordedTill]) -> Sequence[News]:
    """Read a recording, whatever it expects.

    Raises:
        ValueError: it isn't a recording.
        SalesArckError: the adapter refuses it, in its own words.
    """
    played = Recording.of(recording)
    return _ask(played, _till(played.provider, tills))()


def _till(provider: str, tills: Mapping[str, RecordedTill]) -> RecordedTill:
    if provider not in tills:
        raise ValueError(f"no adapter for {provider!r}; there is {', '.join(sorted(tills))}")
    return tills[provider]


def _ask(played: Recording, till: RecordedTill) -> Callable[[], Sequence[News]]:
    told = played.told
    if isinstance(told, Question):
        fetcher = till.fetcher(played.answers)
        return lambda: asyncio.run(fetcher.fetch(told, played.country)).news
    reader = till.reader(played.keys)
    return lambda: reader.read(reader.authenticate(told), played.country)


def _differences(
    played: Recording, till: RecordedTill, ask: Callable[[], Sequence[News]]
) -> list[str]:
    news, refused = _outcome(ask)
    if refused != played.refused:
        return [f"{refused or 'news'} instead of {played.refused or 'news'}"]
    found = unmatched(played.news, [encode_news(item) for item in news])
    if _outcome(ask) != (news, refused):
        found.append("reading it again reads something else")
    if isinstance(played.told, Delivery) and refused != "forged":
        found += _doctored(played, played.told, till, news)
    return found


def _outcome(ask: Callable[[], Sequence[News]]) -> tuple[list[News], str | None]:
    try:
        return list(ask()), None
    except tuple(REFUSALS.values()) as refusal:
        return [], next(word for word, kind in REFUSALS.items() if isinstance(refusal, kind))


def _doctored(
    played: Recording, delivery: Delivery, till: RecordedTill, news: Sequence[News]
) -> list[str]:
    """Hold the adapter to what its port promises about a delivery that it believes."""
    reader = till.reader(played.keys)
    told = {merchant for item in news if (merchant := getattr(item, "merchant", None))}
    route = reader.route(reader.authenticate(delivery))
    found = [f"its route doesn't name {merchant}" for merchant in told - set(route.merchants)]
    if any(isinstance(item, VerificationNews) for item in news):
        return found
    garbled = dict.fromkeys(delivery.headers, GARBLED)
    attempts = {
        "without its headers": (reader, replace(delivery, headers={})),
        "with garbled headers": (reader, replace(delivery, headers=garbled)),
    }
    for closed in ([""], []):
        keys = {
            name: closed if isinstance(value, list) else value
            for name, value in played.keys.items()
        }
        attempts[f"by a reader with {closed} for secrets"] = (till.reader(keys), delivery)
    if till.signs_bodies(played.keys):
        for name, body in _changed_bodies(delivery.body):
            attempts[f"with {name}"] = (reader, replace(delivery, body=body))
    return found + [
        f"believed {how}" for how, (door, sent) in attempts.items() if not _is_refused(door, sent)
    ]


def _changed_bodies(body: bytes) -> list[tuple[str, bytes]]:
    changed = [("a byte more", body + b" ")]
    for index in {0, len(body) // 2, len(body) - 1} if body else ():
        flipped = body[:index] + bytes([body[index] ^ 1]) + body[index + 1 :]
        changed.append((f"byte {index} changed", flipped))
    return changed


def _is_refused(reader: WebhookReader, delivery: Delivery) -> bool:
    try:
        reader.authenticate(delivery)
    except Untrusted:
        return True
    return False


def _need(data: Mapping[str, object], key: str) -> object:
    if key not in data:
        raise ValueError(f"{key!r} is missing")
    return data[key]


def _text(data: Mapping[str, object], key: str) -> str:
    value = _need(data, key)
    if isinstance(value, str):
        return value
    raise ValueError(f"{key!r} must be text, got {value!r}")


def _whole(data: Mapping[str, object], key: str) -> int:
    value = _need(data, key)
    if type(value) is int:
        return value
    raise ValueError(f"{key!r} must be a whole number, got {value!r}")


def _headers(data: Mapping[str, object]) -> Mapping[str, str]:
    headers = plain_object("headers", data.get("headers", {}))
    return {name.lower(): _text(headers, name) for name in headers}


def _expectation(
    expect: Mapping[str, object],
) -> tuple[Sequence[Mapping[str, object]], str | None]:
    if ("news" in expect) == ("refused" in expect):
        raise ValueError("'expect' has either 'news' or 'refused'")
    if "news" in expect:
        listed = plain_list("expect.news", expect["news"])
        return [plain_object("expected news", item) for item in listed], None
    refused = _text(expect, "refused")
    if refused not in REFUSALS:
        raise ValueError(f"'refused' is one of {', '.join(REFUSALS)}, got {refused!r}")
    return (), refused


def _delivery(data: object, keys: Mapping[str, object]) -> Delivery:
    delivery = plain_object("delivery", data)
    if ("body" in delivery) == ("body_base64" in delivery):
        raise ValueError("a delivery has either 'body' or 'body_base64'")
    if "body" in delivery:
        body = _text(delivery, "body").encode()
    else:
        body = b64decode(_text(delivery, "body_base64"), validate=True)
    return Delivery(body, _headers(delivery), _now(keys))


def _now(keys: Mapping[str, object]) -> datetime:
    if "now" not in keys:
        return RECEIVED_AT
    try:
        return EPOCH + timedelta(seconds=_whole(keys, "now"))
    except OverflowError as beyond:
        raise ValueError(f"no calendar has 'now', {keys['now']!r}") from beyond


def _question(data: object) -> Question:
    asked = plain_object("fetch", data)
    question = Question(_text(asked, "merchant"), _text(asked, "object"), _text(asked, "id"))
    if question.object not in OBJECTS:
        raise ValueError(f"'object' is one of {', '.join(OBJECTS)}, got {question.object!r}")
    return question


def _answer(data: object) -> RecordedAnswer:
    answer = plain_object("an answer", data)
    body = answer.get("body", "")
    return RecordedAnswer(
        method=_text(answer, "method").upper(),
        path=_text(answer, "path").partition("?")[0],
        status=_whole(answer, "status"),
        headers=_headers(answer),
        body=(body if isinstance(body, str) else json.dumps(body)).encode(),
    )
