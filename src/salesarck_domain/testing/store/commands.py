"""Commands: an answer and what it tells of cannot part."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

from salesarck_domain.audit import AuditNote
from salesarck_domain.ids import derived
from salesarck_domain.ports.answers import (
    HELD,
    Answer,
    Answered,
    Answers,
    Asked,
    Command,
    CommandLost,
    KeyReused,
)
from salesarck_domain.profile import Profile
from salesarck_domain.testing.examples import ADA, BAKERY, NOON
from salesarck_domain.testing.expect import expect
from salesarck_domain.testing.store.bench import (
    Shop,
    StoreBench,
    all_of,
    another_gift,
    change,
    gift,
)

ASKED = Asked("person:ada", "POST /codes", "key-1", "digest")
ANSWER = Answer(200, b'{"id": 1}')


def _token(name: object) -> UUID:
    return derived(NOON, "token", name)


ONE, OTHER, ANYBODY = (_token(name) for name in ("one", "other", "anybody"))


class CommandsContract(StoreBench):
    """What `Work.answer` promises, and whoever else keeps an answer with what it tells of."""

    async def test_an_answer_is_kept_together_with_its_effect(self) -> None:
        async with self.held() as cafe:
            async with cafe.begin() as work:
                await change(work, gift(5, "one"))
                await work.answer(_answered(ONE))
                assert (await cafe.account()).balance == 0
            assert (await cafe.account()).balance == 5
            assert (await _asked_again(cafe.store.answers)).answer == ANSWER

    async def test_a_work_that_fails_keeps_no_answer(self) -> None:
        async with self.held() as cafe:
            with expect(ZeroDivisionError):
                async with cafe.begin() as work:
                    await change(work, gift(5, "one"))
                    await work.answer(_answered(ONE))
                    _ = 1 / 0
            assert (await cafe.account()).seq == 0
            again = await _asked_again(cafe.store.answers)
            assert (again.token, again.answer) == (ONE, None)

    async def test_who_lost_a_command_leaves_nothing_behind(self) -> None:
        async with self.held() as cafe:
            assert (await _taken_over(cafe.store.answers)).token == OTHER
            got_on = False
            with expect(CommandLost):
                async with cafe.begin() as work:
                    await change(work, another_gift(5))
                    await work.answer(_answered(ONE))
                    got_on = True
            assert not got_on
            assert (await cafe.account()).seq == 0
            async with cafe.begin() as work:
                await change(work, another_gift(7))
                await work.answer(_answered(OTHER))
            assert (await cafe.account()).balance == 7

    async def test_a_command_is_not_taken_over_by_one_and_answered_by_another(self) -> None:
        async with self.held() as cafe:
            taking: list[asyncio.Task[Command]] = []

            async def work_on() -> None:
                async with cafe.begin() as work:
                    await change(work, gift(5, "one"))
                    await work.answer(_answered(ONE))
                    taking.append(asyncio.create_task(_taken_over(cafe.store.answers)))
                    await asyncio.sleep(0.05)

            (end,) = await all_of(work_on())
            taken = await taking[0]
            assert (end is None) == (taken.answer == ANSWER) == (taken.token == ONE)
            assert isinstance(end, CommandLost) == (taken.token == OTHER)
            assert (await cafe.account()).seq == (end is None)

    async def test_a_command_is_answered_once(self) -> None:
        async with self.held() as cafe:

            async def work_on(number: int) -> None:
                async with cafe.begin() as work:
                    await change(work, gift(5, f"try {number}"))
                    await work.answer(_answered(ONE))

            ends = await all_of(*(work_on(number) for number in range(8)))
            assert sorted(type(end).__name__ for end in ends) == ["CommandLost"] * 7 + ["NoneType"]
            assert (await cafe.account()).balance == 5

    async def test_nobody_answers_what_nobody_asked(self) -> None:
        async with self.held() as cafe:
            await cafe.store.answers.begin(replace(ASKED, key="key-2"), OTHER, NOON, NOON)
            for asked, token in ((ASKED, OTHER), (replace(ASKED, key="key-3"), ONE)):
                with expect(CommandLost):
                    async with cafe.begin() as work:
                        await change(work, gift(5, "one"))
                        await work.answer(Answered(asked, token, ANSWER))
            assert (await cafe.account()).seq == 0

    async def test_each_work_answers_its_own_command(self) -> None:
        async with self.held() as cafe:
            answers = cafe.store.answers
            other = replace(ASKED, caller="person:grace")
            await answers.begin(other, OTHER, NOON, NOON)
            async with cafe.begin() as here, cafe.at(BAKERY).begin() as there:
                await here.answer(_answered(ONE))
                await there.answer(Answered(other, OTHER, Answer(200, b"2")))
            assert (await _asked_again(answers)).answer == ANSWER
            assert (await answers.begin(other, ANYBODY, NOON, NOON)).answer == Answer(200, b"2")
            with expect(KeyReused):
                await answers.begin(replace(other, body="other"), ANYBODY, NOON, NOON)

    async def test_a_work_that_nobody_asks_for_under_a_key_answers_nothing(self) -> None:
        async with self.held() as cafe:
            async with cafe.begin() as work:
                await change(work, gift(5, "one"))
                await work.answer(None)
            assert (await cafe.account()).balance == 5
            assert (await _asked_again(cafe.store.answers)).answer is None

    async def test_a_profile_is_kept_with_its_answer(self) -> None:
        async with self.held() as cafe:
            profiles = cafe.store.profiles
            await profiles.keep_profile(ADA, Profile(name="Ada"), _answered(ONE))
            assert (await _asked_again(cafe.store.answers)).answer == ANSWER
            with expect(CommandLost):
                await profiles.keep_profile(ADA, Profile(name="Eve"), _answered(OTHER))
            assert await profiles.profile(ADA) == Profile(name="Ada")

    async def test_what_is_about_a_person_is_kept_with_its_answer(self) -> None:
        async with self.held() as cafe:
            directory = cafe.store.directory
            assert await directory.suspend(ADA, _note("one"), _answered(ONE), suspended=True)
            assert (await _asked_again(cafe.store.answers)).answer == ANSWER
            with expect(CommandLost):
                await directory.suspend(ADA, _note("other"), _answered(OTHER), suspended=False)
            with expect(CommandLost):
                await directory.note(_note("other"), _answered(ONE))
            assert await directory.is_suspended(ADA)
            assert list(await directory.notes()) == [_note("one")]

    async def test_a_look_up_is_kept_with_its_answer(self) -> None:
        async with self.held() as cafe:
            await cafe.store.directory.note(_note("one"), _answered(ONE))
            assert (await _asked_again(cafe.store.answers)).answer == ANSWER

    async def test_what_changes_nothing_answers_nothing(self) -> None:
        async with self.held() as cafe:
            directory = cafe.store.directory
            assert not await directory.suspend(ADA, _note("one"), _answered(ONE), suspended=False)
            assert (await _asked_again(cafe.store.answers)).answer is None

    @asynccontextmanager
    async def held(self) -> AsyncGenerator[Shop]:
        """The Café, where somebody has taken a command on."""
        async with self.cafe() as cafe:
            await cafe.store.answers.begin(ASKED, ONE, NOON, NOON)
            yield cafe


def _note(name: str) -> AuditNote:
    return AuditNote(
        id=derived(NOON, "note", name),
        actor="person:admin",
        action="look_up",
        target="person:ada",
        reason="because",
        at=NOON,
    )


def _answered(token: UUID) -> Answered:
    return Answered(ASKED, token, ANSWER)


async def _asked_again(answers: Answers) -> Command:
    return await answers.begin(ASKED, ANYBODY, NOON, NOON)


async def _taken_over(answers: Answers) -> Command:
    return await answers.begin(ASKED, OTHER, NOON, NOON + HELD)
