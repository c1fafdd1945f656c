"""Whether what was read is what was expected, and where not.

Only the keys of the expected object count. A moment (a key that ends in `_at`) is compared as an
instant. Null and absent are the same: nobody said.
"""

from collections.abc import Mapping, Sequence

from salesarck_domain.news_codec import decode_moment, is_list, is_object

Objects = Sequence[Mapping[str, object]]


def unmatched(expected: Objects, read: Objects) -> list[str]:
    """Pair each expected object with one read object of its own; say what can't be paired.

    >>> unmatched([{"a": 1}, {"a": 1, "b": 2}], [{"a": 1, "b": 2}, {"a": 1, "b": 3}])
    []
    >>> unmatched([{"a": 1, "b": 2}], [{"a": 1, "b": 3}])
    ['b is 3, not 2']
    """
    gaps = [[differences(wanted, found) for found in read] for wanted in expected]
    owner: dict[int, int] = {}
    for index in range(len(expected)):
        _pair(index, gaps, owner, set())
    lonely = [index for index in range(len(expected)) if index not in owner.values()]
    spare = [index for index in range(len(read)) if index not in owner]
    found: list[str] = []
    for index in lonely:
        nearest = min(spare, key=lambda other: len(gaps[index][other]), default=None)
        if nearest is None:
            found.append(f"not read: {_short(expected[index])}")
        else:
            spare.remove(nearest)
            found.append("; ".join(gaps[index][nearest]))
    return found + [f"not expected: {_short(read[index])}" for index in spare]


def differences(wanted: object, found: object, where: str = "") -> list[str]:
    """Say where a value isn't what was wanted; nothing if it is."""
    if is_object(wanted):
        return _in_object(wanted, found, where)
    if is_list(wanted):
        return _in_list(wanted, found, where)
    same = type(wanted) is type(found) and wanted == found
    if same or (where.endswith("_at") and _same_instant(wanted, found)):
        return []
    return [f"{where or 'it'} is {found!r}, not {wanted!r}"]


def _pair(index: int, gaps: list[list[list[str]]], owner: dict[int, int], seen: set[int]) -> bool:
    """Find this one a partner, moving earlier ones to another of theirs where that helps."""
    for other, gap in enumerate(gaps[index]):
        if not gap and other not in seen:
            seen.add(other)
            if other not in owner or _pair(owner[other], gaps, owner, seen):
                owner[other] = index
                return True
    return False


def _in_object(wanted: Mapping[str, object], found: object, where: str) -> list[str]:
    there: object = {} if found is None else found
    if not is_object(there):
        return [f"{where or 'it'} is {found!r}, not an object"]
    return [
        gap
        for key, value in wanted.items()
        for gap in differences(value, there.get(key), f"{where}.{key}" if where else key)
    ]


def _in_list(wanted: Sequence[object], found: object, where: str) -> list[str]:
    if not is_list(found) or len(found) != len(wanted):
        return [f"{where} is {found!r}, not {list(wanted)!r}"]
    return [
        gap
        for index, (value, other) in enumerate(zip(wanted, found, strict=True))
        for gap in differences(value, other, f"{where}[{index}]")
    ]


def _same_instant(wanted: object, found: object) -> bool:
    try:
        return decode_moment(str(wanted)) == decode_moment(str(found))
    except ValueError:
        return False


def _short(told: Mapping[str, object]) -> str:
    """Name an object by its kind and what identifies it, for a line that people read."""
    names = ("news", "merchant", "object", "reference", "id", "code", "by", "kind")
    return " ".join(str(told[name]) for name in names if told.get(name) is not None) or str(told)
