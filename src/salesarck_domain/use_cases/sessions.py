"""What can be done with sessions: begin one by a code, go on with it, end it."""

from contextlib import suppress
from dataclasses import dataclass

from salesarck_domain.errors import Unavailable
from salesarck_domain.ids import ConsumerId, Randomness, TenantId, uuid7
from salesarck_domain.people import Evidence, Proof
from salesarck_domain.phone import Phone
from salesarck_domain.ports.clock import Clock
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.erasures import Erasures
from salesarck_domain.ports.identity import (
    Claims,
    Contact,
    Identity,
    Session,
    SessionEnded,
    TokenVerifier,
)
from salesarck_domain.ports.revocations import Revocation, Revocations, Shown
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
    erasures: Erasures
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
        await self.erasures.note_sign_in(person, session.subject)
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


@dataclass(frozen=True, slots=True)
class Refresh:
    """Go on with a session, unless it was ended here and the identity hasn't heard of it."""

    identity: Identity
    verifier: TokenVerifier
    directory: Directory
    revocations: Revocations

    async def __call__(self, refresh_token: str, address: str = "") -> Session:
        """Swap a refresh token for new tokens of the same session.

        Raises:
            SessionEnded: it is over.
        """
        session = await self.identity.refresh(refresh_token, address)
        claims = await self.verifier.verify_token(session.access_token)
        person = await whose(self.directory, claims)
        if person and await self.revocations.stands(shown(claims, person)):
            return session
        with suppress(Unavailable):  # it hears of it whenever somebody tries again
            await self.identity.sign_out(session.access_token)
        raise SessionEnded


@dataclass(frozen=True, slots=True)
class SignOut:
    """End a session, or all of a person. It holds here, whether the identity answers or not."""

    identity: Identity
    verifier: TokenVerifier
    directory: Directory
    revocations: Revocations
    real_clock: Clock

    async def __call__(self, access_token: str, *, everywhere: bool = False) -> None:
        """End it.

        Raises:
            TokenNotAccepted: the token is not a good one.
            StoreUnavailable: it is not certain that it is over.
        """
        claims, now = await self.verifier.verify_token(access_token), self.real_clock()
        await self.revocations.revoke(Revocation.of_session(claims.session, now))
        person = await whose(self.directory, claims)
        if everywhere and person:
            await self.revocations.revoke(Revocation.of_person(person, now))
        with suppress(Unavailable):  # `Refresh` tells it when it is needed
            await self.identity.sign_out(access_token, everywhere=everywhere)


async def whose(directory: Directory, claims: Claims) -> ConsumerId | None:
    """Find whom a token stands for."""
    for evidence in claims.proved:
        if person := await directory.whose(evidence):
            return person
    return None


def shown(claims: Claims, person: ConsumerId, tenant: TenantId | None = None) -> Shown:
    """Say what of a token may have been ended."""
    return Shown(claims.session, person, tenant, claims.signed_in_at, claims.issued_at)


def evidence_of(contact: Contact) -> Evidence:
    """Say a phone or an e-mail as what it can prove."""
    if isinstance(contact, Phone):
        return Evidence.phone(contact.number)
    return Evidence.email(contact.address)
