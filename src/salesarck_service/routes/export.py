"""Everything that is known of a person, as one document, written tenant by tenant."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

import msgspec
from litestar.openapi import ResponseSpec
from litestar.response import Stream
from msgspec import Struct

from salesarck_domain.audit import AuditNote
from salesarck_domain.ledger.lots import Lot
from salesarck_domain.people import AccountMerge, EvidenceKind, Invitation, Member, Proof, Role
from salesarck_domain.redemption.code import RedemptionCode
from salesarck_domain.sales.sale import Sale, Tender
from salesarck_domain.use_cases.exporting import ExportPerson, Held, Person
from salesarck_service.routes.consumer.profile import BirthdayView
from salesarck_service.routes.consumer.wallets import EntryView
from salesarck_service.routes.views import AwardView, MoneyView


class ContactView(Struct):
    """A phone or an e-mail, and since when it is theirs."""

    kind: EvidenceKind
    value: str
    proved_at: datetime

    @classmethod
    def of(cls, proof: Proof) -> Self:
        return cls(proof.evidence.kind, proof.evidence.value, proof.proved_at)


class ExportedMembership(Struct):
    """A role at a tenant or, without one, on the platform."""

    role: Role
    tenant: UUID | None

    @classmethod
    def of(cls, member: Member) -> Self:
        return cls(member.role, member.tenant)


class ExportedMerge(Struct):
    """Two accounts that became one."""

    absorbed: UUID
    survivor: UUID
    merged_at: datetime

    @classmethod
    def of(cls, merge: AccountMerge) -> Self:
        return cls(merge.absorbed, merge.survivor, merge.at)


class ExportedInvitation(Struct):
    """Somebody asks them to work at a tenant."""

    tenant: UUID
    role: Role
    expires_at: datetime

    @classmethod
    def of(cls, invitation: Invitation) -> Self:
        return cls(invitation.tenant, invitation.role, invitation.expires_at)


class ExportedNote(Struct):
    """What somebody did about them, and why."""

    actor: str
    action: str
    reason: str
    at: datetime

    @classmethod
    def of(cls, note: AuditNote) -> Self:
        return cls(**{name: getattr(note, name) for name in cls.__struct_fields__})


class ExportedPerson(Struct):
    """What the platform knows of a person."""

    id: UUID
    name: str | None
    birthday: BirthdayView | None
    language: str | None
    contacts: Sequence[ContactView]
    works: Sequence[ExportedMembership]
    invitations: Sequence[ExportedInvitation]
    merges: Sequence[ExportedMerge]
    audit: Sequence[ExportedNote]

    @classmethod
    def of(cls, person: Person) -> Self:
        told = person.profile
        return cls(
            id=person.id,
            name=told.name,
            birthday=BirthdayView.of(told.birthday) if told.birthday else None,
            language=told.language,
            contacts=[ContactView.of(it) for it in person.contacts],
            works=[ExportedMembership.of(it) for it in person.works],
            invitations=[ExportedInvitation.of(it) for it in person.invitations],
            merges=[ExportedMerge.of(it) for it in person.merges],
            audit=[ExportedNote.of(it) for it in person.notes],
        )


class LotView(Struct):
    """Points that came together, how many are left, and when they end."""

    opened_by: int
    points: int
    remaining: int
    run_out: int
    ends_at: datetime | None
    sale: UUID | None

    @classmethod
    def of(cls, lot: Lot) -> Self:
        return cls(**{name: getattr(lot, name) for name in cls.__struct_fields__})


class ExportedCode(Struct):
    """Points that were promised to a till. What it read is nowhere."""

    id: UUID
    points: int
    issued_at: datetime
    expires_at: datetime
    state: str
    settled_at: datetime | None

    @classmethod
    def of(cls, code: RedemptionCode) -> Self:
        return cls(**{name: getattr(code, name) for name in cls.__struct_fields__})


class TenderView(Struct):
    """One payment, and whom the till believed to have bought."""

    payment: str
    state: str | None
    spent: MoneyView | None
    refunded: int
    happened_at: datetime | None
    till_customer: str | None
    phone: str | None
    email: str | None

    @classmethod
    def of(cls, tender: Tender) -> Self:
        told = tender.state
        whom = told.customer if told else None
        return cls(
            payment=tender.key.payment,
            state=told.state.value if told else None,
            spent=MoneyView(told.spend, told.currency) if told else None,
            refunded=tender.refunded,
            happened_at=told.happened_at if told else None,
            till_customer=whom.id if whom else None,
            phone=whom.phone if whom else None,
            email=whom.email if whom else None,
        )


class ExportedSale(Struct):
    """A sale of theirs, by what they were known there, and why it earned what it did."""

    id: UUID
    provider: str
    merchant: str
    name: str
    happened_at: datetime | None
    tenders: Sequence[TenderView]
    award: AwardView | None

    @classmethod
    def of(cls, sale: Sale) -> Self:
        return cls(
            id=sale.id,
            provider=sale.key.provider,
            merchant=sale.key.merchant,
            name=sale.key.name,
            happened_at=sale.happened_at,
            tenders=[TenderView.of(sale.tenders[name]) for name in sorted(sale.tenders)],
            award=AwardView.read(sale.award) if sale.award else None,
        )


class HeldView(Struct):
    """What one tenant's books say of a person."""

    tenant: UUID
    tenant_name: str
    balance: int
    owed: int
    entries: Sequence[EntryView]
    lots: Sequence[LotView]
    codes: Sequence[ExportedCode]
    sales: Sequence[ExportedSale]
    till_customers: Sequence[str]
    audit: Sequence[ExportedNote]

    @classmethod
    def of(cls, held: Held) -> Self:
        sales = {str(sale.id): sale for sale in held.sales}
        return cls(
            tenant=held.tenant.id,
            tenant_name=held.tenant.name,
            balance=held.account.balance,
            owed=held.account.owed,
            entries=[
                EntryView.of(entry, sales.get(entry.reference.split(":")[1]))
                for entry in held.books.entries
            ],
            lots=[LotView.of(lot) for lot in held.books.lots],
            codes=[ExportedCode.of(code) for code in held.books.codes],
            sales=[ExportedSale.of(sale) for sale in held.sales],
            till_customers=[it.value for it in held.linked],
            audit=[ExportedNote.of(note) for note in held.notes],
        )


class ExportView(Struct):
    """Everything that is known of a person."""

    person: ExportedPerson
    tenants: Sequence[HeldView]


DOCUMENT = {200: ResponseSpec(ExportView, generate_examples=False, description="The document.")}


def streamed(export: ExportPerson, person: Person) -> Stream:
    """Write the document of a person while it is read."""
    return Stream(_written(export, person), media_type="application/json")


async def _written(export: ExportPerson, person: Person) -> AsyncIterator[bytes]:
    yield b'{"person":' + msgspec.json.encode(ExportedPerson.of(person)) + b',"tenants":['
    between = b""
    async for held in export.tenants(person):
        yield between + msgspec.json.encode(HeldView.of(held))
        between = b","
    yield b"]}"
