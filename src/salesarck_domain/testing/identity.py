"""What every identity promises, as tests that come with the promise."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

from salesarck_domain.phone import Email, Phone
from salesarck_domain.ports.identity import (
    CodeNotAccepted,
    Contact,
    Identity,
    Session,
    SessionEnded,
    TokenNotAccepted,
    TokenVerifier,
)
from salesarck_domain.testing.expect import expect

ADA = Phone("+15555550100")
ADA_BY_MAIL = Email("ada@example.test")
GRACE = Phone("+15555550101")
WRONG_TRIES_MAX = 5


class IdentityContract:
    """Subclass it, say these four things, and inherit the tests. Each starts from nothing."""

    identity: Identity
    verifier: TokenVerifier

    def code_sent_to(self, contact: Contact) -> str:
        """Read the code that was sent last."""
        raise NotImplementedError

    def wait(self, time: timedelta) -> None:
        """Let time pass for the identity and the verifier."""
        raise NotImplementedError

    async def sign_in(self, contact: Contact) -> Session:
        await self.identity.send_code(contact)
        return await self.identity.verify_code(contact, self.code_sent_to(contact))

    def wrong_code_for(self, contact: Contact) -> str:
        code = self.code_sent_to(contact)
        return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"

    async def test_a_code_signs_in_who_could_read_it(self) -> None:
        claims = await self.verifier.verify_token((await self.sign_in(ADA)).access_token)
        assert (claims.phone, claims.email) == (ADA, None)
        claims = await self.verifier.verify_token((await self.sign_in(ADA_BY_MAIL)).access_token)
        assert (claims.phone, claims.email) == (None, ADA_BY_MAIL)

    async def test_the_same_person_is_the_same_subject_in_another_session(self) -> None:
        first, second, other = [
            await self.verifier.verify_token((await self.sign_in(contact)).access_token)
            for contact in (ADA, ADA, GRACE)
        ]
        assert first.subject == second.subject != other.subject
        assert len({first.session, second.session, other.session}) == 3

    async def test_a_code_has_six_digits(self) -> None:
        await self.identity.send_code(ADA)
        code = self.code_sent_to(ADA)
        assert len(code) == 6
        assert code.isdecimal()

    async def test_a_code_works_once(self) -> None:
        await self.sign_in(ADA)
        with expect(CodeNotAccepted):
            await self.identity.verify_code(ADA, self.code_sent_to(ADA))

    async def test_a_code_works_for_nobody_else(self) -> None:
        await self.identity.send_code(ADA)
        await self.identity.send_code(GRACE)
        if self.code_sent_to(ADA) != self.code_sent_to(GRACE):  # once in a million
            with expect(CodeNotAccepted):
                await self.identity.verify_code(GRACE, self.code_sent_to(ADA))
        with expect(CodeNotAccepted):
            await self.identity.verify_code(ADA_BY_MAIL, self.code_sent_to(ADA))

    async def test_a_new_code_replaces_the_last(self) -> None:
        await self.identity.send_code(ADA)
        old = self.code_sent_to(ADA)
        self.wait(timedelta(minutes=2))  # a real provider sends no second one at once
        await self.identity.send_code(ADA)
        if old != self.code_sent_to(ADA):  # once in a million
            with expect(CodeNotAccepted):
                await self.identity.verify_code(ADA, old)
        await self.identity.verify_code(ADA, self.code_sent_to(ADA))

    async def test_a_code_runs_out_in_ten_minutes(self) -> None:
        await self.identity.send_code(ADA)
        self.wait(timedelta(minutes=10))
        with expect(CodeNotAccepted):
            await self.identity.verify_code(ADA, self.code_sent_to(ADA))

    async def test_a_code_survives_four_wrong_tries_and_no_fifth(self) -> None:
        for tries in (WRONG_TRIES_MAX - 1, WRONG_TRIES_MAX):
            self.wait(timedelta(minutes=2))
            await self.identity.send_code(ADA)
            for _ in range(tries):
                with expect(CodeNotAccepted):
                    await self.identity.verify_code(ADA, self.wrong_code_for(ADA))
            if tries < WRONG_TRIES_MAX:
                await self.identity.verify_code(ADA, self.code_sent_to(ADA))
            else:
                with expect(CodeNotAccepted):
                    await self.identity.verify_code(ADA, self.code_sent_to(ADA))

    async def test_a_garbled_code_is_a_wrong_code(self) -> None:
        await self.identity.send_code(ADA)
        for garbled in ("", "Ünsinn", self.code_sent_to(ADA) + "0", "\ud800"):
            with expect(CodeNotAccepted):
                await self.identity.verify_code(ADA, garbled)

    async def test_refreshing_goes_on_with_the_same_session(self) -> None:
        session = await self.sign_in(ADA)
        self.wait(timedelta(minutes=5))
        refreshed = await self.identity.refresh(session.refresh_token)
        assert refreshed.expires_at > session.expires_at
        before = await self.verifier.verify_token(session.access_token)
        after = await self.verifier.verify_token(refreshed.access_token)
        assert (after.subject, after.session) == (before.subject, before.session)
        assert after.expires_at == refreshed.expires_at
        await self.identity.refresh(refreshed.refresh_token)

    async def test_a_refresh_token_used_again_ends_the_session(self) -> None:
        session = await self.sign_in(ADA)
        newest = await self.identity.refresh(session.refresh_token)
        newest = await self.identity.refresh(newest.refresh_token)
        self.wait(timedelta(minutes=1))  # a lost answer may be asked for again, for a while
        with expect(SessionEnded):
            await self.identity.refresh(session.refresh_token)
        with expect(SessionEnded):
            await self.identity.refresh(newest.refresh_token)

    async def test_a_made_up_refresh_token_is_no_session(self) -> None:
        for made_up in ("", "Ünsinn", (await self.sign_in(ADA)).access_token):
            with expect(SessionEnded):
                await self.identity.refresh(made_up)

    async def test_signing_out_ends_that_session_alone(self) -> None:
        here, there = await self.sign_in(ADA), await self.sign_in(ADA)
        await self.identity.sign_out(here.access_token)
        with expect(SessionEnded):
            await self.identity.refresh(here.refresh_token)
        await self.identity.refresh(there.refresh_token)

    async def test_signing_out_takes_a_genuine_token(self) -> None:
        with expect(TokenNotAccepted):
            await self.identity.sign_out("Ünsinn")

    async def test_a_token_is_good_for_an_hour_or_so(self) -> None:
        session = await self.sign_in(ADA)
        self.wait(timedelta(minutes=55))
        await self.verifier.verify_token(session.access_token)
        self.wait(timedelta(minutes=10))
        with expect(TokenNotAccepted):
            await self.verifier.verify_token(session.access_token)

    async def test_a_token_that_was_tampered_with_is_not_accepted(self) -> None:
        session = await self.sign_in(ADA)
        header, claims, signature = session.access_token.split(".")
        theirs = (await self.sign_in(GRACE)).access_token.split(".")[1]
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
        header = (await self.sign_in(ADA)).access_token.split(".")[0]
        keys = (await self.verifier.keys())["keys"]
        assert _key_id(header)["kid"] in {key["kid"] for key in keys}
        for key in keys:
            assert key["kty"] in {"EC", "RSA"}
            assert not {"d", "p", "q", "k"} & set(key)

    async def test_nobody_reads_a_token_in_a_log(self) -> None:
        session = await self.sign_in(ADA)
        assert session.access_token not in repr(session)
        assert session.refresh_token not in repr(session)


def encode(part: dict[str, object]) -> str:
    """Write a part of a token, as anybody can."""
    return urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _key_id(header: str) -> dict[str, object]:
    padding = "=" * (-len(header) % 4)
    return {"kid": json.loads(urlsafe_b64decode(header + padding))["kid"]}
