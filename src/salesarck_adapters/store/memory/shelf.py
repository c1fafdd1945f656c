"""What is kept, and how a work changes it: on a draft, which becomes the truth when it ends well.

Nothing that stands on a shelf is ever changed in place: it was copied when it was put there, and
it is copied again for whoever may change it.
"""

import json
from collections import ChainMap
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from itertools import count, islice
from typing import Any, Self
from uuid import UUID

from salesarck_domain.audit import AuditNote
from salesarck_domain.deeds import Applied
from salesarck_domain.erasure import Erasure
from salesarck_domain.ids import ActId, CodeId, ConsumerId, LotId, SaleId, TenantId
from salesarck_domain.ledger.adjustment import Adjustment
from salesarck_domain.ledger.entry import EntryKind, LedgerEntry
from salesarck_domain.ledger.lots import Lot, Taking
from salesarck_domain.people import AccountMerge, Evidence, Invitation, Member, Proof, WalletMerge
from salesarck_domain.profile import Profile
from salesarck_domain.redemption.code import RedemptionCode
from salesarck_domain.rules.version import Retirement, RuleBook, RuleVersion
from salesarck_domain.sales.sale import PaymentKey, Sale, SaleKey, Tender
from salesarck_domain.tenants import Tenant


@dataclass(frozen=True, slots=True)
class KeptWallet:
    """What is written about one wallet. `takings` stand by the seq of their entry."""

    entries: Sequence[LedgerEntry] = ()
    lots: Mapping[LotId, Lot] = field(default_factory=dict[LotId, Lot])
    takings: Mapping[int, Sequence[Taking]] = field(default_factory=dict[int, Sequence[Taking]])

    @property
    def open_lots(self) -> list[Lot]:
        """Copies of the lots that still hold points."""
        return [replace(lot) for lot in self.lots.values() if lot.remaining]


@dataclass(frozen=True, slots=True)
class Customer:
    """What a till's customer book says of one id.

    `main` is the customer it belongs to now: itself, with the ids `merged` into it, or another.
    """

    main: str
    phone: str | None = None
    email: str | None = None
    merged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shelf:
    """Everything of one tenant, or a draft of it. Who left and what was settled stands as None.

    `contacts` numbers those that stand-ins name.
    """

    tenders: MutableMapping[PaymentKey, Tender] = field(default_factory=dict[Any, Tender])
    sales: MutableMapping[SaleKey, Sale] = field(default_factory=dict[Any, Sale])
    sale_keys: MutableMapping[SaleId, SaleKey] = field(default_factory=dict[Any, SaleKey])
    wallets: MutableMapping[ConsumerId, KeptWallet] = field(default_factory=dict[Any, KeptWallet])
    references: MutableMapping[tuple[str, EntryKind], int] = field(default_factory=dict[Any, int])
    codes: MutableMapping[CodeId, RedemptionCode] = field(default_factory=dict[Any, RedemptionCode])
    wrong_tries: MutableMapping[str, Sequence[datetime]] = field(
        default_factory=dict[Any, Sequence[datetime]]
    )
    till_proofs: MutableMapping[Evidence, Proof] = field(default_factory=dict[Any, Proof])
    customers: MutableMapping[tuple[str, str], Customer] = field(
        default_factory=dict[Any, Customer]
    )
    merges: MutableMapping[ActId, WalletMerge] = field(default_factory=dict[Any, WalletMerge])
    versions: MutableMapping[int, RuleVersion] = field(default_factory=dict[Any, RuleVersion])
    retirements: MutableMapping[int, Retirement] = field(default_factory=dict[Any, Retirement])
    frozen: MutableMapping[ConsumerId, bool] = field(default_factory=dict[Any, bool])
    adjustments: MutableMapping[ActId, Adjustment] = field(default_factory=dict[Any, Adjustment])
    members: MutableMapping[ConsumerId, Member | None] = field(
        default_factory=dict[Any, Member | None]
    )
    invitations: MutableMapping[UUID, Invitation | None] = field(
        default_factory=dict[Any, Invitation | None]
    )
    notes: MutableMapping[UUID, AuditNote] = field(default_factory=dict[Any, AuditNote])
    applied: MutableMapping[int, Applied] = field(default_factory=dict[Any, Applied])
    contacts: MutableMapping[Evidence, int] = field(default_factory=dict[Any, int])
    closed: MutableMapping[ConsumerId, bool] = field(default_factory=dict[Any, bool])
    outbox: MutableMapping[int, tuple[str, Mapping[str, object]]] = field(
        default_factory=dict[Any, tuple[str, Mapping[str, object]]]
    )

    def draft(self) -> Self:
        """Lay an empty shelf over this one: it reads through, and keeps what is written."""
        layers = {each.name: ChainMap({}, getattr(self, each.name)) for each in fields(self)}
        return replace(self, **layers)

    def take_in(self, draft: Self) -> None:
        """Make a draft's writings one's own."""
        for each in fields(self):
            getattr(self, each.name).update(getattr(draft, each.name).maps[0])

    def team(self) -> list[Member]:
        """Everybody who works for the tenant, by person."""
        found = (self.members[person] for person in sorted(self.members))
        return [member for member in found if member]

    def open_invitations(self, now: datetime) -> list[Invitation]:
        """The invitations that are open, latest id first."""
        found = (self.invitations[id_] for id_ in sorted(self.invitations, reverse=True))
        return [each for each in found if each and each.expires_at > now]

    def rule_book(self) -> RuleBook:
        """The rule versions so far."""
        return RuleBook(tuple(self.versions.values()), tuple(self.retirements.values()))


