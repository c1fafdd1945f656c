"""News as plain data and back: the words that recordings, stories and stored facts share.

What is written has every key. What is read may leave out `order`, `location`, `tax`, `receipt`,
`customer`, `phone` and `email` (null: nobody said), `refunded` (0), `test` and `deleted` (false)
and `merged_from` (none). Any other key must be there, and no key may be unknown.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeGuard, cast

from salesarck_domain.money import is_currency
from salesarck_domain.news import (
    ChangedNews,
    CustomerNews,
    News,
    PrivacyNews,
    RefundNews,
    SaleNews,
    TenderKind,
    TenderState,
    TillCustomer,
    UnlinkedNews,
    VerificationNews,
)

INTEGER_MAX = 2**63 - 1
REFUND_STATES = ("pending", "completed", "failed")
OBJECTS = ("payment", "order", "customer")


def encode_news(news: News) -> dict[str, object]:
    """Say a piece of news as plain data: text, whole numbers, truth, lists and dicts of them."""
    slots = {name: _encode(getattr(news, name)) for name in news.__slots__}
    return {"news": NAMES[type(news)], **slots}


def decode_news(data: object) -> News:
    """Read a piece of news from plain data.

    Raises:
        ValueError: it isn't news in our words; the sentence says where.
    """
    fields = _Fields("news", plain_object("news", data))
    kind = fields.one_of("news", READERS)
    fields.about = kind
    news = READERS[kind](fields)
    if fields.left:
        raise ValueError(f"{kind} has no key {', '.join(map(repr, sorted(fields.left)))}")
    return news


def encode_moment(at: datetime) -> str:
    """Say a moment in ISO 8601, in UTC.

    >>> encode_moment(datetime(2026, 3, 2, 18, 0, 0, 123000, tzinfo=UTC))
    '2026-03-02T18:00:00.123000Z'
    """
    if at.utcoffset() is None:
        raise ValueError("a moment needs its offset from UTC")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def decode_moment(text: str) -> datetime:
    """Read a moment in ISO 8601 that says its offset.

    Raises:
        ValueError: it is no moment, or one without an offset.
    """
    at = datetime.fromisoformat(text)
    if at.utcoffset() is None:
        raise ValueError(f"a moment needs its offset from UTC, got {text!r}")
    try:
        return at.astimezone(UTC)
    except OverflowError as beyond:
        raise ValueError(f"no calendar has the moment {text!r}") from beyond


def is_object(data: object) -> TypeGuard[Mapping[str, object]]:
    """Whether plain data is an object, with texts as keys."""
    return isinstance(data, Mapping) and all(
        isinstance(key, str) for key in cast("Mapping[object, object]", data)
    )


def is_list(data: object) -> TypeGuard[Sequence[object]]:
    """Whether plain data is a list."""
    return isinstance(data, list | tuple)


def plain_object(about: str, data: object) -> Mapping[str, object]:
    """Take plain data for an object with texts as keys.

    Raises:
        ValueError: it is something else.
    """
    if is_object(data):
        return data
    raise ValueError(f"{about} must be an object, got {data!r}")


def plain_list(about: str, data: object) -> Sequence[object]:
    """Take plain data for a list.

    Raises:
        ValueError: it is something else.
    """
    if is_list(data):
        return data
    raise ValueError(f"{about} must be a list, got {data!r}")


def plain_texts(about: str, data: object) -> tuple[str, ...]:
    """Take plain data for a list of texts.

    Raises:
        ValueError: it is something else.
    """
    items = plain_list(about, data)
    texts = tuple(item for item in items if isinstance(item, str))
    if len(texts) == len(items):
        return texts
    raise ValueError(f"{about} must be a list of texts, got {data!r}")


class _Fields:
    """The keys of one object, each taken once, so that what is left over is unknown."""

    def __init__(self, about: str, data: Mapping[str, object]) -> None:
        self.about = about
        self.data = data
        self.left = set(data)

    def text(self, key: str) -> str:
        value = self._take(key)
        if not isinstance(value, str) or not value:
            raise self._wrong(key, "text")
        return value

    def text_or_none(self, key: str) -> str | None:
        return None if self._is_null(key) else self.text(key)

    def one_of(self, key: str, words: Mapping[str, object] | tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in words:
            raise self._wrong(key, f"one of {', '.join(words)}")
        return value

    def count(self, key: str) -> int:
        value = self._take(key)
        if type(value) is not int or not 0 <= value <= INTEGER_MAX:
            raise self._wrong(key, "a whole number of minor units, not below zero")
        return value

    def count_or_none(self, key: str) -> int | None:
        return None if self._is_null(key) else self.count(key)

    def truth(self, key: str, *, absent: bool) -> bool:
        value = self._take(key) if key in self.data else absent
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def moment(self, key: str) -> datetime:
        text = self.text(key)
        try:
            return decode_moment(text)
        except ValueError as error:
            raise self._wrong(key, "an ISO 8601 moment with its offset") from error

    def currency(self, key: str) -> str:
        text = self.text(key)
        if not is_currency(text):
            raise self._wrong(key, "three capital letters")
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        return plain_texts(key, self._take(key)) if key in self.data else ()

    def customer(self, key: str) -> TillCustomer | None:
        if self._is_null(key):
            return None
        inner = _Fields(key, plain_object(key, self._take(key)))
        whom = TillCustomer(
            inner.text_or_none("id"), inner.text_or_none("phone"), inner.text_or_none("email")
        )
        if inner.left:
            raise ValueError(f"{key} has no key {', '.join(map(repr, sorted(inner.left)))}")
        return None if whom == TillCustomer() else whom

    def _take(self, key: str) -> object:
        if key not in self.data:
            raise ValueError(f"{self.about} needs {key!r}")
        self.left.discard(key)
        return self.data[key]

    def _is_null(self, key: str) -> bool:
        if self.data.get(key) is None:
            self.left.discard(key)
            return True
        return False

    def _wrong(self, key: str, wanted: str) -> ValueError:
        return ValueError(f"{self.about}: {key!r} must be {wanted}, got {self.data.get(key)!r}")


def _encode(value: object) -> object:
    if isinstance(value, datetime):
        return encode_moment(value)
    if isinstance(value, TenderState | TenderKind):
        return value.value
    if isinstance(value, TillCustomer):
        return {"id": value.id, "phone": value.phone, "email": value.email}
    return list(value) if is_list(value) else value


def _sale(fields: _Fields) -> SaleNews:
    return SaleNews(
        merchant=fields.text("merchant"),
        reference=fields.text("reference"),
        order=fields.text_or_none("order"),
        location=fields.text_or_none("location"),
        state=TenderState(fields.one_of("state", tuple(TenderState))),
        spend=fields.count("spend"),
        tip=fields.count("tip"),
        tax=fields.count_or_none("tax"),
        refunded=fields.count("refunded") if "refunded" in fields.data else 0,
        currency=fields.currency("currency"),
        tender=TenderKind(fields.one_of("tender", tuple(TenderKind))),
        happened_at=fields.moment("happened_at"),
        changed_at=fields.moment("changed_at"),
        customer=fields.customer("customer"),
        test=fields.truth("test", absent=False),
        receipt=fields.text_or_none("receipt"),
    )


def _refund(fields: _Fields) -> RefundNews:
    return RefundNews(
        merchant=fields.text("merchant"),
        reference=fields.text("reference"),
        sale=fields.text("sale"),
        state=TenderState(fields.one_of("state", REFUND_STATES)),
        amount=fields.count("amount"),
        currency=fields.currency("currency"),
        happened_at=fields.moment("happened_at"),
        changed_at=fields.moment("changed_at"),
    )


def _changed(fields: _Fields) -> ChangedNews:
    return ChangedNews(
        merchant=fields.text("merchant"),
        object=fields.one_of("object", OBJECTS),
        id=fields.text("id"),
        how=fields.one_of("how", ("created", "updated", "deleted")),
        changed_at=fields.moment("changed_at"),
    )


def _customer(fields: _Fields) -> CustomerNews:
    return CustomerNews(
        merchant=fields.text("merchant"),
        id=fields.text("id"),
        phone=fields.text_or_none("phone"),
        email=fields.text_or_none("email"),
        merged_from=fields.texts("merged_from"),
        deleted=fields.truth("deleted", absent=False),
    )


def _unlinked(fields: _Fields) -> UnlinkedNews:
    return UnlinkedNews(
        merchant=fields.text("merchant"), by=fields.one_of("by", ("merchant", "application"))
    )


def _verification(fields: _Fields) -> VerificationNews:
    return VerificationNews(code=fields.text("code"))


def _privacy(fields: _Fields) -> PrivacyNews:
    return PrivacyNews(
        kind=fields.one_of("kind", ("export", "erase", "erase_shop")),
        merchant=fields.text("merchant"),
        customer=fields.customer("customer"),
    )


READERS: Mapping[str, Callable[[_Fields], News]] = {
    "sale": _sale,
    "refund": _refund,
    "changed": _changed,
    "customer": _customer,
    "unlinked": _unlinked,
    "verification": _verification,
    "privacy": _privacy,
}
NAMES: Mapping[type[News], str] = {
    SaleNews: "sale",
    RefundNews: "refund",
    ChangedNews: "changed",
    CustomerNews: "customer",
    UnlinkedNews: "unlinked",
    VerificationNews: "verification",
    PrivacyNews: "privacy",
}
