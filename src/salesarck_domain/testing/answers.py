"""What every keeper of answers promises: one takes a command on, all get the same answer."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from uuid import UUID

from salesarck_domain.ids import derived
from salesarck_domain.ports.answers import (
    HELD,
    KEPT,
    Answer,
    Answered,
    Answers,
    Asked,
    KeyReused,
)
from salesarck_domain.testing.examples import DAY, MINUTE, NOON
from salesarck_domain.testing.expect import expect

ASKED = Asked("person:ada", "POST /codes", "key-1", "digest")
ANSWER = Answer(201, b'{"id": 1}')
LATER = NOON + MINUTE


def _token(number: int) -> UUID:
    return derived(NOON, "token", number)


ONE, OTHER = _token(1), _token(2)


class AnswersContract:
    """Subclass it, say how to open an empty one, and inherit the tests."""

    def new_answers(self) -> AbstractAsyncContextManager[Answers]:
        """Open one that knows no command; called once a test."""
        raise NotImplementedError

    async def test_who_comes_first_takes_a_command_on(self) -> None:
        async with self.new_answers() as answers:
            begun = await answers.begin(ASKED, ONE, NOON, LATER)
            assert (begun.token, begun.first_seen, begun.attempts) == (ONE, NOON, 1)
            assert (begun.held_until, begun.kept_until) == (LATER + HELD, LATER + KEPT)
            assert begun.answer is None
            assert await answers.begin(ASKED, OTHER, LATER, LATER) == begun

    async def test_of_many_at_once_one_takes_it_on(self) -> None:
        async with self.new_answers() as answers:
            tokens = [_token(number) for number in range(10)]
            begun = await asyncio.gather(
                *(answers.begin(ASKED, token, NOON, NOON) for token in tokens)
            )
            assert len({command.token for command in begun}) == 1
            assert {command.attempts for command in begun} == {1}

    async def test_an_answer_is_given_again(self) -> None:
        async with self.new_answers() as answers:
            await answers.begin(ASKED, ONE, NOON, NOON)
            await answers.keep(Answered(ASKED, ONE, ANSWER))
            again = await answers.begin(ASKED, OTHER, LATER, NOON + KEPT - MINUTE)
            assert (again.token, again.answer) == (ONE, ANSWER)

    async def test_the_first_answer_stays(self) -> None:
        async with self.new_answers() as answers:
            await answers.begin(ASKED, ONE, NOON, NOON)
            await answers.keep(Answered(ASKED, ONE, ANSWER))
            await answers.keep(Answered(ASKED, ONE, Answer(409, b"{}")))
            assert (await answers.begin(ASKED, OTHER, NOON, LATER)).answer == ANSWER

    async def test_another_content_under_the_same_key_is_refused(self) -> None:
        async with self.new_answers() as answers:
            await answers.begin(ASKED, ONE, NOON, NOON)
            with expect(KeyReused):
                await answers.begin(replace(ASKED, body="other"), OTHER, NOON, NOON)
            await answers.keep(Answered(ASKED, ONE, ANSWER))
            with expect(KeyReused):
                await answers.begin(replace(ASKED, body="other"), OTHER, NOON, NOON)

    async def test_a_key_belongs_to_its_caller_and_its_route(self) -> None:
        async with self.new_answers() as answers:
            await answers.begin(ASKED, ONE, NOON, NOON)
            for asked in (
                replace(ASKED, caller="person:grace", body="other"),
                replace(ASKED, route="POST /other", body="other"),
                replace(ASKED, key="key-2", body="other"),
            ):
                assert (await answers.begin(asked, OTHER, NOON, NOON)).token == OTHER

    async def test_a_command_whose_taker_is_gone_is_taken_on_again_under_its_first_moment(
        self,
    ) -> None:
        async with self.new_answers() as answers:
            await answers.begin(ASKED, ONE, NOON, NOON)
            again = await answers.begin(ASKED, OTHER, LATER, NOON + HELD)
            assert (again.token, again.first_seen, again.attempts) == (OTHER, NOON, 2)
            assert (again.held_until, again.kept_until) == (NOON + 2 * HELD, NOON + KEPT)

    async def test_who_was_too_slow_keeps_nothing(self) -> None:
        async with self.new_answers() as answers:
            await answers.begin(ASKED, ONE, NOON, NOON)
            await answers.begin(ASKED, OTHER, NOON, NOON + HELD)
            await answers.keep(Answered(ASKED, ONE, ANSWER))
            assert not await answers.let_go(ASKED, ONE, NOON)
            found = await answers.begin(ASKED, ONE, NOON, NOON + HELD)
            assert (found.token, found.answer) == (OTHER, None)

    async def test_a_command_that_was_let_go_waits_for_nobody(self) -> None:
        async with self.new_answers() as answers:
            await answers.begin(ASKED, ONE, NOON, NOON)
            assert await answers.let_go(ASKED, ONE, NOON)
            again = await answers.begin(ASKED, OTHER, LATER, NOON)
            assert (again.token, again.first_seen, again.attempts) == (OTHER, NOON, 2)

    async def test_an_answer_is_not_let_go(self) -> None:
        async with self.new_answers() as answers:
            await answers.begin(ASKED, ONE, NOON, NOON)
            await answers.keep(Answered(ASKED, ONE, ANSWER))
            assert await answers.let_go(ASKED, ONE, NOON)
            assert (await answers.begin(ASKED, OTHER, NOON, LATER)).answer == ANSWER

    async def test_after_a_day_a_key_is_new(self) -> None:
        async with self.new_answers() as answers:
            await answers.begin(ASKED, ONE, NOON, NOON)
            await answers.keep(Answered(ASKED, ONE, ANSWER))
            other = replace(ASKED, body="other")
            again = await answers.begin(other, OTHER, NOON + DAY, NOON + KEPT)
            assert (again.token, again.first_seen) == (OTHER, NOON + DAY)
            assert (again.asked, again.attempts, again.answer) == (other, 1, None)

    async def test_what_is_old_is_forgotten(self) -> None:
        async with self.new_answers() as answers:
            await answers.begin(ASKED, ONE, NOON, NOON)
            await answers.keep(Answered(ASKED, ONE, ANSWER))
            assert await answers.forget(NOON + KEPT - MINUTE) == 0
            assert await answers.forget(NOON + KEPT) == 1
            assert await answers.forget(NOON + KEPT) == 0
            assert (await answers.begin(ASKED, OTHER, NOON, NOON)).token == OTHER
