import pytest

from directory.cast import Cast, make_cast
from mailcore.directory import cache


@pytest.fixture(autouse=True)
def _forget_logins() -> None:
    cache.clear()


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()
