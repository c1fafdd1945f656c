"""The misreadings are still misreadings of the domain as it stands, and the page lists them all."""

import pytest

from tests.stories.plant import DOMAIN, HERE, Misreading, failing_with, misreadings

README = HERE / "README.md"
TABLE_BEGINS = "| sentence | misreading | caught by |\n| --- | --- | --- |\n"


def name_of(misreading: Misreading) -> str:
    return f"{misreading.file}: {misreading.means}"


@pytest.mark.parametrize("misreading", misreadings(), ids=name_of)
def test_a_misreading_can_be_planted(misreading: Misreading) -> None:
    source = (DOMAIN / misreading.file).read_text()
    assert source.count(misreading.old) == 1, "say in misreadings.toml how the domain reads now"
    compile(source.replace(misreading.old, misreading.new), misreading.file, "exec")
    assert (HERE / f"{misreading.story}.json").is_file()


def test_a_planted_misreading_is_caught() -> None:
    """One for all; `nox -s misreadings` plants every one."""
    first = misreadings()[0]
    assert first.story in failing_with(first)


def test_the_page_lists_them_all() -> None:
    rows = "".join(
        f"| {each.sentence} | {each.means} | `{each.story}` |\n" for each in misreadings()
    )
    assert README.read_text().endswith(TABLE_BEGINS + rows)
