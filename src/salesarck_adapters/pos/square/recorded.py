"""Square, as recordings have it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from salesarck_adapters.pos.square.reader import Square, Subscription
from salesarck_domain.news_codec import plain_texts
from salesarck_domain.ports.pos import Fetcher, WebhookReader
from salesarck_domain.testing.recordings import RecordedAnswer


@dataclass(frozen=True, slots=True)
class RecordedSquare:
    """Makes a reader from `signature_keys` and `notification_url`."""

    def reader(self, keys: Mapping[str, object]) -> WebhookReader:
        """Make a reader with one subscription a key.

        Raises:
            ValueError: a key or the address is missing, or no text.
        """
        signature_keys = plain_texts("signature_keys", keys.get("signature_keys"))
        (url,) = plain_texts("notification_url", [keys.get("notification_url")])
        return Square([Subscription(key.encode(), url) for key in signature_keys])

    def signs_bodies(self, keys: Mapping[str, object]) -> bool:
        """Square signs every byte, whatever the keys."""
        return bool(keys)

    def fetcher(self, answers: Sequence[RecordedAnswer]) -> Fetcher:
        """Refuse: Square's news is fat.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"square has nothing to fetch, so {len(answers)} answers are no use")
