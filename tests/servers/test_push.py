"""`/push`: who may listen, and what is said."""

import asyncio
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connections

from mailcore.directory import domains, mailboxes
from mailcore.kernel.events import FolderChanged
from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.servers.bridge import Bridge
from mailcore.servers.hub import Hub
from mailcore.servers.push import Push, find_mailbox

pytestmark = pytest.mark.django_db(transaction=True)


def log_in() -> tuple[str, MailboxId]:
    domains.create(name="example.org")
    mailbox = mailboxes.create(address="ann@example.org", password="correct horse battery")
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(mailbox.user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = mailbox.user.get_session_auth_hash()
    session.save()
    return str(session.session_key), MailboxId(mailbox.pk)


def talk(cookie: str, events: list[Any], *, expected: int = 0) -> list[Any]:
    """The messages Push sends until the client leaves after the last event."""
    sent: list[Any] = []
    hub, bridge = Hub(), Bridge(1)

    async def run() -> None:
        left = asyncio.Event()

        async def receive() -> Any:
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)
            if message.get("body", b"").startswith(b"retry"):
                for event in events:
                    hub.hand_out(event)
            if len(sent) == 2 + expected:
                left.set()

        scope = {"type": "http", "path": "/push", "headers": [(b"cookie", f"a=b; {cookie}".encode())]}
        await asyncio.wait_for(Push(bridge, hub)(scope, receive, send), 20)

    asyncio.run(run())
    asyncio.run(bridge.call(connections.close_all))
    bridge.close()
    assert not hub._waiting
    return sent


def test_events_reach_the_page_of_their_owner_only() -> None:
    key, mailbox_id = log_in()
    mine = FolderChanged(mailbox_id, FolderId(5), 9)
    other = FolderChanged(MailboxId(mailbox_id + 1), FolderId(6), 9)
    sent = talk(f"{settings.SESSION_COOKIE_NAME}={key}", [other, mine, None], expected=2)
    assert sent[0]["status"] == 200
    assert [message["body"] for message in sent[2:4]] == [
        b'event: folder\ndata: {"folder": 5, "modseq": 9}\n\n',
        b"event: look\ndata: {}\n\n",
    ]


def test_strangers_are_turned_away() -> None:
    for cookie in ("", f"{settings.SESSION_COOKIE_NAME}=nonsense", "=;;\x01"):
        assert talk(cookie, [])[0]["status"] == 403


def test_a_session_ends_with_the_account() -> None:
    key, mailbox_id = log_in()
    assert find_mailbox(key) == mailbox_id
    mailboxes.suspend(mailbox_id=mailbox_id)
    assert find_mailbox(key) is None
