"""People sign in through Supabase Auth, or whatever speaks its protocol."""

from salesarck_adapters.identity.supabase.identity import SupabaseIdentity
from salesarck_adapters.identity.supabase.keys import PublishedKeys
from salesarck_adapters.identity.supabase.tokens import SupabaseTokens

__all__ = ["PublishedKeys", "SupabaseIdentity", "SupabaseTokens"]
