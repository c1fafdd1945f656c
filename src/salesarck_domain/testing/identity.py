"""What every identity promises, as tests that come with the promise."""

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from uuid import UUID, uuid4

from salesarck_domain.phone import Email, Phone
from salesarck_domain.ports.identity import (
    Claims,
    CodeNotAccepted,
    Contact,
    Identity,
    IdentityBusy,
    Session,
    SessionEnded,
    SubjectUnknown,
    TokenNotAccepted,
    TokenVerifier,
)
from salesarck_domain.testing.expect import expect

ADA = Phone("+15555550100")
ADA_BY_MAIL = Email("ada@example.test")
GRACE = Phone("+15555550101")


class IdentityContract:
    """Subclass it, say these things, and inherit the tests. Each starts from nothing.

    `ada` and `grace` are people, `ada_elsewhere` a contact that the identity takes for a third.
    """

    identity: Identity
    verifier: TokenVerifier
    ada: Contact = ADA
    ada_elsewhere: Contact = ADA_BY_MAIL
    grace: Contact = GRACE

    async def code_sent_to(self, contact: Contact) -> str:
        """Read the code that was sent last."""
        raise NotImplementedError

    async def sign_in(self, contact: Contact) -> Session:
        await self.identity.send_code(contact)
        return await self.identity.verify_code(contact, await self.code_sent_to(contact))

    async def claims(self, session: Session) -> Claims:
        return await self.verifier.verify_token(session.access_token)

    async def subject(self, session: Session) -> UUID:
        return (await self.claims(session)).subject

    async def test_a_code_signs_in_who_could_read_it(self) -> None:
        for contact in (self.ada, self.ada_elsewhere):
            claims = await self.claims(await self.sign_in(contact))
            proved = (contact, None) if isinstance(contact, Phone) else (None, contact)
            assert (claims.phone, claims.email) == proved
            assert claims.signed_in_at <= claims.issued_at < claims.expires_at

    async def test_another_person_is_another_subject(self) -> None:
        ada, grace = [await self.claims(await self.sign_in(who)) for who in (self.ada, self.grace)]
        assert ada.subject != grace.subject
        assert ada.session != grace.session

    async def test_a_code_has_six_digits(self) -> None:
        await self.identity.send_code(self.ada)
        code = await self.code_sent_to(self.ada)
        assert len(code) == 6
        assert code.isdecimal()

    async def test_a_code_works_once(self) -> None:
        await self.identity.send_code(self.ada)
        code = await self.code_sent_to(self.ada)
        await self.identity.verify_code(self.ada, code)
        with expect(CodeNotAccepted):
            await self.identity.verify_code(self.ada, code)

    async def test_a_code_works_for_nobody_else(self) -> None:
        await self.identity.send_code(self.ada)
        await self.identity.send_code(self.grace)
        ada, grace = [await self.code_sent_to(who) for who in (self.ada, self.grace)]
        if ada != grace:  # once in a million
            with expect(CodeNotAccepted):
                await self.identity.verify_code(self.grace, ada)
        with expect(CodeNotAccepted):
            await self.identity.verify_code(self.ada_elsewhere, ada)

    async def test_a_wrong_code_is_none_and_the_right_one_stays_good(self) -> None:
        await self.identity.send_code(self.ada)
        right = await self.code_sent_to(self.ada)
        wrong = f"{(int(right) + 1) % 10**6:06}"
        for garbled in (wrong, "", "Ünsinn", right + "0", "\ud800", "٣" * 6):
            with expect(CodeNotAccepted):
                await self.identity.verify_code(self.ada, garbled)
        await self.identity.verify_code(self.ada, right)

    async def test_wrong_unknown_and_shut_out_look_alike(self) -> None:
        subject = await self.subject(await self.sign_in(self.grace))
        await self.identity.shut_out(subject)
        await self.identity.send_code(self.ada)
        wrong = f"{(int(await self.code_sent_to(self.ada)) + 1) % 10**6:06}"
        refused = list[str]()
        for contact, code in (
            (self.ada, wrong),
            (self.ada_elsewhere, "123456"),
            (self.grace, "123456"),
        ):
            with expect(CodeNotAccepted) as caught:
                await self.identity.verify_code(contact, code)
            refused += [str(each) for each in caught]
        assert len(set(refused)) == 1

    async def test_refreshing_goes_on_with_the_same_session(self) -> None:
        session = await self.sign_in(self.ada)
        refreshed = await self.identity.refresh(session.refresh_token)
        assert refreshed.refresh_token != session.refresh_token
        before, after = await self.claims(session), await self.claims(refreshed)
        assert before.signed_in_at == after.signed_in_at <= after.issued_at
        assert (after.subject, after.session) == (before.subject, before.session)
        assert after.expires_at == refreshed.expires_at
        await self.identity.refresh(refreshed.refresh_token)

    async def test_who_loses_a_race_to_refresh_gets_the_same_answer(self) -> None:
        old = (await self.sign_in(self.ada)).refresh_token
        racers = await asyncio.gather(*(self.identity.refresh(old) for _ in range(20)))
        again = await self.identity.refresh(old)
        assert {racer.refresh_token for racer in racers} == {again.refresh_token}
        await self.identity.refresh(again.refresh_token)

    async def test_a_made_up_refresh_token_is_no_session(self) -> None:
        for made_up in ("", "Ünsinn", "a b", "\ud800", (await self.sign_in(self.ada)).access_token):
            with expect(SessionEnded):
                await self.identity.refresh(made_up)

    async def test_signing_out_ends_that_session_alone(self) -> None:
        here, theirs = await self.sign_in(self.ada), await self.sign_in(self.grace)
        newer = await self.identity.refresh(here.refresh_token)
        await self.identity.sign_out(newer.access_token)
        for ended in (here, newer):
            with expect(SessionEnded):
                await self.identity.refresh(ended.refresh_token)
        await self.identity.refresh(theirs.refresh_token)
        await self.identity.sign_out(newer.access_token)  # once more is no trouble

    async def test_signing_out_takes_a_genuine_token(self) -> None:
        for made_up in ("Ünsinn", "", "a.b.c", "a b"):
            with expect(TokenNotAccepted):
                await self.identity.sign_out(made_up)

    async def test_who_is_shut_out_is_known_and_may_not_stay(self) -> None:
        session = await self.sign_in(self.ada)
        subject = await self.subject(session)
        assert not (await self.identity.look_up(subject)).is_shut_out
        await self.identity.shut_out(subject)
        known = await self.identity.look_up(subject)
        assert (known.subject, known.is_shut_out) == (subject, True)
        assert self.ada in (known.phone, known.email)
        with expect(SessionEnded):
            await self.identity.refresh(session.refresh_token)
        await self.identity.let_in(subject)
        assert not (await self.identity.look_up(subject)).is_shut_out
        await self.identity.refresh(session.refresh_token)

    async def test_who_is_deleted_is_known_no_longer(self) -> None:
        session = await self.sign_in(self.ada)
        subject = await self.subject(session)
        for _ in range(2):
            await self.identity.delete(subject)
        with expect(SubjectUnknown):
            await self.identity.look_up(subject)
        with expect(SessionEnded):
            await self.identity.refresh(session.refresh_token)
        assert await self.subject(await self.sign_in(self.ada)) != subject

    async def test_nobody_is_looked_up_shut_out_or_let_in_who_was_never_there(self) -> None:
        for act in (self.identity.look_up, self.identity.shut_out, self.identity.let_in):
            with expect(SubjectUnknown):
                await act(uuid4())

    async def test_a_token_that_was_tampered_with_is_not_accepted(self) -> None:
        session = await self.sign_in(self.ada)
        header, claims, signature = session.access_token.split(".")
        theirs = (await self.sign_in(self.grace)).access_token.split(".")[1]
        unsigned = encode({"alg": "none", "typ": "JWT"} | _key_id(header))
        for forged in (
            f"{header}.{theirs}.{signature}",
            f"{header}.{claims}.",
            f"{header}.{claims}.{signature[::-1]}",
            f"{unsigned}.{claims}.",
            f"{unsigned}.{claims}.{signature}",
            f"{header}.{claims}",
            "Ünsinn",
            "",
            "\ud800",
        ):
            with expect(TokenNotAccepted):
                await self.verifier.verify_token(forged)

    async def test_the_published_keys_name_the_token_s_and_are_public(self) -> None:
        header = (await self.sign_in(self.ada)).access_token.split(".")[0]
        keys = (await self.verifier.keys())["keys"]
        assert _key_id(header)["kid"] in {key["kid"] for key in keys}
        for key in keys:
            assert key["kty"] in {"EC", "RSA"}
            assert not {"d", "p", "q", "k"} & set(key)

    async def test_nobody_reads_a_token_in_a_log(self) -> None:
        session = await self.sign_in(self.ada)
        assert session.access_token not in repr(session)
        assert session.refresh_token not in repr(session)


