"""Deeds as plain data and back: how a store keeps the order in which things were applied."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from salesarck_domain.deeds import (
    ApplyDue,
    CancelCode,
    ChangeTerms,
    DeductPoints,
    Deed,
    EraseWallet,
    GrantPoints,
    IssueCode,
    MergeWallets,
    ProveEvidence,
    PublishRules,
    RedeemCode,
    RetireRules,
    TellNews,
    UndoMerge,
    UndoRedemption,
)
from salesarck_domain.ids import ActId, CodeId, ConsumerId
from salesarck_domain.news import CustomerNews, RefundNews, SaleNews
from salesarck_domain.news_codec import (
    decode_moment,
    decode_news,
    encode_moment,
    encode_news,
    is_list,
    plain_list,
    plain_object,
)
from salesarck_domain.people import Evidence, EvidenceKind, Proof

Data = Mapping[str, object]


def deed_as_data(deed: Deed) -> dict[str, object]:
    """Say a deed as plain data; its word stands under `deed`."""
    word = WORDS[type(deed)]
    return {"deed": word, **{name: _plain(getattr(deed, name)) for name in deed.__slots__}}


def deed_from_data(data: object) -> Deed:
    """Read a deed from plain data.

    Raises:
        ValueError: it is none.
    """
    fields = plain_object("a deed", data)
    word = fields.get("deed")
    if not isinstance(word, str) or word not in READERS:
        raise ValueError(f"there is no deed {word!r}")
    try:
        return READERS[word](fields)
    except (KeyError, TypeError) as missing:
        raise ValueError(f"{word} lacks something: {missing}") from missing


def _plain(value: object) -> object:
    if isinstance(value, SaleNews | RefundNews | CustomerNews):
        return encode_news(value)
    if isinstance(value, Proof):
        return {
            "kind": value.evidence.kind.value,
            "value": value.evidence.value,
            "consumer": str(value.consumer),
            "proved_at": encode_moment(value.proved_at),
        }
    if isinstance(value, datetime):
        return encode_moment(value)
    if isinstance(value, UUID):
        return str(value)
    return [_plain(item) for item in value] if is_list(value) else value


def _proof(data: object) -> Proof:
    fields = plain_object("a proof", data)
    evidence = Evidence(EvidenceKind(str(fields["kind"])), str(fields["value"]))
    return Proof(evidence, _consumer(fields), decode_moment(str(fields["proved_at"])))


def _proofs(fields: Data, name: str = "proofs") -> tuple[Proof, ...]:
    return tuple(_proof(proof) for proof in plain_list(name, fields[name]))


def _rested_on(fields: Data) -> tuple[Proof, ...] | None:
    return _proofs(fields, "rested_on") if fields.get("rested_on") is not None else None


def _consumer(fields: Data) -> ConsumerId:
    return _person(fields, "consumer")


def _person(fields: Data, name: str) -> ConsumerId:
    return ConsumerId(UUID(str(fields[name])))


def _code(fields: Data) -> CodeId:
    return CodeId(UUID(str(fields["id"])))


def _act(fields: Data) -> ActId:
    return ActId(UUID(str(fields["id"])))


def _whole(fields: Data, key: str) -> int:
    value = fields[key]
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{key} is a whole number, got {value!r}")
    return value


def _tell(fields: Data) -> Deed:
    news = decode_news(fields["news"])
    if not isinstance(news, SaleNews | RefundNews | CustomerNews):
        raise TypeError("news that changes no ledger is no deed")
    return TellNews(provider=str(fields["provider"]), news=news, proofs=_proofs(fields))


def _publish(fields: Data) -> Deed:
    rules = plain_list("rules", fields["rules"])
    return PublishRules(
        rules=tuple(plain_object("a rule", rule) for rule in rules),
        in_force_from=decode_moment(str(fields["in_force_from"])),
        rested_on=_rested_on(fields),
    )


def _issue(fields: Data) -> Deed:
    return IssueCode(
        consumer=_consumer(fields),
        points=_whole(fields, "points"),
        id=_code(fields),
        pepper=_whole(fields, "pepper"),
        lookup=str(fields["lookup"]),
    )


def _due(fields: Data) -> Deed:
    found = plain_list("consumers", fields["consumers"])
    return ApplyDue(consumers=tuple(ConsumerId(UUID(str(consumer))) for consumer in found))


READERS: Mapping[str, Callable[[Data], Deed]] = {
    "tell_news": _tell,
    "publish_rules": _publish,
    "retire_rules": lambda f: RetireRules(force=f["force"] is True),
    "prove_evidence": lambda f: ProveEvidence(
        consumer=_consumer(f), proofs=_proofs(f), rested_on=_rested_on(f)
    ),
    "issue_code": _issue,
    "redeem_code": lambda f: RedeemCode(consumer=_consumer(f), id=_code(f), till=str(f["till"])),
    "undo_redemption": lambda f: UndoRedemption(
        consumer=_consumer(f), id=_code(f), till=str(f["till"])
    ),
    "cancel_code": lambda f: CancelCode(consumer=_consumer(f), id=_code(f)),
    "grant_points": lambda f: GrantPoints(
        consumer=_consumer(f), points=_whole(f, "points"), id=_act(f)
    ),
    "deduct_points": lambda f: DeductPoints(
        consumer=_consumer(f), points=_whole(f, "points"), id=_act(f)
    ),
    "merge_wallets": lambda f: MergeWallets(
        absorbed=_person(f, "absorbed"), survivor=_person(f, "survivor"), id=_act(f)
    ),
    "undo_merge": lambda f: UndoMerge(merge=ActId(UUID(str(f["merge"]))), id=_act(f)),
    "change_terms": lambda f: ChangeTerms(
        before=plain_object("terms", f["before"]), after=plain_object("terms", f["after"])
    ),
    "erase_wallet": lambda f: EraseWallet(consumer=_consumer(f), id=_act(f)),
    "apply_due": _due,
}
WORDS: Mapping[type[Deed], str] = {
    TellNews: "tell_news",
    PublishRules: "publish_rules",
    RetireRules: "retire_rules",
    ProveEvidence: "prove_evidence",
    IssueCode: "issue_code",
    RedeemCode: "redeem_code",
    UndoRedemption: "undo_redemption",
    CancelCode: "cancel_code",
    GrantPoints: "grant_points",
    DeductPoints: "deduct_points",
    MergeWallets: "merge_wallets",
    UndoMerge: "undo_merge",
    ChangeTerms: "change_terms",
    EraseWallet: "erase_wallet",
    ApplyDue: "apply_due",
}
