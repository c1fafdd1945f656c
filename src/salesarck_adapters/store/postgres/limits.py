"""Limits in Postgres: a row a count, in a table without a log. Its clock is everybody's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from salesarck_adapters.store.postgres.connections import transaction
from salesarck_domain.ports.limits import Count, Left

TAKE = text("""
WITH asked AS MATERIALIZED (
    SELECT name, many, apart, at_once,
        CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) AS now
    FROM unnest(
        CAST(:names AS text[]), CAST(:many AS integer[]),
        CAST(:apart AS bigint[]), CAST(:at_once AS integer[])
    ) AS listed (name, many, apart, at_once)
), taken AS (
    INSERT INTO public.allowance AS there (name, ends, granted)
    SELECT name, now + least(many, at_once) * apart, least(many, at_once)
    FROM asked
    ORDER BY name
    ON CONFLICT (name) DO UPDATE SET (ends, granted) = (
        SELECT began.at + found.granted * apart, found.granted
        FROM asked
        CROSS JOIN LATERAL (SELECT greatest(there.ends, now) AS at) AS began
        CROSS JOIN LATERAL (
            SELECT greatest(0, least(many, at_once - ceil((began.at - now) / apart::numeric)))
        ) AS found (granted)
        WHERE asked.name = excluded.name
    )
    RETURNING name, ends, granted
)
SELECT taken.name, taken.granted, taken.ends - asked.now AS ahead
FROM taken JOIN asked USING (name)
""")
"""Rows are locked in the order of their names, so no two statements wait for each other."""

GIVE_BACK = text("""
WITH given AS MATERIALIZED (
    SELECT name, many * apart AS less
    FROM unnest(
        CAST(:names AS text[]), CAST(:many AS integer[]), CAST(:apart AS bigint[])
    ) AS listed (name, many, apart)
), locked AS MATERIALIZED (
    SELECT there.name, less
    FROM public.allowance AS there JOIN given USING (name)
    ORDER BY there.name
    FOR UPDATE OF there
)
UPDATE public.allowance AS there SET ends = there.ends - less
FROM locked
WHERE there.name = locked.name
""")
FORGET = text("""
DELETE FROM public.allowance
WHERE ends <= extract(epoch FROM clock_timestamp()) * 1000000
""")


@dataclass(frozen=True, slots=True)
class PostgresLimits:
    """Counts of everything, by name."""

    engine: AsyncEngine

    async def take(self, counts: Sequence[Count]) -> Sequence[Left]:
        """Count, each for itself, in one statement."""
        async with transaction(self.engine) as connection:
            found = {row.name: row for row in await connection.execute(TAKE, _values(counts))}
        rows = [(count.limit, found[count.name]) for count in counts]
        return [Left.of(limit, int(row.granted), int(row.ahead)) for limit, row in rows]

    async def give_back(self, counts: Sequence[Count]) -> None:
        """Count so many less."""
        async with transaction(self.engine) as connection:
            values = _values(counts)
            del values["at_once"]
            await connection.execute(GIVE_BACK, values)

    async def forget(self) -> int:
        """Forget the counts that are full again."""
        async with transaction(self.engine) as connection:
            return (await connection.execute(FORGET)).rowcount


def _values(counts: Sequence[Count]) -> dict[str, Any]:
    return {
        "names": [count.name for count in counts],
        "many": [count.many for count in counts],
        "apart": [count.limit.apart for count in counts],
        "at_once": [count.limit.at_once for count in counts],
    }
