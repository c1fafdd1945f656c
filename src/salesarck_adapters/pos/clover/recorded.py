"""Clover, as recordings have it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from salesarck_adapters.http import polite_client
from salesarck_adapters.pos.clover.app import CloverApp
from salesarck_adapters.pos.clover.checkout import CloverCheckout
from salesarck_adapters.pos.clover.fetcher import CloverFetcher
from salesarck_domain.news_codec import plain_texts
from salesarck_domain.ports.pos import Fetcher, WebhookReader
from salesarck_domain.testing.recordings import RecordedAnswer

BASE_URL = "https://clover.invalid"


@dataclass(frozen=True, slots=True)
class RecordedClover:
    """Makes a reader from `auth_codes` (app webhooks) or `signing_secrets` (Hosted Checkout)."""

    def reader(self, keys: Mapping[str, object]) -> WebhookReader:
        """Make the reader that these keys are for.

        Raises:
            ValueError: they are for neither, or for both.
        """
        if ("auth_codes" in keys) == ("signing_secrets" in keys):
            raise ValueError("clover needs either 'auth_codes' or 'signing_secrets' as keys")
        if "auth_codes" in keys:
            return CloverApp(_secrets(keys, "auth_codes"))
        return CloverCheckout(_secrets(keys, "signing_secrets"))

    def signs_bodies(self, keys: Mapping[str, object]) -> bool:
        """Hosted Checkout does; app webhooks only send a secret along."""
        return "signing_secrets" in keys

    def fetcher(self, answers: Sequence[RecordedAnswer]) -> Fetcher:
        """Make a fetcher that gets these answers, and 404 to the rest."""

        def answer(request: httpx.Request) -> httpx.Response:
            for told in answers:
                if (told.method, told.path) == (request.method, request.url.path):
                    return httpx.Response(
                        told.status, headers=dict(told.headers), content=told.body
                    )
            return httpx.Response(httpx.codes.NOT_FOUND, json={"message": "Not Found"})

        client = polite_client(httpx.MockTransport(answer))
        return CloverFetcher(client, BASE_URL, lambda merchant: f"token of {merchant}")


def _secrets(keys: Mapping[str, object], name: str) -> Sequence[bytes]:
    return [secret.encode() for secret in plain_texts(name, keys[name])]
