"""The veil: in what is kept for ever, stand-ins stand where phones, e-mails and till ids stood.

Whose stand-in it is stands in a table of its own, and can be erased there. Without it a stand-in
is nobody's and equal to itself, so that a history applied again comes out as it did.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from salesarck_domain.deeds import Deed, ProveEvidence, PublishRules, TellNews
from salesarck_domain.news import CustomerNews, SaleNews, TillCustomer
from salesarck_domain.people import Evidence, EvidenceKind, Proof

STAND_IN = {
    EvidenceKind.PHONE: re.compile(r"\+999([0-9]{12})"),
    EvidenceKind.EMAIL: re.compile(r"([0-9]+)@erased\.invalid"),
    EvidenceKind.TILL: re.compile(r"[^:]*:erased-([0-9]+)"),
}
"""No telephone exchange has +999 (ITU-T E.164), and no mail reaches .invalid (RFC 2606)."""

Names = Mapping[Evidence, Evidence]


def stand_in(evidence: Evidence, number: int) -> Evidence:
    """Make what stands for the contact of this number; it can be proved by nobody.

    >>> stand_in(Evidence.till("square", "C1"), 7).value
    'square:erased-7'
    """
    provider = evidence.value.partition(":")[0]
    made = {
        EvidenceKind.PHONE: f"+999{number:012}",
        EvidenceKind.EMAIL: f"{number}@erased.invalid",
        EvidenceKind.TILL: f"{provider}:erased-{number}",
    }
    return Evidence(evidence.kind, made[evidence.kind])


def number_of(evidence: Evidence) -> int | None:
    """Read the number of a stand-in; None if it is none."""
    found = STAND_IN[evidence.kind].fullmatch(evidence.value)
    return int(found[1]) if found else None


def evidence_of_customer(provider: str, told: TillCustomer) -> AbstractSet[Evidence]:
    """Say all that a till tells of a customer as evidence, good for a proof or not."""
    found = {Evidence.till(provider, told.id)} if told.id else set[Evidence]()
    if told.phone:
        found.add(_phone(told.phone))
    if told.email:
        found.add(_email(told.email))
    return found


def evidence_in(deed: Deed) -> AbstractSet[Evidence]:
    """Find everything in a deed that points to a person."""
    found: set[Evidence] = {proof.evidence for proof in _proofs(deed)}
    if isinstance(deed, TellNews):
        told = deed.news
        if isinstance(told, SaleNews) and told.customer:
            found |= evidence_of_customer(deed.provider, told.customer)
        elif isinstance(told, CustomerNews):
            known = TillCustomer(told.id, told.phone, told.email)
            found |= evidence_of_customer(deed.provider, known)
            found |= {Evidence.till(deed.provider, id_) for id_ in told.merged_from}
    return found


def renamed(deed: Deed, names: Names) -> Deed:
    """Say a deed with other names for its evidence, where there are any."""
    match deed:
        case TellNews():
            told, proofs = deed.news, _renamed_proofs(deed.proofs, names)
            if isinstance(told, SaleNews) and told.customer:
                known = renamed_customer(deed.provider, told.customer, names)
                return replace(deed, news=replace(told, customer=known), proofs=proofs)
            if isinstance(told, CustomerNews):
                news = _renamed_news(deed.provider, told, names)
                return replace(deed, news=news, proofs=proofs)
            return replace(deed, proofs=proofs)
        case ProveEvidence():
            proofs = _renamed_proofs(deed.proofs, names)
            return replace(deed, proofs=proofs, rested_on=_rested_on(deed.rested_on, names))
        case PublishRules():
            return replace(deed, rested_on=_rested_on(deed.rested_on, names))
        case _:
            return deed


def renamed_customer(provider: str, told: TillCustomer, names: Names) -> TillCustomer:
    """Say a till's customer with other names."""
    phone = told.phone and _renamed(_phone(told.phone), names)
    email = told.email and _renamed(_email(told.email), names)
    return TillCustomer(told.id and _renamed_id(provider, told.id, names), phone, email)


def _renamed_news(provider: str, told: CustomerNews, names: Names) -> CustomerNews:
    known = renamed_customer(provider, TillCustomer(told.id, told.phone, told.email), names)
    return replace(
        told,
        id=_renamed_id(provider, told.id, names),
        phone=known.phone,
        email=known.email,
        merged_from=tuple(_renamed_id(provider, id_, names) for id_ in told.merged_from),
    )


def _proofs(deed: Deed) -> tuple[Proof, ...]:
    match deed:
        case TellNews():
            return deed.proofs
        case ProveEvidence():
            return deed.proofs + (deed.rested_on or ())
        case PublishRules():
            return deed.rested_on or ()
        case _:
            return ()


def _rested_on(proofs: tuple[Proof, ...] | None, names: Names) -> tuple[Proof, ...] | None:
    return None if proofs is None else _renamed_proofs(proofs, names)


def _renamed_proofs(proofs: tuple[Proof, ...], names: Names) -> tuple[Proof, ...]:
    return tuple(replace(it, evidence=names.get(it.evidence, it.evidence)) for it in proofs)


def _renamed_id(provider: str, id_: str, names: Names) -> str:
    return _renamed(Evidence.till(provider, id_), names).partition(":")[2]


def _renamed(evidence: Evidence, names: Names) -> str:
    return names.get(evidence, evidence).value


def _phone(text: str) -> Evidence:
    return Evidence(EvidenceKind.PHONE, text)


def _email(text: str) -> Evidence:
    """An e-mail as `Evidence.email` would have it: one address, one stand-in."""
    return Evidence(EvidenceKind.EMAIL, text.strip().lower())
