"""A till of nobody's, with one fault at a time: what the recordings' contract must see."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from salesarck_domain.news import News
from salesarck_domain.news_codec import decode_news, plain_list
from salesarck_domain.ports.pos import (
    Answer,
    Delivery,
    Fetched,
    Fetcher,
    ForgedDelivery,
    Genuine,
    ProviderUnavailable,
    Question,
    Route,
    UnreadableDelivery,
    WebhookReader,
)
from salesarck_domain.testing.recordings import RecordedAnswer


def toy_signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass(slots=True)
class ToyReader:
    """Its bodies are news in our words already."""

    secrets: Sequence[str]
    fault: str
    provider: str = "toy"
    memory: list[bytes] = field(default_factory=list[bytes])

    def authenticate(self, delivery: Delivery) -> Genuine:
        body = b"" if self.fault == "signs nothing" else delivery.body
        offered = delivery.headers.get("x-toy", "")
        if self.fault == "believes a missing signature" and not offered:
            offered = toy_signature(self.secrets[0], body)
        if self.fault == "trims the body":
            body = body.strip()
        if self.fault == "crashes on odd text":
            offered.encode("ascii")
        secrets = [secret for secret in self.secrets if secret or self.fault == "empty secret"]
        known = [toy_signature(secret, body) for secret in secrets]
        if self.fault == "empty list" and not self.secrets:
            known = [offered]
        if offered not in known:
            raise ForgedDelivery(self.provider)
        return Genuine(delivery.body, delivery.headers, delivery.received_at)

    def route(self, genuine: Genuine) -> Route:
        named = {} if self.fault == "routes nowhere" else {"M1": 0}
        return Route(genuine.body.hex(), tuple(named))

    def read(self, genuine: Genuine, country: str) -> Sequence[News]:
        try:
            told = plain_list("body", json.loads(genuine.body))
        except ValueError as error:
            raise UnreadableDelivery(self.provider, str(error)) from error
        news = [decode_news(item) for item in told]
        if self.fault == "remembers" and genuine.body in self.memory:
            return ()
        self.memory.append(genuine.body)
        if self.fault == "crashes":
            raise KeyError(country)
        return news


@dataclass(frozen=True, slots=True)
class ToyFetcher:
    """Its answers are news in our words already."""

    answers: Sequence[RecordedAnswer]
    provider: str = "toy"

    async def fetch(self, question: Question, country: str) -> Fetched:
        path = f"/{country}/{question.merchant}/{question.object}/{question.id}"
        for told in self.answers:
            if (told.method, told.path) == ("GET", path):
                if told.status != 200:
                    raise ProviderUnavailable(self.provider, told.headers.get("why", ""))
                news = [decode_news(item) for item in json.loads(told.body)]
                return Fetched(news, [Answer("GET", path, 200, told.body.decode())])
        return Fetched(())


@dataclass(frozen=True, slots=True)
class RecordedToy:
    """Makes the toy from `secrets`."""

    fault: str = ""

    def reader(self, keys: Mapping[str, object]) -> WebhookReader:
        return ToyReader(
            [str(secret) for secret in plain_list("secrets", keys["secrets"])], self.fault
        )

    def signs_bodies(self, keys: Mapping[str, object]) -> bool:
        return bool(keys)

    def fetcher(self, answers: Sequence[RecordedAnswer]) -> Fetcher:
        return ToyFetcher(answers)
