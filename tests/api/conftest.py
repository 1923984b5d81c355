import pytest
from directory.cast import Cast, make_cast

from mailcore import meters
from mailcore.directory import cache


@pytest.fixture
def cast(db: None) -> Cast:
    cache.clear()
    # Ids of keys come again in every test; the memory of how often they asked must not.
    meters.forget()
    return make_cast()
