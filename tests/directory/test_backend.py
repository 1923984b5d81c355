"""Sessions of the pages end when the account does."""

from django.contrib.auth import authenticate
from django.test import Client, RequestFactory

from directory.cast import PASSWORD, Cast
from mailcore.directory import mailboxes
from mailcore.directory.backends import DirectoryBackend

BACKEND = "mailcore.directory.backends.DirectoryBackend"


def test_log_in(cast: Cast) -> None:
    request = RequestFactory().post("/login", REMOTE_ADDR="192.0.2.1")
    assert authenticate(request, username="Ann@example.test", password=PASSWORD) == cast.ann.user
    assert authenticate(request, username="ann@example.test", password="wrong") is None


def test_a_suspended_person_is_out_at_once(cast: Cast) -> None:
    assert cast.ann.user is not None
    assert DirectoryBackend().get_user(cast.ann.user.id) == cast.ann.user
    mailboxes.suspend(mailbox_id=cast.ann.id)
    assert DirectoryBackend().get_user(cast.ann.user.id) is None


def test_a_new_password_ends_sessions(cast: Cast) -> None:
    assert cast.ann.user is not None
    client = Client()
    client.force_login(cast.ann.user, backend=BACKEND)
    before = cast.ann.user.get_session_auth_hash()
    mailboxes.set_password(mailbox_id=cast.ann.id, password="another horse 8")
    cast.ann.user.refresh_from_db()
    assert cast.ann.user.get_session_auth_hash() != before
