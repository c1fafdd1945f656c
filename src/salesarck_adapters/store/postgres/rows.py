"""Rows and values: how the ledger, codes and rules stand in their tables."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from salesarck_domain.audit import AuditNote
from salesarck_domain.ids import ActId, CodeId, ConsumerId, LotId, SaleId, TenantId
from salesarck_domain.ledger.adjustment import Adjustment, AdjustmentState
from salesarck_domain.ledger.entry import EntryKind, LedgerEntry
from salesarck_domain.ledger.lots import Lot, Taking
from salesarck_domain.people import Evidence, EvidenceKind, Invitation, Member, Role
from salesarck_domain.redemption.code import RedemptionCode
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.rules.version import RuleVersion, read_rules
from salesarck_domain.tenants import RedemptionTerms, Reward, Tenant, TenantState

Values = dict[str, object]


def moment(at: datetime) -> datetime:
    """Say a moment in UTC, whatever zone the connection speaks."""
    return at.astimezone(UTC)


def moment_or_none(at: datetime | None) -> datetime | None:
    """Say a moment in UTC, if there is one."""
    return at and moment(at)


def entry_values(entry: LedgerEntry) -> Values:
    """An entry as a row."""
    names = {"tenant": "tenant_id", "consumer": "consumer_id"}
    found = {names.get(it.name, it.name): getattr(entry, it.name) for it in fields(entry)}
    return {**found, "hash": entry.hash}


def entry_fields(row: Row[Any]) -> Mapping[str, object]:
    """What a row says of an entry, right or wrong."""
    return {
        "tenant": TenantId(row.tenant_id),
        "consumer": ConsumerId(row.consumer_id),
        "seq": row.seq,
        "kind": EntryKind(row.kind),
        "points": row.points,
        "owed_change": row.owed_change,
        "balance_after": row.balance_after,
        "owed_after": row.owed_after,
        "reference": row.reference,
        "rule_version": row.rule_version,
        "actor": row.actor,
        "happened_at": moment(row.happened_at),
        "recorded_at": moment(row.recorded_at),
        "previous_hash": row.previous_hash,
        "correlation": row.correlation,
    }


def lot_values(tenant: TenantId, consumer: ConsumerId, lot: Lot) -> Values:
    """A lot as a row."""
    return {
        "tenant_id": tenant,
        "consumer_id": consumer,
        "id": lot.id,
        "opened_by": lot.opened_by,
        "points": lot.points,
        "remaining": lot.remaining,
        "run_out": lot.run_out,
        "ends_at": lot.ends_at,
        "sale_id": lot.sale,
    }


def lot_of(row: Row[Any]) -> Lot:
    """A row as a lot."""
    return Lot(
        id=LotId(row.id),
        opened_by=row.opened_by,
        points=row.points,
        remaining=row.remaining,
        run_out=row.run_out,
        ends_at=moment_or_none(row.ends_at),
        sale=row.sale_id and SaleId(row.sale_id),
    )


def taking_values(
    tenant: TenantId, consumer: ConsumerId, takings: Iterable[Taking]
) -> Iterable[Values]:
    """Takings as rows: each has its place within its entry."""
    places: dict[int, int] = {}
    for taking in takings:
        places[taking.seq] = places.get(taking.seq, 0) + 1
        yield {
            "tenant_id": tenant,
            "consumer_id": consumer,
            "seq": taking.seq,
            "place": places[taking.seq],
            "lot_id": taking.lot,
            "points": taking.points,
        }


def taking_of(row: Row[Any]) -> Taking:
    """A row as a taking."""
    return Taking(row.seq, LotId(row.lot_id), row.points)


def code_values(tenant: TenantId, code: RedemptionCode) -> Values:
    """A code as a row."""
    return {
        "tenant_id": tenant,
        "id": code.id,
        "consumer_id": code.consumer,
        "points": code.points,
        "issued_at": code.issued_at,
        "expires_at": code.expires_at,
        "pepper": code.pepper,
        "lookup": code.lookup,
        "state": code.state,
        "settled_at": code.settled_at,
        "till": code.till,
    }


def code_of(row: Row[Any]) -> RedemptionCode:
    """A row as a code."""
    return RedemptionCode(
        id=CodeId(row.id),
        consumer=ConsumerId(row.consumer_id),
        points=row.points,
        issued_at=moment(row.issued_at),
        expires_at=moment(row.expires_at),
        pepper=row.pepper,
        lookup=row.lookup,
        state=CodeState(row.state),
        settled_at=moment_or_none(row.settled_at),
        till=row.till,
    )


def version_values(tenant: TenantId, version: RuleVersion) -> Values:
    """A rule version as a row."""
    return {
        "tenant_id": tenant,
        "number": version.number,
        "rules": [rule.as_data() for rule in version.rules],
        "in_force_from": version.in_force_from,
        "published_at": version.published_at,
        "published_by": version.published_by,
        "content_hash": version.content_hash,
    }


def version_of(row: Row[Any]) -> RuleVersion:
    """A row as a rule version."""
    return RuleVersion(
        number=row.number,
        rules=read_rules(row.rules),
        in_force_from=moment(row.in_force_from),
        published_at=moment(row.published_at),
        published_by=row.published_by,
    )


def note_values(tenant: TenantId, note: AuditNote) -> Values:
    """A tenant's audit note as a row."""
    return {"tenant_id": tenant, **platform_note_values(note)}


