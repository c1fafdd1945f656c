"""Expected and read are paired as well as they can be, and told apart where they can't."""

import pytest

from salesarck_domain.testing.matching import differences, unmatched


def test_order_does_not_count() -> None:
    assert unmatched([{"a": 1}, {"a": 2}], [{"a": 2, "b": 0}, {"a": 1, "b": 0}]) == []


def test_the_vague_one_leaves_the_exact_one_its_partner() -> None:
    vague, exact = {"a": 1}, {"a": 1, "b": 2}
    read = [{"a": 1, "b": 2}, {"a": 1, "b": 3}]
    assert unmatched([vague, exact], read) == []
    assert unmatched([exact, vague], list(reversed(read))) == []


def test_a_chain_of_rivals_is_untangled() -> None:
    expected = [{"a": 1}, {"b": 1}, {"c": 1}]
    read = [{"a": 1, "b": 1}, {"b": 1, "c": 1}, {"a": 1, "b": 0, "c": 0}]
    assert unmatched(expected, read) == []


def test_one_read_object_serves_one_expectation() -> None:
    assert unmatched([{"a": 1}, {"a": 1}], [{"a": 1}]) == ["not read: {'a': 1}"]
    assert unmatched([{"a": 1}], [{"a": 1}, {"a": 1}]) == ["not expected: {'a': 1}"]
    assert unmatched([], []) == []


def test_the_nearest_miss_is_explained() -> None:
    wanted = {"news": "sale", "spend": 5, "customer": {"id": "C1", "phone": None}}
    near = {"news": "sale", "spend": 5, "customer": {"id": "C2", "phone": None}}
    far = {"news": "refund", "amount": 5}
    assert unmatched([wanted], [far, near])[0] == "customer.id is 'C2', not 'C1'"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (None, None),
        ({"x": None}, {}),
        ({"x": {"y": None}}, {"x": None}),
        ({"x_at": "2026-03-02T18:00:00Z"}, {"x_at": "2026-03-02T19:00:00.000+01:00"}),
        ({"x_at": "2026-03-02T18:00:00.123456789Z"}, {"x_at": "2026-03-02T18:00:00.123456Z"}),
        ({"x": [1, {"y": 2}]}, {"x": [1, {"y": 2, "z": 3}]}),
        ({}, {"x": 1}),
    ],
)
def test_the_same(wanted: object, found: object) -> None:
    assert differences(wanted, found) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"x": None}, {"x": 0}),
        ({"x": 1}, {"x": True}),
        ({"x": 0}, {"x": None}),
        ({"x": 0}, {}),
        ({"x": 1}, {"x": "1"}),
        ({"x": {}}, {"x": 1}),
        ({"x": {"y": 1}}, {"x": None}),
        ({"x": [1, 2]}, {"x": [2, 1]}),
        ({"x": [1]}, {"x": [1, 2]}),
        ({"x": [1]}, {"x": None}),
        ({"x": "2026-03-02T18:00:00Z"}, {"x": "2026-03-02T18:00:00.0Z"}),
        ({"x_at": "2026-03-02T18:00:00Z"}, {"x_at": "2026-03-02T18:00:01Z"}),
        ({"x_at": "2026-03-02T18:00:00"}, {"x_at": "2026-03-02T18:00:00Z"}),
        ({"x_at": None}, {"x_at": "2026-03-02T18:00:00Z"}),
    ],
)
def test_not_the_same(wanted: object, found: object) -> None:
    assert differences(wanted, found)
