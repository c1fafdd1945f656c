"""What people tell of themselves over HTTP."""

import pytest

from tests.service.desk import ADA, CLERK, Desk

PROFILE = "/v1/consumer/profile"


async def test_what_is_left_out_stays_and_null_forgets(desk: Desk) -> None:
    told = {"name": "  Ada L. ", "birthday": {"month": 2, "day": 29}, "language": "en-GB"}
    first = await desk.ask("PATCH", PROFILE, ADA, json=told)
    assert first.status_code == 200, first.text
    second = await desk.ask("PATCH", PROFILE, ADA, json={"birthday": None})
    assert second.json()["name"] == "Ada L."
    found = (await desk.ask("GET", PROFILE, ADA)).json()
    assert (found["name"], found["birthday"], found["language"]) == ("Ada L.", None, "en-GB")
    assert found["proved"] == [ADA]
    others = (await desk.ask("GET", PROFILE, CLERK)).json()
    assert others["name"] is None


@pytest.mark.parametrize(
    "told",
    [
        {"birthday": {"month": 2, "day": 30}},
        {"birthday": {"month": 2, "day": 29, "year": 2023}},
        {"birthday": {"month": 13, "day": 1}},
        {"birthday": {"month": 1, "day": 1, "year": 1899}},
        {"name": ""},
        {"name": "   "},
        {"name": "a\u0000b"},
        {"name": "a\nb"},
        {"name": "x" * 101},
        {"language": "English"},
        {"person": "11111111-1111-7111-8111-111111111111"},
        {"proved": ["+12125550199"]},
    ],
    ids=str,
)
async def test_what_can_t_be_is_a_bad_request(told: object, desk: Desk) -> None:
    answer = await desk.ask("PATCH", PROFILE, ADA, json=told)
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid"), answer.text


async def test_a_birthday_to_come_is_refused(desk: Desk) -> None:
    told = {"birthday": {"month": 3, "day": 3, "year": desk.now.year}}
    answer = await desk.ask("PATCH", PROFILE, ADA, json=told)
    assert (answer.status_code, answer.json()["code"]) == (409, "profile_invalid")
