"""Keys that sign tokens: made at the first start, kept in files that only we can read."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import ClassVar, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm

from salesarck_domain.errors import Conflict

ALGORITHM = "ES256"


@dataclass(eq=False)
class KeyUnusable(Conflict):
    """The file that should hold the signing key holds something else, or others can read it."""

    file: Path
    why: str
    code: ClassVar[str] = "signing_key_unusable"

    def __str__(self) -> str:
        return f"{self.file} {self.why}; remove it to get a new key, and everybody signs in again"


@dataclass(frozen=True)
class SigningKey:
    """An ES256 key pair."""

    private: EllipticCurvePrivateKey

    @classmethod
    def generate(cls) -> Self:
        """Make one that lives as long as the process."""
        return cls(generate_private_key(SECP256R1()))

    @classmethod
    def kept_in(cls, file: Path) -> Self:
        """Read the key, making it first if there is none. Of several processes one makes it.

        Raises:
            KeyUnusable: it is no such key, or not private to us.
        """
        if not file.exists():
            _write(file, cls.generate())
        if file.stat().st_mode & 0o077:
            raise KeyUnusable(file, "can be read by others")
        try:
            private = load_pem_private_key(file.read_bytes(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as trouble:
            raise KeyUnusable(file, "holds no key that we can read") from trouble
        if not isinstance(private, EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
            raise KeyUnusable(file, "holds a key of another kind")
        return cls(private)

    @cached_property
    def public(self) -> dict[str, str]:
        """The public half as a JSON Web Key, named by its own thumbprint (RFC 7638)."""
        key = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        canonical = json.dumps(
            {name: key[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":")
        )
        thumbprint = hashlib.sha256(canonical.encode()).hexdigest()
        return {**key, "kid": thumbprint, "alg": ALGORITHM, "use": "sig"}


@dataclass(slots=True)
class KeyRing:
    """The key that signs, the one that is published to sign next, and those that signed before."""

    in_use: SigningKey
    standby: SigningKey
    previous: list[SigningKey] = field(default_factory=list[SigningKey])

    @classmethod
    def generate(cls) -> Self:
        """Make keys that live as long as the process."""
        return cls(SigningKey.generate(), SigningKey.generate())

    @classmethod
    def kept_in(cls, file: Path) -> Self:
        """Read the key that signs from a file, and the next from one beside it; make what isn't.

        Raises:
            KeyUnusable: one is no such key, or not private to us.
        """
        standby = SigningKey.kept_in(file.with_suffix(f".standby{file.suffix}"))
        return cls(SigningKey.kept_in(file), standby)

    @property
    def all(self) -> list[SigningKey]:
        """Those whose tokens are good."""
        return [self.in_use, self.standby, *self.previous]

    def rotate(self) -> None:
        """Let the next key sign. What the last has signed stays good."""
        self.previous.append(self.in_use)
        self.in_use, self.standby = self.standby, SigningKey.generate()

    def revoke_previous(self) -> None:
        """Let nothing be good that older keys have signed."""
        self.previous.clear()


def _write(file: Path, key: SigningKey) -> None:
    """Put a key in its place whole, or not at all if somebody else was faster."""
    pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=file.parent) as whole:
        whole.write(pem)
        whole.flush()
        try:
            os.link(whole.name, file)
        except FileExistsError:
            return
