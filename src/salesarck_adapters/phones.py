"""Phones and addresses as people type them into tills: in full, or not at all."""

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult

from salesarck_domain.phone import Email, Phone

EMAIL_LENGTH_MAX = 254


def e164(text: str | None, country: str) -> str | None:
    """Complete a number of `country` to E.164; None where that needs a guess.

    A number that can only be dialled from its own area lacks a part, and we don't invent it.

    >>> e164("(555) 555-0123", "US"), e164("+44 20 7946 0958", "US"), e164("555-0123", "US")
    ('+15555550123', '+442079460958', None)
    """
    try:
        number = phonenumbers.parse(text or "", country)
        if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
            return None
        return str(Phone(phonenumbers.format_number(number, PhoneNumberFormat.E164)))
    except (phonenumbers.NumberParseException, ValueError):
        return None


def address(text: str | None) -> str | None:
    """Write an e-mail address in lower case; None where it isn't one.

    >>> address(" Ada@Example.TEST"), address("ask at the counter")
    ('ada@example.test', None)
    """
    text = (text or "").strip()
    if len(text) > EMAIL_LENGTH_MAX or not text.isprintable():
        return None
    try:
        return str(Email(text))
    except ValueError:
        return None
