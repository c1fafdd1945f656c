"""A server of our own that speaks Supabase Auth's protocol and shows its codes: no port."""

from salesarck_adapters.embedded.identity.app import DevelopmentOnly, create_identity
from salesarck_adapters.embedded.identity.key import KeyRing
from salesarck_adapters.embedded.identity.limits import Limits

__all__ = ["DevelopmentOnly", "KeyRing", "Limits", "create_identity"]
