import pytest
from directory.cast import Cast, make_cast

from mailcore.directory import cache


@pytest.fixture
def cast(db: None) -> Cast:
    cache.clear()
    return make_cast()
