"""Records: codes by their text, rule versions, audit rows, and deeds in their order."""

from dataclasses import replace

from salesarck_domain.audit import AuditNote
from salesarck_domain.deeds import (
    ApplyDue,
    CancelCode,
    ChangeTerms,
    DeductPoints,
    Deed,
    GrantPoints,
    IssueCode,
    ProveEvidence,
    PublishRules,
    RedeemCode,
    RetireRules,
    TellNews,
    UndoRedemption,
)
from salesarck_domain.ids import ActId, derived
from salesarck_domain.news import CustomerNews
from salesarck_domain.people import Evidence, Proof
from salesarck_domain.redemption.lifecycle import CodeState
from salesarck_domain.rules.version import Retirement, RuleBook, RuleVersion, read_rules
from salesarck_domain.tenants import terms_as_data
from salesarck_domain.testing.examples import (
    ADA,
    ADAS_PHONE,
    BAKERY,
    CAFE,
    DAY,
    DOUBLE_POINTS,
    GRACE,
    MINUTE,
    NOON,
    POINT_PER_DOLLAR,
    TEN_A_DAY,
    Rules,
    refunded,
)
from salesarck_domain.testing.store.bench import TILL, Shop, StoreBench, applied, code_called
from salesarck_domain.testing.store.sales import EVERYTHING_SAID

ACT = ActId(derived(NOON, "act"))
CODE = code_called("one", 5).id
PROOFS = (Proof(ADAS_PHONE, ADA, NOON + MINUTE), Proof(Evidence.till("square", "C1"), GRACE, NOON))
DEEDS: tuple[Deed, ...] = (
    TellNews(provider="square", news=EVERYTHING_SAID, proofs=PROOFS),
    TellNews(provider="clover", news=refunded("R1", "P1", 5)),
    TellNews(
        provider="square",
        news=CustomerNews(merchant="M1", id="C1", phone="+1 555", merged_from=("C2", "C3")),
    ),
    PublishRules(rules=tuple(DOUBLE_POINTS), in_force_from=NOON - DAY),
    RetireRules(force=True),
    ProveEvidence(consumer=ADA, proofs=PROOFS),
    IssueCode(consumer=ADA, points=5, id=CODE, pepper=2, lookup="looks like this"),
    RedeemCode(consumer=ADA, id=CODE, till="T1"),
    UndoRedemption(consumer=ADA, id=CODE, till="T1"),
    CancelCode(consumer=ADA, id=CODE),
    GrantPoints(consumer=GRACE, points=5, id=ACT),
    DeductPoints(consumer=GRACE, points=3, id=ACT),
    ChangeTerms(before=terms_as_data(CAFE), after=terms_as_data(BAKERY)),
    ApplyDue(consumers=(ADA, GRACE)),
)


