"""The shared clock: one time for everybody, which the owner of the database moves."""

from datetime import datetime, timedelta

import psycopg
import pytest

from salesarck_adapters.clock.postgres import SharedClock
from salesarck_domain.ports.directory import StoreUnavailable
from salesarck_domain.testing.examples import NOON
from tests.postgres import Database


def test_everybody_tells_the_time_that_one_set(database: Database) -> None:
    mover, reader = SharedClock(database.dsn()), SharedClock(database.dsn())
    told: list[datetime] = []
    for moment in (NOON, NOON + timedelta(microseconds=1), NOON + timedelta(days=300)):
        mover.move(moment)
        told += [reader(), mover()]
        assert told[-2:] == [moment, moment]
        assert told[-1].utcoffset() == timedelta(0)
    mover.close()
    reader.close()


def test_a_clock_that_nobody_set_says_so(database: Database) -> None:
    clock = SharedClock(database.dsn())
    with pytest.raises(StoreUnavailable, match="nobody has set the shared clock"):
        clock()
    clock.close()


def test_a_connection_that_broke_is_made_again(database: Database) -> None:
    clock = SharedClock(database.dsn())
    clock.move(NOON)
    with psycopg.connect(database.dsn(), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(StoreUnavailable, match="can't be read"):
        clock()
    assert clock() == NOON
    clock.close()
