"""One Facteur for the room; a mailbox of its own for each test that asks."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.facteur import Facteur

from .house import House, Person

PEOPLE = 80
"""More than there are tests."""


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if sys.platform != "linux":
        pytest.skip("the started processes are found in /proc")
    folder: Path = tmp_path_factory.mktemp("interop") / "data"
    with Facteur(folder, domain="interop.test", people=PEOPLE, front_processes="1") as facteur:
        yield House(facteur)


@pytest.fixture
def person(house: House) -> Person:
    return house.next_person()
