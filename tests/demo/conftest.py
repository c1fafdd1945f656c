from pathlib import Path

import pytest

from tests.demo.run import running


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a demo has been started once before."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    with running(folder) as demo:
        assert demo.says("web: "), demo.lines
    return folder
