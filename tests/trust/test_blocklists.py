"""What the lists of bad hosts say of this server and its domains."""

import pytest

from mailcore.trust import blocklists
from mailcore.trust.names import Kind, NamesFailed
from mailcore.trust.zone import ZoneNames


class Silent:
    def look_up(self, name: str, kind: Kind, *, timeout: float = 5.0) -> object:
        raise NamesFailed("no answer")


def test_on_a_list_and_off() -> None:
    names = ZoneNames("5.113.0.1.bl.spamcop.net A 127.0.0.2")
    assert blocklists.check_address(names, "1.0.113.5") == blocklists.Standing(("bl.spamcop.net",), (), 4)
    assert blocklists.check_address(names, "1.0.113.6") == blocklists.Standing((), (), 4)


def test_version_six_is_asked_by_its_nibbles() -> None:
    nibbles = ".".join(reversed("20014860" + "0" * 23 + "1"))
    names = ZoneNames(f"{nibbles}.zen.spamhaus.org A 127.0.0.3")
    found = blocklists.check_address(names, "2001:4860::1")
    assert found is not None and found.listed_by == ("zen.spamhaus.org",)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "fe80::1"])
def test_an_address_that_no_list_can_know(address: str) -> None:
    assert blocklists.check_address(ZoneNames(""), address) is None


@pytest.mark.parametrize("answer", ["127.255.255.254", "127.255.255.252"])
def test_a_list_that_declines_says_nothing(answer: str) -> None:
    assert blocklists.check_domain(ZoneNames(f"example.test.dbl.spamhaus.org A {answer}"), "example.test").silent == ("dbl.spamhaus.org",)


def test_a_parked_list_that_answers_for_everything_lists_nobody() -> None:
    assert blocklists.check_domain(ZoneNames("example.test.dbl.spamhaus.org A 203.0.113.9"), "example.test").listed_by == ()


def test_no_answer_at_all() -> None:
    found = blocklists.check_domain(Silent(), "example.test")  # type: ignore[arg-type]
    assert found.silent == blocklists.OF_DOMAINS and not found.listed_by