def platform_note_values(note: AuditNote) -> Values:
    """An audit note of the platform as a row."""
    return {it.name: getattr(note, it.name) for it in fields(note)}


def note_of(row: Row[Any]) -> AuditNote:
    """A row as an audit note."""
    return AuditNote(
        id=row.id,
        actor=row.actor,
        action=row.action,
        target=row.target,
        reason=row.reason,
        at=moment(row.at),
        before=row.before,
        after=row.after,
        correlation=row.correlation,
        on_behalf_of=row.on_behalf_of,
    )


def tenant_values(tenant: Tenant) -> Values:
    """A tenant as a row."""
    found: Values = {it.name: getattr(tenant, it.name) for it in fields(tenant)}
    return {**found, "terms": asdict(tenant.terms), "state": tenant.state.value}


def tenant_of(row: Row[Any]) -> Tenant:
    """A row as a tenant."""
    terms: dict[str, Any] = dict(row.terms)
    terms["catalogue"] = tuple(Reward(**each) for each in terms["catalogue"])
    found: dict[str, Any] = {it.name: getattr(row, it.name) for it in fields(Tenant)}
    found |= {"id": TenantId(found["id"]), "terms": RedemptionTerms(**terms)}
    found["state"] = TenantState(row.state)
    return Tenant(**found)


def adjustment_values(tenant: TenantId, adjustment: Adjustment) -> Values:
    """An adjustment as a row."""
    names = {"consumer": "consumer_id"}
    found = {names.get(it.name, it.name): getattr(adjustment, it.name) for it in fields(adjustment)}
    return {"tenant_id": tenant, **found}


def adjustment_of(row: Row[Any]) -> Adjustment:
    """A row as an adjustment."""
    return Adjustment(
        id=ActId(row.id),
        consumer=ConsumerId(row.consumer_id),
        kind=row.kind,
        points=row.points,
        reason=row.reason,
        state=AdjustmentState(row.state),
        requested_by=row.requested_by,
        requested_at=moment(row.requested_at),
        expires_at=moment_or_none(row.expires_at),
        decided_by=row.decided_by,
        decided_at=moment_or_none(row.decided_at),
    )


def invitation_values(invitation: Invitation) -> Values:
    """An invitation as a row."""
    return {
        "kind": invitation.evidence.kind,
        "value": invitation.evidence.value,
        "tenant_id": invitation.tenant,
        "id": invitation.id,
        "role": invitation.role,
        "invited_by": invitation.invited_by,
        "expires_at": invitation.expires_at,
    }


def invitation_of(row: Row[Any]) -> Invitation:
    """A row as an invitation."""
    return Invitation(
        id=row.id,
        tenant=TenantId(row.tenant_id),
        evidence=Evidence(EvidenceKind(row.kind), row.value),
        role=Role(row.role),
        invited_by=row.invited_by,
        expires_at=moment(row.expires_at),
    )


def member_of(row: Row[Any]) -> Member:
    """A row as a member."""
    tenant = row.tenant_id and TenantId(row.tenant_id)
    return Member(ConsumerId(row.person_id), Role(row.role), tenant)
