"""Profiles in Postgres: a table of their own, that nothing points to."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from salesarck_adapters.store.postgres import schema
from salesarck_adapters.store.postgres.answers import keep_answer
from salesarck_adapters.store.postgres.connections import transaction
from salesarck_adapters.store.postgres.statements import write
from salesarck_domain.ids import ConsumerId
from salesarck_domain.ports.answers import Answered
from salesarck_domain.profile import Birthday, Profile


@dataclass(frozen=True, slots=True)
class PostgresProfiles:
    """What people told of themselves. Each call is one transaction."""

    engine: AsyncEngine

    async def profile(self, consumer: ConsumerId) -> Profile:
        """Read one; an empty one if there is none."""
        table = schema.profile
        found = select(table).where(table.c.consumer_id == consumer)
        async with transaction(self.engine) as connection:
            row = (await connection.execute(found)).first()
        if row is None:
            return Profile()
        told = row.birth_month is not None
        return Profile(
            name=row.name,
            birthday=Birthday(row.birth_month, row.birth_day, row.birth_year) if told else None,
            language=row.language,
        )

    async def keep_profile(
        self, consumer: ConsumerId, profile: Profile, answered: Answered | None = None
    ) -> None:
        """Write one over the one that is there.

        Raises:
            CommandLost: somebody else holds the command that this answers.
        """
        birthday = profile.birthday
        row = {
            "consumer_id": consumer,
            "name": profile.name,
            "birth_month": birthday and birthday.month,
            "birth_day": birthday and birthday.day,
            "birth_year": birthday and birthday.year,
            "language": profile.language,
        }
        async with transaction(self.engine) as connection:
            await write(connection, schema.profile, [row])
            if answered:
                await keep_answer(connection, answered)
