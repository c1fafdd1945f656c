"""What all tests share, and nothing clever."""

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("salesarck_domain.testing")
pytest_plugins = ["tests.postgres", "tests.valkey"]  # servers, for every test that asks

# No deadline: a busy machine is slow, not wrong. The same examples every time, so that a red
# test is red again; `nox -s fuzz` looks elsewhere.
settings.register_profile("house", deadline=None, derandomize=True)
settings.register_profile("fuzz", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("house")
