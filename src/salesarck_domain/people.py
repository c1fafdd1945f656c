"""People: who they are, how we know, and what each role may do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from salesarck_domain.ids import ActId, ConsumerId, SaleId, TenantId
from salesarck_domain.phone import Email, Phone


class Role(StrEnum):
    """What somebody is to the platform or, with a tenant, to a business."""

    CONSUMER = "consumer"
    CASHIER = "cashier"
    MANAGER = "manager"
    OWNER = "owner"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a route may ask of its caller."""

    OWN_WALLET = "own_wallet"
    SIGN_UP_TENANTS = "sign_up_tenants"
    ANSWER_INVITATIONS = "answer_invitations"
    LEAVE_TEAM = "leave_team"
    TAKE_CODES = "take_codes"
    READ_SALES = "read_sales"
    READ_RULES = "read_rules"
    CHANGE_RULES = "change_rules"
    READ_TERMS = "read_terms"
    CHANGE_TERMS = "change_terms"
    READ_TEAM = "read_team"
    INVITE_STAFF = "invite_staff"
    CHANGE_TEAM = "change_team"
    READ_PLATFORM = "read_platform"
    READ_AUDIT = "read_audit"
    FIND_PEOPLE = "find_people"
    ADJUST_WALLETS = "adjust_wallets"
    FREEZE_WALLETS = "freeze_wallets"
    CHANGE_TENANTS = "change_tenants"
    SUSPEND_PEOPLE = "suspend_people"
    EXPORT_PEOPLE = "export_people"
    ERASE_PEOPLE = "erase_people"


_ANYBODY = frozenset(
    {Permission.OWN_WALLET, Permission.SIGN_UP_TENANTS, Permission.ANSWER_INVITATIONS}
)
_CASHIER = frozenset({Permission.TAKE_CODES, Permission.LEAVE_TEAM})
_MANAGER = _CASHIER | {
    Permission.READ_SALES,
    Permission.READ_RULES,
    Permission.READ_TERMS,
    Permission.READ_TEAM,
    Permission.INVITE_STAFF,
}
_OWNER = _MANAGER | {Permission.CHANGE_RULES, Permission.CHANGE_TERMS, Permission.CHANGE_TEAM}
_ADMIN = frozenset(
    {
        Permission.READ_PLATFORM,
        Permission.READ_AUDIT,
        Permission.FIND_PEOPLE,
        Permission.ADJUST_WALLETS,
        Permission.FREEZE_WALLETS,
        Permission.CHANGE_TENANTS,
        Permission.SUSPEND_PEOPLE,
        Permission.EXPORT_PEOPLE,
        Permission.ERASE_PEOPLE,
    }
)
MAY: dict[Role, frozenset[Permission]] = {
    Role.CONSUMER: _ANYBODY,
    Role.CASHIER: _CASHIER,
    Role.MANAGER: _MANAGER,
    Role.OWNER: _OWNER,
    Role.ADMIN: _ADMIN,
}
"""Deny is the default: what does not stand here, a role may not."""

WHILE_PENDING: frozenset[Permission] = (_OWNER - {Permission.TAKE_CODES}) | {
    Permission.ANSWER_INVITATIONS
}
"""What may be done with a tenant that no admin has approved yet: all is set up, and waits."""

STAFF: tuple[Role, ...] = (Role.CASHIER, Role.MANAGER, Role.OWNER)
"""The roles at a tenant, weakest first."""

MAY_INVITE: dict[Role, frozenset[Role]] = {
    Role.MANAGER: frozenset({Role.CASHIER}),
    Role.OWNER: frozenset(STAFF),
}
"""Whom a role may invite. A manager hires for the counter; who runs the business is the owner's."""


class EvidenceKind(StrEnum):
    """By what a person can be known, best first."""

    TILL = "till"
    PHONE = "phone"
    EMAIL = "email"


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """Something that points to one person: a till's customer id, a phone, an e-mail address."""

    kind: EvidenceKind
    value: str

    @classmethod
    def till(cls, provider: str, customer: str) -> "Evidence":
        """A customer of a tenant's tills, by the provider's own id."""
        return cls(EvidenceKind.TILL, f"{provider}:{customer}")

    @classmethod
    def phone(cls, number: str) -> "Evidence":
        """A phone in E.164.

        Raises:
            ValueError: it isn't.
        """
        return cls(EvidenceKind.PHONE, Phone(number).number)

    @classmethod
    def email(cls, address: str) -> "Evidence":
        """An e-mail address, in any case.

        Raises:
            ValueError: it isn't one.
        """
        return cls(EvidenceKind.EMAIL, Email(address).address)


@dataclass(frozen=True, slots=True)
class Proof:
    """A person showed at `proved_at` that this evidence is theirs.

    The first proof stands until its owner lets go of the evidence.
    """

    evidence: Evidence
    consumer: ConsumerId
    proved_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A person works for a tenant, or for the platform (no tenant): one role each."""

    person: ConsumerId
    role: Role
    tenant: TenantId | None = None

    def __post_init__(self) -> None:
        if (self.role is Role.ADMIN) != (self.tenant is None) or self.role is Role.CONSUMER:
            raise ValueError(
                "admins work for the platform; cashiers, managers, owners for a tenant"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMerge:
    """Two accounts were one person's: what proves the absorbed one proves the survivor now."""

    id: ActId
    absorbed: ConsumerId
    survivor: ConsumerId
    at: datetime
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletMerge:
    """What a merge moved at one tenant: sales by their ids, points by the entry that brought them.

    `seq` is 0 where no points came to the survivor.
    """

    id: ActId
    absorbed: ConsumerId
    survivor: ConsumerId
    seq: int
    sales: tuple[SaleId, ...]
    is_undone: bool = False


def kin_of(merges: Iterable[WalletMerge]) -> Mapping[ConsumerId, set[ConsumerId]]:
    """Say for everybody in these merges, undone ones too, whose wallets points may have come to."""
    kin: dict[ConsumerId, set[ConsumerId]] = {}
    for merge in merges:
        one = kin.get(merge.absorbed, {merge.absorbed}) | kin.get(merge.survivor, {merge.survivor})
        kin.update(dict.fromkeys(one, one))
    return kin


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Somebody is asked to work for a tenant: whoever proves this phone or e-mail may accept."""

    id: UUID
    tenant: TenantId
    evidence: Evidence
    role: Role
    invited_by: str
    expires_at: datetime
