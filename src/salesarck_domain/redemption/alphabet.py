"""The alphabet of codes: what can be read aloud, typed by a cashier, and caught when mistyped."""

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Thirty-two signs without 0, 1, I and O, which people mistake for one another."""

LENGTH = 8
BITS_PER_SIGN = 5


def spell(secret: bytes) -> str:
    """Turn at least five bytes into seven signs and a check sign.

    >>> spell(bytes(5))
    '22222222'
    """
    number = int.from_bytes(secret[:5], "big") >> 40 - BITS_PER_SIGN * (LENGTH - 1)
    signs = [number >> BITS_PER_SIGN * place & 31 for place in reversed(range(LENGTH - 1))]
    return "".join(ALPHABET[sign] for sign in (*signs, _check(signs)))


def show(text: str) -> str:
    """Write a code as people see it: XXXX-XXXX."""
    return f"{text[:4]}-{text[4:]}"


def typed(text: str) -> str | None:
    """Read what a cashier typed, in any case, with or without the hyphen. None if it is no code.

    >>> typed(" 2222-2222 ")
    '22222222'
    >>> typed("2222-2223") is None
    True
    """
    plain = "".join(sign for sign in text.upper() if sign not in "- \t\n")
    if len(plain) != LENGTH or any(sign not in ALPHABET for sign in plain):
        return None
    signs = [ALPHABET.index(sign) for sign in plain]
    return plain if _check(signs[:-1]) == signs[-1] else None


def _check(signs: list[int]) -> int:
    """Weigh each sign with an odd number, which catches every single mistake and most swaps."""
    return sum((2 * place + 1) * sign for place, sign in enumerate(signs)) % 32
