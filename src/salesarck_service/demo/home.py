"""The folder that a demo owns: its database, its secrets, and what its processes said."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import msgspec
from msgspec import Struct

from salesarck_domain.errors import Conflict

OURS = frozenset(
    """
    postgres secrets.json secrets.new identity.pem identity.standby.pem logs tokens
    """.split()
)


@dataclass(eq=False)
class HomeUnusable(Conflict):
    """The folder holds something else, is damaged, or may not be written."""

    folder: Path
    why: str
    code: ClassVar[str] = "demo_folder_unusable"

    def __str__(self) -> str:
        return (
            f"can't keep the demo's data in {self.folder}: {self.why}; "
            "move it away to start afresh, or choose another folder"
        )


class Secrets(Struct, frozen=True, forbid_unknown_fields=True):
    """What nobody else may know. Made at the first start."""

    pepper: str
    square_key: str
    clover_auth_code: str
    clover_token: str

    def __repr__(self) -> str:
        return "Secrets()"

    @classmethod
    def generate(cls) -> "Secrets":
        """Make new ones."""
        return cls(*(secrets.token_urlsafe(36) for _ in cls.__struct_fields__))


@dataclass(frozen=True, slots=True)
class Home:
    """One data folder. Nobody but us may look into it."""

    folder: Path

    @classmethod
    def of_this_person(cls) -> "Home":
        """Choose the folder where this person's programs keep their data."""
        kept = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        return cls(Path(kept).absolute() / "salesarck" / "demo")

    @property
    def server(self) -> Path:
        """Where the database server works. `salesarck books verify --data` looks here too."""
        return self.folder / "postgres"

    @property
    def identity_key(self) -> Path:
        """Where the key is that signs tokens; the next one is beside it."""
        return self.folder / "identity.pem"

    def log(self, process: str) -> Path:
        """Where a process writes."""
        return self.folder / "logs" / f"{process}.log"

    @property
    def tokens(self) -> Path:
        """Where each person's token is, as a header for `curl -H @file`."""
        return self.folder / "tokens"

    def keep_token(self, name: str, token: str) -> None:
        """Write a person's token down, whole or not at all."""
        half = self.tokens / f".{name}"
        half.touch(mode=0o600)
        half.write_text(f"Authorization: Bearer {token}\n")
        half.rename(self.tokens / name.lower())

    def open(self) -> Secrets:
        """Make the folder and its secrets where there are none yet, and read them.

        Raises:
            HomeUnusable: other things are in it, or it can't be read or written.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            strangers = sorted({entry.name for entry in self.folder.iterdir()} - OURS)
            if strangers:
                raise HomeUnusable(self.folder, f"{strangers[0]} in it is not ours")
            self.folder.chmod(0o700)
            for folder in (self.log("").parent, self.tokens):
                folder.mkdir(mode=0o700, exist_ok=True)
            return self._secrets()
        except OSError as trouble:
            why = f"{Path(str(trouble.filename)).name}: {trouble.strerror}"
            raise HomeUnusable(self.folder, why) from trouble

    def must_be_empty(self) -> None:
        """Make sure that nothing is here yet.

        Raises:
            HomeUnusable: something is.
        """
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise HomeUnusable(self.folder, "it is not empty, and the check starts from nothing")

    def _secrets(self) -> Secrets:
        file = self.folder / "secrets.json"
        if not file.exists():
            half = file.with_suffix(".new")
            half.unlink(missing_ok=True)
            with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
                new.write(msgspec.json.encode(Secrets.generate()))
            half.rename(file)
        try:
            return msgspec.json.decode(file.read_bytes(), type=Secrets)
        except msgspec.MsgspecError as error:
            raise HomeUnusable(self.folder, "secrets.json in it is damaged") from error
