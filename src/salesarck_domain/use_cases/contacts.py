"""What can be done with contacts: put a new phone or e-mail in the place of an old one."""

from dataclasses import dataclass
from typing import ClassVar

from salesarck_domain.errors import Conflict, Missing
from salesarck_domain.ids import ConsumerId
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.identity import Contact, Identity, Session
from salesarck_domain.use_cases.people import Prove
from salesarck_domain.use_cases.sessions import evidence_of


@dataclass(eq=False)
class ContactNotYours(Missing):
    """Somebody shows a phone or an e-mail as theirs that isn't."""

    code: ClassVar[str] = "contact_not_yours"

    def __str__(self) -> str:
        return "this phone or e-mail is not on your account; show one that is"


@dataclass(eq=False)
class ContactTaken(Conflict):
    """A phone or an e-mail is on the account of somebody else."""

    code: ClassVar[str] = "contact_taken"

    def __str__(self) -> str:
        return "this phone or e-mail is on another account; if both are yours, merge them"


@dataclass(frozen=True, slots=True)
class Shown:
    """A contact with the code that was sent there."""

    contact: Contact
    code: str


@dataclass(frozen=True, slots=True)
class ChangeContact:
    """Take a new phone or e-mail, shown by a code, in the place of one that is shown by another.

    Points stay where they are. The old contact is nobody's afterwards.
    """

    identity: Identity
    directory: Directory
    prove: Prove

    async def __call__(
        self,
        consumer: ConsumerId,
        old: Shown,
        new: Shown,
        correlation: str = "",
        address: str = "",
    ) -> Session:
        """Change; the session is one of the new contact.

        Raises:
            ContactNotYours: the old one isn't on this account.
            CodeNotAccepted: one of the codes is wrong, or no longer good.
            ContactTaken: the new one is on another account.
        """
        leaving, coming = evidence_of(old.contact), evidence_of(new.contact)
        if await self.directory.whose(leaving) != consumer:
            raise ContactNotYours
        await self.identity.verify_code(old.contact, old.code, address)
        session = await self.identity.verify_code(new.contact, new.code, address)
        # Only who has shown that they read what comes there learns that somebody has it.
        if await self.directory.whose(coming) not in {None, consumer}:
            raise ContactTaken
        await self.prove(consumer, [coming], correlation=correlation)
        if await self.directory.whose(coming) != consumer:
            raise ContactTaken
        if leaving != coming:
            await self.directory.let_go(consumer, [leaving])
        return session
