"""Lists in the panel: within reach of the domain's administrator, and no further."""

import pytest
from django.test import Client

from mailcore.directory import domains, users
from mailcore.directory.models import User
from mailcore.lists import register, roster
from mailcore.lists.models import MailingList, Member, Post
from tests.lists.cast import letter, make_list, run, send

pytestmark = pytest.mark.django_db
BACKEND = "mailcore.directory.backends.DirectoryBackend"


def sign_in(role: str = "root", *names: str) -> Client:
    user = users.create(login=f"{role}-admin", password="correct horse battery", role=User.Role(role))
    for name in names:
        user.domains.add(domains.get(name=name))
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def test_a_list_is_made_changed_and_removed() -> None:
    row = make_list()
    client = sign_in("domain_admin", "here.test")
    wanted = {"address": "news@here.test", "title": "News", "post_policy": "announcement", "owner": "olga@here.test"}
    assert client.post("/panel/lists/new", wanted).status_code == 302
    made = register.get(address="news@here.test")
    assert "News" in client.get("/panel/lists").content.decode()
    page = client.get(f"/panel/lists/{made.pk}")
    settings = page.context["form"].initial | {"title": "All news", "subject_prefix": "[News]"}
    assert client.post(f"/panel/lists/{made.pk}", settings).status_code == 302
    made.refresh_from_db()
    assert (made.title, made.subject_prefix) == ("All news", "[News]")
    bad = client.post(f"/panel/lists/{made.pk}", settings | {"archive_mailbox": "nobody@here.test"})
    assert "There is no such mailbox" in bad.content.decode()
    client.post(f"/panel/lists/{made.pk}/standing")
    client.post(f"/panel/lists/{made.pk}/remove")
    assert list(MailingList.objects.all()) == [row]


def test_another_domains_list_is_not_there() -> None:
    row = make_list()
    domains.create(name="other.test")
    client = sign_in("domain_admin", "other.test")
    assert str(row) not in client.get("/panel/lists").content.decode()
    for path in (f"/panel/lists/{row.pk}", f"/panel/lists/{row.pk}/members"):
        assert client.get(path).status_code == 404
    assert client.post(f"/panel/lists/{row.pk}/remove").status_code == 404
    wanted = {"address": "x@here.test", "title": "X", "post_policy": "open", "owner": "a@b.test"}
    assert client.post("/panel/lists/new", wanted).status_code == 404
    assert MailingList.objects.count() == 1


def test_a_bad_owner_makes_no_list() -> None:
    make_list()
    wanted = {"address": "x@here.test", "title": "X", "post_policy": "open", "owner": "nobody"}
    assert sign_in().post("/panel/lists/new", wanted).status_code == 200
    assert MailingList.objects.count() == 1


def test_members() -> None:
    row = make_list()
    client = sign_in()
    url = f"/panel/lists/{row.pk}/members"
    assert client.post(url, {"act": "add", "email": "ann@far.test", "name": "Ann", "role": "moderator"}).status_code == 302
    assert "a member already" in client.post(url, {"act": "add", "email": "ann@far.test", "role": "member"}).content.decode()
    ann = roster.find(row, "ann@far.test")
    assert ann is not None
    client.post(url, {"act": "change", "member": ann.pk, "role": "member", "mode": "digest"})
    ann.refresh_from_db()
    assert (ann.role, ann.mode) == ("member", "digest")
    page = client.post(url, {"act": "load", "members": "bo@far.test\nnobody\nann@far.test"}).content.decode()
    assert "1 added, 1 there already, 1 failed" in page
    found = client.get(url + "?q=bo@").content.decode()
    assert "bo@far.test" in found and "ann@far.test" not in found
    Member.objects.filter(pk=ann.pk).update(status="paused")
    assert "Paused" in client.get(url).content.decode()
    client.post(url, {"act": "resume", "member": ann.pk})
    client.post(url, {"act": "remove", "member": ann.pk})
    assert roster.find(row, "ann@far.test") is None
    assert client.post(url, {"act": "remove", "member": 10**6}).status_code == 404


@pytest.mark.parametrize(("decision", "state"), [("approve", "sending"), ("reject", "rejected"), ("discard", "discarded")])
def test_held_posts(decision: str, state: str) -> None:
    row = make_list()
    send(letter("zoe@far.test"))
    run()
    client = sign_in()
    page = client.get(f"/panel/lists/{row.pk}").content.decode()
    assert "zoe@far.test is not a member" in page
    post = Post.objects.get()
    client.post(f"/panel/lists/{row.pk}/{decision}", {"post": post.pk, "reason": ""})
    assert Post.objects.get().state == state
    client.post(f"/panel/lists/{row.pk}/{decision}", {"post": post.pk + 1})
    assert Post.objects.get().decided_by == "root-admin"
