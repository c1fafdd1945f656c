"""The second wall: whose rows a transaction sees. Its reasons stand in decision 6.

A transaction is one tenant's, in the service's role, and sees that tenant's rows alone; or it is
nobody's, in the platform's role, and sees what stands here: what is looked up before a tenant is
known, and the few columns by which the timetable finds the tenants with something to do.
"""

from collections.abc import Mapping

PLATFORM_ROLE = "salesarck_platform"
"""What the program may do before it knows a tenant. It cannot read a single entry."""

TENANT_SETTING = "salesarck.tenant"

COMMAND_SETTING = "salesarck.command"
"""The token of the command that a tenant's work answers: of all commands it sees that one."""

OWNER_COLUMN: Mapping[str, str] = {"tenant": "id"}
"""The column that says whose a row is, where it is not `tenant_id`."""

BEFORE_A_TENANT: Mapping[str, str] = {
    "invitation": "a person who is asked to join knows no tenant yet",
    "link": "a delivery says only which till account it is about",
    "member": "a person who signs in says nothing of tenants",
    "tenant": "who lists or makes tenants works for none of them",
}
"""Tables that the platform's role reads and writes whole, and why."""

KEYS: Mapping[str, frozenset[str]] = {
    "adjustment": frozenset({"tenant_id", "consumer_id"}),
    "contact": frozenset({"tenant_id", "kind", "value"}),
    "lot": frozenset({"tenant_id", "consumer_id", "remaining", "ends_at"}),
    "redemption_code": frozenset({"tenant_id", "consumer_id", "state", "expires_at"}),
    "till_proof": frozenset({"tenant_id", "value"}),
    "waiting": frozenset({"tenant_id", "kind", "value"}),
    "wallet": frozenset({"tenant_id", "consumer_id"}),
}
"""What it reads of other tables, to learn at which tenants to look: keys, and what chooses them."""
