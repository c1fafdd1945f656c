"""The schema: every table, said once. Migrations are held to it by a test.

`tenant_id` stands first in every key, unique and foreign key of a tenant's tables, and is never
changed. Look-ups that come before a tenant is known are tables of their own, with keys of their
own. No name of a constraint ends in a number, so that a shard's suffix can be told from it.
"""

from salesarck_adapters.store.postgres.schema.answers import command
from salesarck_adapters.store.postgres.schema.base import METADATA, SERVICE_ROLE
from salesarck_adapters.store.postgres.schema.clock import shared_clock
from salesarck_adapters.store.postgres.schema.directory import (
    invitation,
    link,
    member,
    proof,
    retirement,
    rule_version,
    suspension,
    tenant,
    till_customer,
    till_proof,
    waiting,
)
from salesarck_adapters.store.postgres.schema.erasures import (
    contact,
    erased_contact,
    erasure,
    sign_in,
)
from salesarck_adapters.store.postgres.schema.inbox import (
    handshake,
    inbox,
    inbox_lane,
    inbox_sale,
)
from salesarck_adapters.store.postgres.schema.ledger import (
    adjustment,
    ledger_entry,
    lot,
    lot_movement,
    redemption_code,
    wallet,
    wrong_try,
)
from salesarck_adapters.store.postgres.schema.limits import allowance
from salesarck_adapters.store.postgres.schema.people import account_merge, profile, wallet_merge
from salesarck_adapters.store.postgres.schema.revocations import revocation, revocation_head
from salesarck_adapters.store.postgres.schema.sales import refund, sale, tender
from salesarck_adapters.store.postgres.schema.walls import PLATFORM_ROLE, TENANT_SETTING
from salesarck_adapters.store.postgres.schema.works import applied, audit, outbox, platform_audit

__all__ = [
    "METADATA",
    "PLATFORM_ROLE",
    "SERVICE_ROLE",
    "TENANT_SETTING",
    "account_merge",
    "adjustment",
    "allowance",
    "applied",
    "audit",
    "command",
    "contact",
    "erased_contact",
    "erasure",
    "handshake",
    "inbox",
    "inbox_lane",
    "inbox_sale",
    "invitation",
    "ledger_entry",
    "link",
    "lot",
    "lot_movement",
    "member",
    "outbox",
    "platform_audit",
    "profile",
    "proof",
    "redemption_code",
    "refund",
    "retirement",
    "revocation",
    "revocation_head",
    "rule_version",
    "sale",
    "shared_clock",
    "sign_in",
    "suspension",
    "tenant",
    "tender",
    "till_customer",
    "till_proof",
    "waiting",
    "wallet",
    "wallet_merge",
    "wrong_try",
]
