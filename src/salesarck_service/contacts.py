"""Phones and e-mail addresses as people type them into a form."""

from collections.abc import Callable
from dataclasses import dataclass

from salesarck_domain.phone import Email, Phone
from salesarck_domain.ports.identity import Contact
from salesarck_service.problems import request_invalid

ANYWHERE = "ZZ"
"""No country: only a number that says its own can be read."""


@dataclass(frozen=True, slots=True)
class Contacts:
    """Reads any spelling, and never guesses."""

    e164: Callable[[str, str], str | None]
    address: Callable[[str], str | None]

    def read(
        self, phone: str | None, email: str | None, country: str | None, source: str = "body"
    ) -> Contact:
        """Read one of the two.

        Raises:
            ProblemError: both or neither were given, or it can't be read.
        """
        if (phone is None) == (email is None):
            raise request_invalid("phone", "give a phone or an e-mail, one of them", source)
        if phone is not None:
            if number := self.e164(phone, country or ANYWHERE):
                return Phone(number)
            hint = "write the phone with + and its country code, or name the country"
            raise request_invalid("phone", hint, source)
        if found := self.address(email or ""):
            return Email(found)
        raise request_invalid("email", "an e-mail address looks like ada@example.test", source)