class RecordsContract(StoreBench):
    """What `Codes` and the rest of `Work` promise."""

    async def test_a_code_is_found_by_its_looks(self) -> None:
        async with self.cafe() as cafe:
            await cafe.earn(20, "sale:1:1")
            await cafe.issue("one", 5, lookup="AAA")
            await cafe.issue("two", 5, lookup="BBB")
            async with cafe.begin() as work:
                assert await work.codes.find(["BBB"]) == code_called("two", 5, lookup="BBB")
                assert await work.codes.find(["newer", "AAA"]) == code_called(
                    "one", 5, lookup="AAA"
                )
                assert await work.codes.find(["CCC"]) is None
                assert await work.codes.find([]) is None
                assert await work.codes.get(code_called("three", 5).id) is None

    async def test_of_codes_that_look_alike_the_one_that_is_out_counts_else_the_latest(
        self,
    ) -> None:
        async with self.cafe() as cafe:
            await cafe.earn(20, "sale:1:1")
            for minutes, name in ((0, "one"), (5, "late"), (2, "two")):
                code = code_called(name, 5, lookup="AAA", at=NOON + minutes * MINUTE)
                async with cafe.begin() as work:
                    wallet = (await work.wallets.lock([ADA]))[ADA]
                    wallet.issue(code, TILL)
                    await work.wallets.append([wallet])
                assert await _look(cafe) == (code.id, "issued")
                await cafe.settle(code.id, CodeState.CANCELLED, code.issued_at)
            late = code_called("late", 5, at=NOON + 5 * MINUTE)
            assert await _look(cafe) == (late.id, "cancelled")

    async def test_tenants_do_not_find_each_others_codes(self) -> None:
        async with self.cafe() as cafe:
            for shop, name in ((cafe, "one"), (cafe.at(BAKERY), "two")):
                await shop.earn(20, "sale:1:1")
                await shop.issue(name, 5, lookup="AAA")
            async with cafe.begin() as here, cafe.at(BAKERY).begin() as there:
                for work, own, other in ((here, "one", "two"), (there, "two", "one")):
                    found = await work.codes.find(["AAA"])
                    assert found == code_called(own, 5, lookup="AAA")
                    assert await work.codes.get(code_called(other, 5).id) is None

    async def test_wrong_tries_are_counted_by_place_and_time(self) -> None:
        async with self.cafe() as cafe:
            for minutes in (2, 0, 1):
                async with cafe.begin() as work:
                    await work.codes.note_wrong_try(
                        ["till:1", "cashier:7"], NOON + minutes * MINUTE
                    )
            async with cafe.begin() as work:
                await work.codes.note_wrong_try(["till:2"], NOON)
                moments = [NOON + minutes * MINUTE for minutes in range(3)]
                assert list(await work.codes.wrong_tries("till:1", NOON)) == moments
                assert list(await work.codes.wrong_tries("cashier:7", moments[1])) == moments[1:]
                assert list(await work.codes.wrong_tries("till:2", NOON)) == [NOON]
                assert list(await work.codes.wrong_tries("till:3", NOON)) == []
            async with cafe.at(BAKERY).begin() as work:
                assert list(await work.codes.wrong_tries("till:1", NOON)) == []

    async def test_rule_versions_are_kept_as_they_were_published(self) -> None:
        async with self.cafe() as cafe:
            first, second = _version(1, DOUBLE_POINTS), _version(2, TEN_A_DAY)
            ends = [Retirement(NOON + 3 * DAY, 1), Retirement(NOON + 4 * DAY, 2)]
            book = RuleBook()
            for new in (first, ends[0], second, ends[1]):
                book = book.having(new)
                await _write(cafe, new)
                async with cafe.begin() as work:
                    assert work.rules == book
            assert await cafe.books.rules(CAFE.id) == book
            hashes = {version.number: version.content_hash for version in (first, second)}
            assert await cafe.books.rule_hashes(CAFE.id) == hashes

    async def test_tenants_do_not_see_each_others_rules(self) -> None:
        async with self.cafe() as cafe:
            await _write(cafe, _version(1, DOUBLE_POINTS))
            await _write(cafe.at(BAKERY), _version(1, POINT_PER_DOLLAR))
            await _write(cafe, Retirement(NOON, 1))
            assert await cafe.books.rules(BAKERY.id) == RuleBook((_version(1, POINT_PER_DOLLAR),))
            assert await cafe.books.rule_hashes(BAKERY.id) != await cafe.books.rule_hashes(CAFE.id)
            async with cafe.at(BAKERY).begin() as work:
                assert not work.rules.retirements

    async def test_audit_rows_are_found_by_what_they_are_about(self) -> None:
        async with self.cafe() as cafe:
            late, early, other = _note("late", 2), _note("early", 1), _note("other", 0, "grace")
            for note in (late, early, other):
                async with cafe.begin() as work:
                    await work.note(note)
            async with cafe.begin() as work:
                assert await work.noted(late.id) == late
                assert await work.noted(derived(NOON, "?")) is None
            find = cafe.books.notes
            assert list(await find(CAFE.id, target="ada")) == [late, early]
            assert list(await find(CAFE.id)) == [late, early, other]
            assert list(await find(CAFE.id, limit=1)) == [late]
            assert list(await find(CAFE.id, before=late.id)) == [early, other]
            assert list(await find(CAFE.id, target="ada", before=early.id)) == []
            assert set(await cafe.books.acts(CAFE.id)) == {late.id, early.id, other.id}
            async with cafe.at(BAKERY).begin() as work:
                assert await work.noted(late.id) is None
            assert list(await cafe.books.notes(BAKERY.id, target="ada")) == []
            assert set(await cafe.books.acts(BAKERY.id)) == set()

    async def test_deeds_are_kept_in_the_order_in_which_they_were_applied(self) -> None:
        async with self.cafe() as cafe:
            for names in (("b", "a"), (), ("d", "c")):
                async with cafe.begin() as work:
                    await work.apply([applied(name) for name in names])
            async with cafe.at(BAKERY).begin() as work:
                await work.apply([applied("x")])
            found = [each async for each in cafe.books.applied(CAFE.id)]
            assert found == [
                replace(applied(name), number=each.number)
                for name, each in zip("badc", found, strict=True)
            ]
            numbers = [each.number for each in found]
            assert numbers == sorted(set(numbers))
            assert numbers[0] > 0
            assert [each.correlation async for each in cafe.books.applied(BAKERY.id)] == ["x"]

    async def test_every_kind_of_deed_is_kept_as_it_was(self) -> None:
        async with self.cafe() as cafe:
            async with cafe.begin() as work:
                await work.apply([applied("all", deed) for deed in DEEDS])
            assert tuple([each.deed async for each in cafe.books.applied(CAFE.id)]) == DEEDS

    async def test_a_message_may_go_into_the_outbox(self) -> None:
        async with self.cafe() as cafe, cafe.begin() as work:
            await work.announce("welcome", {"consumer": str(ADA), "points": 5})
            await work.announce("welcome", {"consumer": str(ADA), "points": 5})


async def _look(cafe: Shop) -> tuple[object, str]:
    async with cafe.begin() as work:
        found = await work.codes.find(["AAA"])
        return (found.id, found.state) if found else (None, "")


async def _write(shop: Shop, new: RuleVersion | Retirement) -> None:
    async with shop.begin(alone=True) as work:
        if isinstance(new, RuleVersion):
            await work.publish(new)
        else:
            await work.retire(new)


def _version(number: int, rules: Rules) -> RuleVersion:
    return RuleVersion(
        number=number,
        rules=read_rules(list(rules)),
        in_force_from=NOON + number * DAY,
        published_at=NOON + MINUTE,
        published_by=f"owner {number}",
    )


def _note(name: str, minutes: int, target: str = "ada") -> AuditNote:
    return AuditNote(
        id=derived(NOON + minutes * MINUTE, "note", name),
        actor="admin:7",
        action="adjust_wallet",
        target=target,
        reason="a spilt coffee, señor",
        at=NOON + minutes * MINUTE,
        before={"balance": 5},
        after={"balance": 8, "lots": [1, 2]},
        correlation="request-1",
        on_behalf_of="tenant:café",
    )
