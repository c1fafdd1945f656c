"""Tombstones: whoever was erased stays so, whatever a till tells of them."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from salesarck_domain.deeds import TellNews
from salesarck_domain.news import CustomerNews, SaleNews, TillCustomer
from salesarck_domain.people import Evidence
from salesarck_domain.ports.store import Work
from salesarck_domain.redemption.code import Peppers
from salesarck_domain.veil import evidence_in, evidence_of_customer


async def without_erased(
    work: Work, deeds: Sequence[TellNews], peppers: Peppers
) -> Sequence[TellNews]:
    """Take out of news whoever was erased: their sales are nobody's, their book's page is none."""
    named = {found for deed in deeds for found in evidence_in(deed)}
    marks = {mark: it for it in named for mark in peppers.marks(it, work.tenant.id)}
    gone = {marks[mark] for mark in await work.people.erased(marks)} if marks else set[Evidence]()
    if not gone:
        return deeds
    return [kept for deed in deeds if (kept := _without(deed, gone))]


def _without(deed: TellNews, gone: AbstractSet[Evidence]) -> TellNews | None:
    match deed.news:
        case SaleNews(customer=TillCustomer() as told) as news:
            return replace(deed, news=replace(news, customer=_left(deed.provider, told, gone)))
        case CustomerNews() as news:
            if Evidence.till(deed.provider, news.id) in gone:
                return None
            left = _left(deed.provider, TillCustomer(None, news.phone, news.email), gone)
            ids = (it for it in news.merged_from if Evidence.till(deed.provider, it) not in gone)
            merged = tuple(ids)
            page = replace(news, phone=left.phone, email=left.email, merged_from=merged)
            return replace(deed, news=page)
        case _:
            return deed


def _left(provider: str, told: TillCustomer, gone: AbstractSet[Evidence]) -> TillCustomer:
    """What is left of a till's customer: without an id that is gone nothing is theirs."""
    if told.id and Evidence.till(provider, told.id) in gone:
        told = replace(told, id=None)
    if evidence_of_customer(provider, TillCustomer(None, told.phone)) & gone:
        told = replace(told, phone=None)
    if evidence_of_customer(provider, TillCustomer(None, None, told.email)) & gone:
        told = replace(told, email=None)
    return told
