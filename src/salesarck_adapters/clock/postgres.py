"""A clock that stands in a row: all processes of a database tell the same time, and one moves it.

The demo's check plays a whole day in seconds with it. Nobody else needs it.
"""

from datetime import UTC, datetime

import psycopg

from salesarck_domain.ports.directory import StoreUnavailable

READ = "SELECT at FROM shared_clock"
MOVE = """
    INSERT INTO shared_clock (id, at) VALUES (1, %s)
    ON CONFLICT (id) DO UPDATE SET at = excluded.at
"""


class SharedClock:
    """Reads the row at every call, so that a moment is over for everybody at once.

    It has a connection of its own and waits for its answer: a clock is no coroutine.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection | None = None

    def __call__(self) -> datetime:
        """Tell the time.

        Raises:
            StoreUnavailable: the database isn't there, or nobody has set the clock.
        """
        try:
            row = self._connected().execute(READ).fetchone()
        except psycopg.OperationalError as error:
            self.close()
            raise StoreUnavailable("the shared clock can't be read") from error
        if row is None:
            raise StoreUnavailable("nobody has set the shared clock; use the real one")
        at: datetime = row[0]
        return at.astimezone(UTC)

    def move(self, at: datetime) -> None:
        """Set the time, for everybody. Only the owner of the database may.

        Raises:
            StoreUnavailable: the database isn't there.
        """
        try:
            self._connected().execute(MOVE, [at])
        except psycopg.OperationalError as error:
            self.close()
            raise StoreUnavailable("the shared clock can't be moved") from error

    def close(self) -> None:
        """Let the connection go; the next call makes another."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _connected(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._dsn, autocommit=True)
        return self._connection
