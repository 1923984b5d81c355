"""SRS: there and back, through several forwarders, beside srslib; nothing that we did not write."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from srslib import SRS

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import Denied
from mailcore.trust import srs

KEY, DAY = b"key", 20_600
LOCALS = st.from_regex(r"[a-zA-Z0-9+=_-]{1,30}(\.[a-z0-9=+-]{1,10})?", fullmatch=True).filter(lambda one: not srs.is_rewritten(one))


def back(address: str, *, day: int = DAY, key: bytes = KEY) -> str:
    return srs.reverse(MailAddress.parse(address).local, key=key, day=day)


@settings(max_examples=100)
@given(LOCALS, st.sampled_from(["far.test", "a-b.far.test"]), st.integers(0, srs.MAX_AGE_DAYS))
def test_there_and_back(local: str, domain: str, age: int) -> None:
    made = srs.rewrite(f"{local}@{domain}", domain="here.test", key=KEY, day=DAY)
    assert made.endswith("@here.test")
    assert back(made, day=DAY + age) == f"{local}@{domain}"


def test_case_may_be_lost_on_the_way() -> None:
    made = srs.rewrite("Ann@far.test", domain="here.test", key=KEY, day=DAY)
    assert back(made.lower()) == "ann@far.test"


def test_through_three_forwarders() -> None:
    first = srs.rewrite("ann@far.test", domain="one.test", key=b"1", day=DAY)
    second = srs.rewrite(first, domain="two.test", key=b"2", day=DAY)
    third = srs.rewrite(second, domain="three.test", key=b"3", day=DAY)
    assert second.startswith("SRS1=")
    assert "=one.test==" in third
    assert len(third) < len(second) + 20
    assert back(third, key=b"3") == first
    assert back(second, key=b"2") == first
    assert back(first, key=b"1") == "ann@far.test"


def test_srslib_and_ours_pass_each_other_on() -> None:
    theirs = SRS("secret")
    first = theirs.forward("ann@far.test", "one.test")
    second = srs.rewrite(first, domain="here.test", key=KEY, day=DAY)
    assert back(second) == first
    assert theirs.reverse(back(second)) == "ann@far.test"
    ours = srs.rewrite("ann@far.test", domain="here.test", key=KEY, day=DAY)
    again = theirs.forward(ours, "one.test")
    assert theirs.reverse(again) == ours


def test_what_ran_out_or_was_not_ours_leads_nowhere() -> None:
    made = srs.rewrite("ann@far.test", domain="here.test", key=KEY, day=DAY)
    for address, day, key in (
        (made, DAY + srs.MAX_AGE_DAYS + 1, KEY),
        (made, DAY - 1, KEY),
        (made, DAY, b"other"),
        (made.replace("far.test", "eve.test"), DAY, KEY),
        ("SRS0=AAAAAA=AA=far.test=ann@here.test", DAY, KEY),
        ("SRS1=AAAAAA=far.test==x=y@here.test", DAY, KEY),
        ("SRS0=@here.test", DAY, KEY),
    ):
        with pytest.raises(Denied):
            back(address, day=day, key=key)


@settings(max_examples=100)
@given(st.text(max_size=80), st.sampled_from(["SRS0=", "SRS1=", "SRS0+A=B=C=", "SRS1=AAAAAA=h.test="]))
def test_never_raises_anything_else(noise: str, start: str) -> None:
    with pytest.raises(Denied):
        srs.reverse(start + noise, key=KEY, day=DAY)