@dataclass(frozen=True, slots=True)
class Room:
    """The shelves of all tenants, and what they share: terms, proofs, merges, who was erased.

    `moved` says whose evidence was that a merge moved.
    """

    shelves: dict[TenantId, Shelf] = field(default_factory=dict[TenantId, Shelf])
    tenants: dict[TenantId, Tenant] = field(default_factory=dict[TenantId, Tenant])
    proofs: dict[Evidence, Proof] = field(default_factory=dict[Evidence, Proof])
    moved: dict[Evidence, ConsumerId] = field(default_factory=dict[Evidence, ConsumerId])
    merges: dict[ActId, AccountMerge] = field(default_factory=dict[ActId, AccountMerge])
    profiles: dict[ConsumerId, Profile] = field(default_factory=dict[ConsumerId, Profile])
    erasures: dict[ActId, Erasure] = field(default_factory=dict[ActId, Erasure])
    marks: set[str] = field(default_factory=set[str])
    subjects: dict[UUID, ConsumerId] = field(default_factory=dict[UUID, ConsumerId])
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def shelf(self, tenant: TenantId) -> Shelf:
        """Find a tenant's shelf, or an empty one that nobody keeps."""
        return self.shelves.get(tenant) or Shelf()


def plain(data: Mapping[str, object]) -> dict[str, Any]:
    """Copy plain data the way a database does: what is no JSON is refused."""
    copied: dict[str, Any] = json.loads(json.dumps(data))
    return copied


def copy_tender(tender: Tender) -> Tender:
    """Copy a tender, so that neither side sees the other's changes."""
    return replace(tender, refunds=dict(tender.refunds))


def copy_sale(sale: Sale, tenders: Mapping[str, Tender]) -> Sale:
    """Copy a sale around these tenders."""
    return replace(sale, tenders=dict(tenders), award=plain(sale.award))


def copy_whole(sale: Sale) -> Sale:
    """Copy a sale with its tenders."""
    return copy_sale(sale, {name: copy_tender(each) for name, each in sale.tenders.items()})


def happened(sale: Sale) -> datetime | None:
    """When it happened: as it was judged or, before that, as its first tender says."""
    return sale.happened_at or sale.first_happened()


def copy_note(note: AuditNote) -> AuditNote:
    """Copy an audit row the way a database does."""
    return replace(note, before=plain(note.before), after=plain(note.after))


def empty_reasons(notes: MutableMapping[UUID, AuditNote], target: str) -> None:
    """Take the reasons out of audit rows about a target."""
    for id_, note in list(notes.items()):
        if note.target == target:
            notes[id_] = replace(note, reason="")


def latest_notes(
    notes: Mapping[UUID, AuditNote], target: str | None, before: UUID | None, limit: int
) -> Sequence[AuditNote]:
    """Choose audit rows, latest id first; those about a target, from a place on."""
    latest = (notes[id_] for id_ in sorted(notes, reverse=True) if before is None or id_ < before)
    return list(islice((note for note in latest if target in {None, note.target}), limit))
