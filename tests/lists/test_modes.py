"""Members choose what they get, by mail and by the page, and nobody chooses for another."""

import re

import pytest
from django.test import Client

from mailcore.kernel.errors import Denied
from mailcore.lists import requests, roster
from mailcore.lists.models import Member, Request
from tests.lists.cast import LOGIN, inbox, join, letter, make_list, run, send

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("mode", ["digest", "nomail", "normal"])
def test_by_mail_with_an_answer(mode: str) -> None:
    row = make_list()
    join(row, "ann@here.test", mode="digest" if mode == "normal" else "normal")
    send(letter("ann@here.test"), to=f"team-{mode}@here.test", sender="ann@here.test", origin=LOGIN)
    run()
    member = roster.find(row, "ann@here.test")
    assert member is not None and member.mode != mode, "asking changes nothing"
    confirm = re.search(rb"Reply-To: (\S+)", inbox("ann@here.test")[0])
    assert confirm is not None
    send(letter("ann@here.test", number=2), to=confirm[1].decode(), sender="ann@here.test", origin=LOGIN)
    run()
    assert Member.objects.get(email="ann@here.test").mode == mode


@pytest.mark.parametrize("mode", ["digest", "nomail", "normal"])
def test_by_the_page_with_a_button(mode: str) -> None:
    row = make_list()
    roster.add(row=row, email="ann@far.test", mode="digest" if mode == "normal" else "normal")
    client = Client()
    assert f'value="{mode}"' in client.get("/lists/team@here.test/").content.decode()
    assert client.post("/lists/team@here.test/", {"email": "ann@far.test", "action": mode}).status_code == 200
    url = f"/lists/team@here.test/confirm/{requests.token_of(Request.objects.get())}"
    assert "ann@far.test" in client.get(url).content.decode()
    assert Member.objects.get(email="ann@far.test").mode != mode
    assert "ann@far.test" in client.post(url).content.decode()
    assert Member.objects.get(email="ann@far.test").mode == mode


def test_who_is_no_member_is_told_by_mail_only() -> None:
    row = make_list()
    join(row)
    client = Client()
    known = client.post("/lists/team@here.test/", {"email": "olga@here.test", "action": "digest"})
    other = client.post("/lists/team@here.test/", {"email": "else@here.test", "action": "digest"})
    assert known.status_code == other.status_code == 200
    asked = Request.objects.get(email="else@here.test")
    with pytest.raises(Denied):
        requests.confirm(row, requests.token_of(asked))
    assert not Member.objects.filter(email="else@here.test").exists()


def test_what_there_is_not_is_not_asked() -> None:
    make_list()
    assert Client().post("/lists/team@here.test/", {"email": "olga@here.test", "action": "resume"}).status_code == 400
    assert not Request.objects.exists()