class IdentityInTimeContract(IdentityContract):
    """The same, and what takes time, for an identity whose clock the tests can move."""

    def wait(self, time: timedelta) -> None:
        """Let time pass for the identity and the verifier."""
        raise NotImplementedError

    async def test_the_same_person_is_the_same_subject_in_another_session(self) -> None:
        first = await self.claims(await self.sign_in(self.ada))
        self.wait(timedelta(minutes=2))  # a real provider sends no second code at once
        second = await self.claims(await self.sign_in(self.ada))
        assert first.subject == second.subject
        assert first.session != second.session

    async def test_a_second_code_at_once_is_one_too_many(self) -> None:
        await self.identity.send_code(self.ada)
        code = await self.code_sent_to(self.ada)
        self.wait(timedelta(seconds=20))
        with expect(IdentityBusy) as busy:
            await self.identity.send_code(self.ada)
        assert [each.retry_after for each in busy] == [40]
        await self.identity.verify_code(self.ada, code)

    async def test_a_new_code_replaces_the_last(self) -> None:
        await self.identity.send_code(self.ada)
        old = await self.code_sent_to(self.ada)
        self.wait(timedelta(minutes=2))
        await self.identity.send_code(self.ada)
        if old != await self.code_sent_to(self.ada):  # once in a million
            with expect(CodeNotAccepted):
                await self.identity.verify_code(self.ada, old)
        await self.identity.verify_code(self.ada, await self.code_sent_to(self.ada))

    async def test_a_code_runs_out_in_ten_minutes(self) -> None:
        await self.identity.send_code(self.ada)
        self.wait(timedelta(minutes=10))
        with expect(CodeNotAccepted):
            await self.identity.verify_code(self.ada, await self.code_sent_to(self.ada))

    async def test_a_refresh_token_used_much_later_ends_the_session(self) -> None:
        session = await self.sign_in(self.ada)
        newest = await self.identity.refresh(session.refresh_token)
        newest = await self.identity.refresh(newest.refresh_token)
        self.wait(timedelta(minutes=1))
        with expect(SessionEnded):
            await self.identity.refresh(session.refresh_token)
        with expect(SessionEnded):
            await self.identity.refresh(newest.refresh_token)

    async def test_an_answer_that_was_lost_can_be_asked_for_again(self) -> None:
        session = await self.sign_in(self.ada)
        lost = await self.identity.refresh(session.refresh_token)
        self.wait(timedelta(minutes=5))
        found = await self.identity.refresh(session.refresh_token)
        assert found.refresh_token == lost.refresh_token

    async def test_signing_out_everywhere_ends_all_sessions_of_one_person(self) -> None:
        here, theirs = await self.sign_in(self.ada), await self.sign_in(self.grace)
        self.wait(timedelta(minutes=2))
        there = await self.sign_in(self.ada)
        await self.identity.sign_out(here.access_token, everywhere=True)
        for ended in (here, there):
            with expect(SessionEnded):
                await self.identity.refresh(ended.refresh_token)
        await self.identity.refresh(theirs.refresh_token)

    async def test_one_session_of_two_goes_on(self) -> None:
        here = await self.sign_in(self.ada)
        self.wait(timedelta(minutes=2))
        there = await self.sign_in(self.ada)
        await self.identity.sign_out(here.access_token)
        with expect(SessionEnded):
            await self.identity.refresh(here.refresh_token)
        await self.identity.refresh(there.refresh_token)

    async def test_a_token_is_good_for_an_hour_or_so(self) -> None:
        session = await self.sign_in(self.ada)
        self.wait(timedelta(minutes=55))
        await self.verifier.verify_token(session.access_token)
        self.wait(timedelta(minutes=10))
        with expect(TokenNotAccepted):
            await self.verifier.verify_token(session.access_token)
        with expect(TokenNotAccepted):
            await self.identity.sign_out(session.access_token)


def encode(part: dict[str, object]) -> str:
    """Write a part of a token, as anybody can."""
    return urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _key_id(header: str) -> dict[str, object]:
    padding = "=" * (-len(header) % 4)
    return {"kid": json.loads(urlsafe_b64decode(header + padding))["kid"]}
