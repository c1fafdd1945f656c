"""News survives being written down, and nothing else is taken for news."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest

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
from salesarck_domain.news_codec import decode_moment, decode_news, encode_moment, encode_news

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
SALE = SaleNews(
    merchant="M1",
    reference="P1",
    order="O1",
    location="L1",
    state=TenderState.VOID,
    spend=1234,
    tip=100,
    tax=None,
    refunded=5,
    currency="USD",
    tender=TenderKind.GIFT_CARD,
    happened_at=NOON,
    changed_at=NOON + timedelta(seconds=1),
    customer=TillCustomer(id="C1", phone="+15555550123"),
    test=True,
    receipt="r1",
)
ALL: list[News] = [
    SALE,
    replace(SALE, order=None, location=None, tax=0, customer=None, receipt=None, test=False),
    RefundNews(
        merchant="M1",
        reference="R1",
        sale="P1",
        state=TenderState.FAILED,
        amount=34,
        currency="KWD",
        happened_at=NOON,
        changed_at=NOON,
    ),
    ChangedNews(merchant="M1", object="order", id="O1", how="deleted", changed_at=NOON),
    CustomerNews(merchant="M1", id="C1", email="a@b.test", merged_from=("C2", "C3")),
    CustomerNews(merchant="M1", id="C1", deleted=True),
    UnlinkedNews(merchant="M1", by="application"),
    VerificationNews(code="no-UUID"),
    PrivacyNews(kind="erase", merchant="M1", customer=TillCustomer(email="a@b.test")),
    PrivacyNews(kind="erase_shop", merchant="M1"),
]


@pytest.mark.parametrize("news", ALL)
def test_news_comes_back_as_it_was(news: News) -> None:
    assert decode_news(encode_news(news)) == news


def test_every_kind_of_news_is_tried_here() -> None:
    assert {type(news) for news in ALL} == set(get_args(News))


@pytest.mark.parametrize("news", ALL)
def test_every_field_is_written(news: News) -> None:
    assert set(encode_news(news)) == {"news", *(field.name for field in fields(news))}


def test_a_sale_is_written_in_plain_words() -> None:
    assert encode_news(SALE) == {
        "news": "sale",
        "merchant": "M1",
        "reference": "P1",
        "order": "O1",
        "location": "L1",
        "state": "void",
        "spend": 1234,
        "tip": 100,
        "tax": None,
        "refunded": 5,
        "currency": "USD",
        "tender": "gift_card",
        "happened_at": "2026-03-02T12:00:00.123456Z",
        "changed_at": "2026-03-02T12:00:01.123456Z",
        "customer": {"id": "C1", "phone": "+15555550123", "email": None},
        "test": True,
        "receipt": "r1",
    }


def plain(**changes: object) -> dict[str, Any]:
    return {**encode_news(SALE), **changes}


def test_what_nobody_said_may_be_left_out() -> None:
    silent = ("order", "location", "tax", "refunded", "customer", "test", "receipt")
    told = {key: value for key, value in plain().items() if key not in silent}
    assert decode_news(told) == replace(
        SALE, order=None, location=None, refunded=0, customer=None, test=False, receipt=None
    )
    assert decode_news({"news": "customer", "merchant": "M1", "id": "C1"}) == CustomerNews(
        merchant="M1", id="C1"
    )


def test_a_customer_of_whom_nothing_is_known_is_nobody() -> None:
    nobody = decode_news(plain(customer={"id": None}))
    assert nobody == replace(SALE, customer=None)


@pytest.mark.parametrize(
    "key",
    [
        "news",
        "merchant",
        "reference",
        "state",
        "spend",
        "tip",
        "currency",
        "tender",
        "happened_at",
        "changed_at",
    ],
)
def test_what_a_sale_needs_is_asked_for(key: str) -> None:
    told = plain()
    del told[key]
    with pytest.raises(ValueError, match=f"needs '{key}'"):
        decode_news(told)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("news", "transaction"),
        ("merchant", ""),
        ("merchant", 7),
        ("state", "done"),
        ("tender", "CARD"),
        ("spend", -1),
        ("spend", 12.0),
        ("spend", True),
        ("spend", "12"),
        ("spend", 2**63),
        ("tax", -1),
        ("refunded", None),
        ("currency", "usd"),
        ("happened_at", "2026-03-02T12:00:00"),
        ("happened_at", "noon"),
        ("happened_at", "0001-01-01T00:00:00+23:59"),
        ("test", 1),
        ("customer", "C1"),
        ("customer", {"name": "Ada"}),
        ("spned", 12),
    ],
)
def test_what_is_no_sale_in_our_words_is_refused_by_name(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key):
        decode_news(plain(**{key: value}))


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        "sale",
        {7: "sale"},
        {"news": "customer", "merchant": "M1", "id": "C1", "merged_from": "C2"},
        {"news": "customer", "merchant": "M1", "id": "C1", "merged_from": ["C2", 3]},
        {"news": "unlinked", "merchant": "M1", "by": "plumber"},
        {"news": "privacy", "merchant": "M1", "kind": "forget"},
        {**encode_news(ALL[2]), "state": "void"},
        {**encode_news(ALL[3]), "object": "loyalty"},
    ],
)
def test_other_data_is_no_news(told: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode_news(told)


def test_a_moment_is_the_same_wherever_it_is_written() -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    assert encode_moment(tokyo) == "2026-03-02T12:00:00.123456Z"
    assert decode_moment("2026-03-02T21:00:00.123456+09:00") == NOON
    with pytest.raises(ValueError, match="offset"):
        encode_moment(NOON.replace(tzinfo=None))
