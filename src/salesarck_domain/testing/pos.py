"""What every point-of-sale adapter promises, as tests that come with the promise.

They hold an adapter to its port; `recordings` holds it to what its provider really sends.
"""

from collections.abc import Sequence
from dataclasses import replace

from salesarck_domain.news import News
from salesarck_domain.ports.pos import (
    Delivery,
    Fetcher,
    ForgedDelivery,
    LinkRefused,
    ProviderUnavailable,
    Question,
    UnreadableDelivery,
    WebhookReader,
)
from salesarck_domain.testing.expect import expect

GARBAGE = (b"", b"\xff", b"null", b"[]", b'"text"', b"[" * 100_000, b'{"hello": "world"}', b"{} x")


class WebhookReaderContract:
    """Subclass it, say these things, and inherit the tests.

    It needs no test runner of its own, so any team can hold its adapter to it.
    """

    reader: WebhookReader
    closed_readers: Sequence[WebhookReader]  # no secret, an empty one, and so on
    signs_bodies: bool = True  # False where a provider only sends a secret along
    body: bytes  # a delivery with news in it, as the provider really sends it
    merchants: Sequence[str]  # whom it is for
    expected: Sequence[News]  # the same, in our words
    other_bodies: Sequence[bytes] = ()  # what the provider sends that is nothing to us
    country: str = "US"

    def sign(self, body: bytes) -> Delivery:
        """Deliver `body` as the provider would, without asking the adapter how."""
        raise NotImplementedError

    def read(self, delivery: Delivery) -> Sequence[News]:
        """Believe a delivery and read it."""
        return list(self.reader.read(self.reader.authenticate(delivery), self.country))

    def test_a_delivery_is_read_as_it_happened(self) -> None:
        assert self.read(self.sign(self.body)) == list(self.expected)

    def test_reading_keeps_no_memory(self) -> None:
        delivery = self.sign(self.body)
        assert self.read(delivery) == self.read(delivery)

    def test_each_merchant_can_be_read_alone(self) -> None:
        believed = self.reader.authenticate(self.sign(self.body))
        for merchant in self.merchants:
            part = self.reader.read(replace(believed, merchant=merchant), self.country)
            theirs = [news for news in self.expected if getattr(news, "merchant", "") == merchant]
            assert list(part) == theirs

    def test_other_deliveries_are_no_news(self) -> None:
        for body in self.other_bodies:
            assert not self.read(self.sign(body)), body

    def test_a_route_names_the_merchants_and_tells_deliveries_apart(self) -> None:
        believed = self.reader.authenticate(self.sign(self.body))
        route = self.reader.route(believed)
        assert sorted(route.merchants) == sorted(self.merchants)
        assert route == self.reader.route(believed)
        other = self.reader.route(self.reader.authenticate(self.sign(b'{"hello": "world"}')))
        assert other.key != route.key

    def test_a_changed_body_is_a_forgery(self) -> None:
        if self.signs_bodies:
            delivery = self.sign(self.body)
            for body in (self.body + b" ", self.body[:-1], b"", b" " + self.body):
                with expect(ForgedDelivery):
                    self.reader.authenticate(replace(delivery, body=body))

    def test_a_missing_or_garbled_signature_is_a_forgery(self) -> None:
        signed = self.sign(self.body)
        for garbled in ("", "Ünsinn", "\udcff", "=", "t=1,v1=", "0" * 10_000):
            for headers in ({}, dict.fromkeys(signed.headers, garbled)):
                with expect(ForgedDelivery):
                    self.reader.authenticate(replace(signed, headers=headers))

    def test_a_reader_without_a_secret_is_a_closed_door(self) -> None:
        for reader in self.closed_readers:
            with expect(ForgedDelivery):
                reader.authenticate(self.sign(self.body))

    def test_a_genuine_delivery_in_a_new_shape_is_unreadable_and_routed_nowhere(self) -> None:
        for body in GARBAGE:
            believed = self.reader.authenticate(self.sign(body))
            assert not self.reader.route(believed).merchants
            with expect(UnreadableDelivery):
                self.reader.read(believed, self.country)


class FetcherContract:
    """What every fetcher promises. Say these things, and inherit the tests."""

    question: Question  # about something with news in it
    expected: Sequence[News]  # the same, in our words
    country: str = "US"

    def answering(self) -> Fetcher:
        """Make a fetcher whose provider knows what the question is about."""
        raise NotImplementedError

    def saying(self, status: int, body: bytes, headers: dict[str, str]) -> Fetcher:
        """Make a fetcher whose provider says this to everything."""
        raise NotImplementedError

    def silent(self) -> Fetcher:
        """Make a fetcher whose provider can't be reached."""
        raise NotImplementedError

    async def test_a_question_is_answered_with_news_and_what_it_rests_on(self) -> None:
        fetched = await self.answering().fetch(self.question, self.country)
        assert list(fetched.news) == list(self.expected)
        assert fetched.answers
        assert all(answer.status == 200 and answer.body for answer in fetched.answers)

    async def test_what_is_not_there_is_no_news(self) -> None:
        fetched = await self.saying(404, b"{}", {}).fetch(self.question, self.country)
        assert not fetched.news
        assert [answer.status for answer in fetched.answers] == [404]

    async def test_a_refused_token_is_a_link_to_renew(self) -> None:
        for status in (401, 403):
            with expect(LinkRefused):
                await self.saying(status, b"", {}).fetch(self.question, self.country)

    async def test_a_busy_provider_says_when_to_come_back(self) -> None:
        for status in (429, 500, 502, 503, 504):
            for text, seconds in (("7", 7.0), ("soon", None), ("nan", None), ("-1", None)):
                fetcher = self.saying(status, b"", {"retry-after": text})
                with expect(ProviderUnavailable) as busy:
                    await fetcher.fetch(self.question, self.country)
                assert [error.retry_after for error in busy] == [seconds]

    async def test_a_silent_provider_is_unavailable(self) -> None:
        with expect(ProviderUnavailable):
            await self.silent().fetch(self.question, self.country)

    async def test_an_answer_in_a_new_shape_is_unreadable(self) -> None:
        for status, body in [(200, body) for body in GARBAGE] + [(302, b""), (400, b"{}")]:
            with expect(UnreadableDelivery):
                await self.saying(status, body, {}).fetch(self.question, self.country)
