"""The one body that Clover sends before there is a secret, so that nobody can have signed it."""

import msgspec
from msgspec import Struct

from salesarck_adapters.wire import Id, read_json
from salesarck_domain.ports.pos import UnreadableDelivery

PROVIDER = "clover"


class Handshake(Struct, forbid_unknown_fields=True):
    """A code for an operator to copy, and no other key."""

    verification_code: Id = msgspec.field(name="verificationCode")


def handshake_code(body: bytes) -> str | None:
    """Read the code of a handshake; None where the body is anything else."""
    try:
        return read_json(PROVIDER, body, Handshake).verification_code
    except UnreadableDelivery:
        return None
