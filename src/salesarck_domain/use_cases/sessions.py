"""What can be done to sign in: show that a phone or an e-mail is yours, and be known by it."""

from dataclasses import dataclass

from salesarck_domain.ids import ConsumerId, Randomness, uuid7
from salesarck_domain.people import Evidence, Proof
from salesarck_domain.phone import Phone
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.identity import Contact, Identity, Session
from salesarck_domain.use_cases.people import Prove


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session, and whose it is."""

    session: Session
    person: ConsumerId


@dataclass(frozen=True, slots=True)
class SignIn:
    """Check a one-time code, and take it as proof of the phone or e-mail that it was sent to.

    Whoever signs in for the first time becomes a person by it, and claims the sales that waited.
    """

    identity: Identity
    directory: Directory
    prove: Prove
    clock: Clock
    randomness: Randomness

    async def __call__(
        self, contact: Contact, code: str, correlation: str = "", address: str = ""
    ) -> SignedIn:
        """Sign in, from an address on the network.

        Raises:
            CodeNotAccepted: it is not that code, or no longer.
            StoreUnavailable: nobody is signed in; ask for a new code.
        """
        session = await self.identity.verify_code(contact, code, address)
        evidence = evidence_of(contact)
        person = await self._person(evidence)
        await self.prove(person, [evidence], correlation=correlation)
        return SignedIn(session, person)

    async def _person(self, evidence: Evidence) -> ConsumerId:
        """Find the person, or make one: of two who come at once the first proof stands."""
        known = await self.directory.whose(evidence)
        if known:
            return known
        now = self.clock()
        # No part of it comes from the phone: the id outlives what is known of the person.
        new = ConsumerId(uuid7(now, self.randomness(10)))
        await self.directory.prove([Proof(evidence, new, now)])
        return await self.directory.whose(evidence) or new


def evidence_of(contact: Contact) -> Evidence:
    """Say a phone or an e-mail as what it can prove."""
    if isinstance(contact, Phone):
        return Evidence.phone(contact.number)
    return Evidence.email(contact.address)
