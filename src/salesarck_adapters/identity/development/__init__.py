"""People sign in with a code shown in the terminal: for development, and nowhere else."""

from salesarck_adapters.identity.development.identity import DevelopmentIdentity
from salesarck_adapters.identity.development.key import SigningKey

__all__ = ["DevelopmentIdentity", "SigningKey"]
