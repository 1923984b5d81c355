"""The public pages: nothing changes by a GET, nothing tells who is a member, nothing can be guessed for long."""

import pytest
from django.test import Client

from mailcore.directory.models import GuessBucket
from mailcore.lists import holding, keys, register, requests, roster
from mailcore.lists.models import Post, Request
from tests.lists.cast import letter, make_list, run, send

pytestmark = pytest.mark.django_db


def ask(client: Client, email: str, action: str = "subscribe", peer: str = "192.0.2.1"):  # type: ignore[no-untyped-def]
    return client.post("/lists/team@here.test/", {"email": email, "action": action}, REMOTE_ADDR=peer)


def test_joining_by_the_page() -> None:
    row = make_list()
    client = Client()
    assert "Join or leave" in client.get("/lists/team@here.test/").content.decode()
    assert "ann@far.test" in ask(client, "ann@far.test").content.decode()
    url = f"/lists/team@here.test/confirm/{requests.token_of(Request.objects.get())}"
    assert client.get(url).status_code == 200
    assert roster.find(row, "ann@far.test") is None, "looking confirms nothing"
    assert client.post(url).status_code == 200
    assert roster.find(row, "ann@far.test") is not None
    assert client.post(url).status_code == 403


def test_members_and_others_are_told_the_same() -> None:
    make_list()
    client = Client()
    known = ask(client, "olga@here.test", "unsubscribe").content.decode()
    unknown = ask(client, "else@here.test", "unsubscribe").content.decode()

    def body(page: str) -> str:
        return page[page.index('role="status"') :].partition("</section>")[0]

    assert body(known).replace("olga", "else") == body(unknown)


@pytest.mark.parametrize("email", ["", "x", "a@b@c", "a\r\nBcc: b@c.d@e.test", "x" * 400 + "@y.test", "team@here.test\0"])
def test_what_is_no_address(email: str) -> None:
    make_list()
    assert ask(Client(), email).status_code == 400
    assert not Request.objects.exists()


def test_unknown_and_suspended_lists_are_not_there() -> None:
    row = make_list()
    client = Client()
    assert client.get("/lists/nobody@here.test/").status_code == 404
    assert client.get("/lists/rubbish/").status_code == 404
    register.set_enabled(list_id=row.pk, is_enabled=False)
    assert client.get("/lists/team@here.test/").status_code == 404


def test_one_click() -> None:
    row = make_list()
    member = roster.add(row=row, email="ann@far.test")
    url = f"/lists/team@here.test/leave/{keys.leave_token(member.key)}"
    client = Client(enforce_csrf_checks=True)
    assert client.get(url).status_code == 200
    assert roster.find(row, "ann@far.test") is not None, "a scanner that fetches the link leaves nothing"
    assert client.post(url, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert roster.find(row, "ann@far.test") is None
    assert client.post(url, {"List-Unsubscribe": "One-Click"}).status_code == 200


@pytest.mark.parametrize(
    "path", ["leave/aaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbb", "confirm/1-aaaaaaaaaaaaaaaa", "held/1-aaaaaaaaaaaaaaaa", "held/x"]
)
def test_forged_links(path: str) -> None:
    make_list()
    client = Client()
    assert client.get(f"/lists/team@here.test/{path}").status_code == 403
    assert client.post(f"/lists/team@here.test/{path}").status_code == 403


def test_one_peer_asks_only_so_often() -> None:
    make_list()
    client = Client()
    codes = [ask(client, f"p{number}@far.test").status_code for number in range(22)]
    assert codes[:20] == [200] * 20
    assert codes[20:] == [429, 429]
    assert GuessBucket.objects.exists()
    assert ask(client, "other@far.test", peer="198.51.100.7").status_code == 200


def test_one_address_is_written_to_only_so_often() -> None:
    make_list()
    client = Client()
    codes = [ask(client, "victim@far.test", peer=f"198.51.{number}.7").status_code for number in range(5)]
    assert codes == [200, 200, 200, 429, 429]


def test_a_closed_list_says_so() -> None:
    make_list(join_policy="closed")
    client = Client()
    assert "Join" not in client.get("/lists/team@here.test/").content.decode()
    assert ask(client, "ann@far.test").status_code == 400


@pytest.mark.parametrize("decision", ["approve", "reject", "discard", "nonsense"])
def test_deciding_by_the_link(decision: str) -> None:
    make_list()
    send(letter("zoe@far.test", subject="<script>", body="See me."))
    run()
    post = Post.objects.get()
    url = f"/lists/team@here.test/held/{holding.token_of(post)}"
    client = Client()
    page = client.get(url).content.decode()
    assert "See me." in page
    assert "<script>" not in page.replace("<script nonce", "")
    answer = client.post(url, {"decision": decision, "reason": "No."})
    state = {"approve": "sending", "reject": "rejected", "discard": "discarded", "nonsense": "held"}[decision]
    assert Post.objects.get().state == state
    assert answer.status_code == (403 if decision == "nonsense" else 200)
    if decision != "nonsense":
        assert client.post(url, {"decision": "approve"}).status_code == 409


def test_in_french() -> None:
    make_list()
    page = Client().get("/lists/team@here.test/", headers={"accept-language": "fr"}).content.decode()
    assert "S’inscrire" in page
