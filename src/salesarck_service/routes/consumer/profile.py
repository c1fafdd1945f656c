"""Who a signed-in person is to us, and what they say about themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Self
from uuid import UUID

from litestar import Controller, get, patch
from litestar.params import JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from salesarck_domain.ids import ConsumerId
from salesarck_domain.people import Permission, Role
from salesarck_domain.ports.directory import Directory
from salesarck_domain.ports.profiles import Profiles
from salesarck_domain.profile import (
    LANGUAGE,
    NAME_LENGTH_MAX,
    YEAR_MIN,
    Birthday,
    Profile,
    ProfileInvalid,
)
from salesarck_domain.use_cases.profiles import ChangeProfile
from salesarck_service.caller import Caller
from salesarck_service.given import Given
from salesarck_service.idempotency import Attempt, Once
from salesarck_service.problems import problems, request_invalid
from salesarck_service.security.guards import asks

Name = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
Language = Annotated[str, Meta(pattern=f"^{LANGUAGE.pattern}$", description="BCP 47, like pt-BR.")]


class MembershipView(Struct):
    """A role at a tenant or, without one, on the platform."""

    role: Role
    tenant: UUID | None
    tenant_name: str | None


class BirthdayView(Struct, forbid_unknown_fields=True):
    """A day of the year; the year too, if you like."""

    month: Annotated[int, Meta(ge=1, le=12)]
    day: Annotated[int, Meta(ge=1, le=31)]
    year: Annotated[int, Meta(ge=YEAR_MIN, le=2199)] | None = None

    @classmethod
    def of(cls, birthday: Birthday) -> Self:
        return cls(birthday.month, birthday.day, birthday.year)


class ProfileView(Struct):
    """A person, what they proved to be theirs and told of themselves, and where they work."""

    person: UUID
    proved: Sequence[str]
    works: Sequence[MembershipView]
    name: str | None
    birthday: BirthdayView | None
    language: str | None


class ProfileChange(Struct, forbid_unknown_fields=True):
    """What to change: what is left out stays, null forgets."""

    name: Name | UnsetType | None = UNSET
    birthday: BirthdayView | UnsetType | None = UNSET
    language: Language | UnsetType | None = UNSET


class ProfileController(Controller):
    """One's own profile."""

    path = "/v1/consumer/profile"
    tags = ("consumer",)
    opt = asks(Permission.OWN_WALLET)

    @get(summary="Who am I?", responses=problems(401, 503))
    async def read(
        self, caller: Given[Caller], directory: Given[Directory], profiles: Given[Profiles]
    ) -> ProfileView:
        """Read your id, phones and addresses, what you told of yourself, and your roles."""
        person = await _Person.of(caller, directory)
        return person.view(await profiles.profile(caller.person))

    @patch(summary="Tell about yourself", responses=problems(400, 401, 409, 422, 503))
    async def change(
        self,
        data: JSONBody[ProfileChange],
        caller: Given[Caller],
        once_if_named: Given[Once],
        directory: Given[Directory],
        profiles: Given[Profiles],
        change_profile: Given[ChangeProfile],
    ) -> ProfileView:
        """Change your name, birthday or language. The same again changes nothing more."""
        person = await _Person.of(caller, directory)

        async def do(attempt: Attempt[ProfileView]) -> Profile:
            wanted = _changed(await profiles.profile(caller.person), data)
            return await change_profile(caller.person, wanted, attempt.receipt(person.view))

        return await once_if_named(ProfileView, do)


def _changed(told: Profile, data: ProfileChange) -> Profile:
    try:
        return Profile(
            name=told.name if isinstance(data.name, UnsetType) else data.name,
            birthday=_birthday(told, data.birthday),
            language=told.language if isinstance(data.language, UnsetType) else data.language,
        )
    except ProfileInvalid as invalid:
        raise request_invalid("body", str(invalid)) from invalid


def _birthday(told: Profile, asked: BirthdayView | UnsetType | None) -> Birthday | None:
    if isinstance(asked, UnsetType):
        return told.birthday
    return None if asked is None else Birthday(asked.month, asked.day, asked.year)


@dataclass(frozen=True, slots=True)
class _Person:
    """What is known of a person beside their profile."""

    id: ConsumerId
    proved: Sequence[str]
    works: Sequence[MembershipView]

    @classmethod
    async def of(cls, caller: Caller, directory: Directory) -> Self:
        proofs = await directory.evidence_of(caller.person)
        works = [
            MembershipView(
                member.role,
                member.tenant,
                (await directory.tenant(member.tenant)).name if member.tenant else None,
            )
            for member in await directory.memberships(caller.person)
        ]
        return cls(caller.person, [proof.evidence.value for proof in proofs], works)

    def view(self, profile: Profile) -> ProfileView:
        return ProfileView(
            person=self.id,
            proved=self.proved,
            works=self.works,
            name=profile.name,
            birthday=None if profile.birthday is None else BirthdayView.of(profile.birthday),
            language=profile.language,
        )
