"""Erasure: stand-ins take the place of contacts in what is written once."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy import Connection, text

from salesarck_adapters.store.postgres.migrations.walls import raise_wall, show_platform

revision = "0018"
down_revision = "0017"

PAGE = 1_000
READ = text("""
SELECT tenant_id, number, deed FROM public.applied
WHERE (tenant_id, number) > (:tenant, :number) ORDER BY tenant_id, number LIMIT :page
""")
NAME = text("""
INSERT INTO public.contact (tenant_id, kind, value) VALUES (:tenant, :kind, :value)
ON CONFLICT (tenant_id, kind, value) DO UPDATE SET value = excluded.value RETURNING number
""")
WRITE = text("""
UPDATE public.applied SET deed = CAST(:deed AS jsonb) WHERE tenant_id = :tenant AND number = :number
""")
FIRST = {"tenant": "00000000-0000-0000-0000-000000000000", "number": -1}

Name = Callable[[str, str], str]


def upgrade() -> None:
    """Make the tables, then draw the veil over what was applied before."""
    connection = op.get_bind().execution_options(no_parameters=True)
    connection.exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())
    op.execute("ALTER TABLE public.applied NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE public.applied DISABLE TRIGGER applied_stays")
    _draw_the_veil(op.get_bind())
    op.execute("ALTER TABLE public.applied ENABLE TRIGGER applied_stays")
    op.execute("ALTER TABLE public.applied FORCE ROW LEVEL SECURITY")
    raise_wall("contact")
    show_platform("contact", "tenant_id", "kind", "value")
    show_platform("adjustment", "tenant_id", "consumer_id")


def _draw_the_veil(connection: Connection) -> None:
    after = FIRST
    while rows := connection.execute(READ, {**after, "page": PAGE}).all():
        for row in rows:
            deed = json.loads(json.dumps(row.deed))
            if _veiled(deed, _namer(connection, row.tenant_id)):
                told = {"tenant": row.tenant_id, "number": row.number, "deed": json.dumps(deed)}
                connection.execute(WRITE, told)
        after = {"tenant": rows[-1].tenant_id, "number": rows[-1].number}


def _namer(connection: Connection, tenant: object) -> Name:
    def name(kind: str, value: str) -> str:
        value = value.strip().lower() if kind == "email" else value
        told = {"tenant": tenant, "kind": kind, "value": value}
        number = connection.execute(NAME, told).scalar_one()
        provider = value.partition(":")[0]
        return {
            "phone": f"+999{number:012}",
            "email": f"{number}@erased.invalid",
            "till": f"{provider}:erased-{number}",
        }[kind]

    return name


def _veiled(deed: dict[str, Any], name: Name) -> bool:
    """Put stand-ins into a deed; say whether there was anything to stand in for."""
    found = False
    for proof in (*(deed.get("proofs") or ()), *(deed.get("rested_on") or ())):
        proof["value"] = name(proof["kind"], proof["value"])
        found = True
    for customer in _customers(deed.get("news") or {}):
        found = True
        for kind in ("phone", "email"):
            if customer.get(kind):
                customer[kind] = name(kind, customer[kind])
        if customer.get("id"):
            customer["id"] = _till(deed["provider"], customer["id"], name)
        if customer.get("merged_from"):
            ids = [_till(deed["provider"], each, name) for each in customer["merged_from"]]
            customer["merged_from"] = ids
    return found


def _till(provider: str, id_: str, name: Name) -> str:
    return name("till", f"{provider}:{id_}").partition(":")[2]


def _customers(news: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if news.get("news") == "customer":
        yield news
    elif news.get("customer"):
        yield news["customer"]
