"""The limits of METADATA, and notes in the store that is really used."""

import pytest

from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.limits import MAX_ANNOTATION_BYTES, MAX_ANNOTATIONS
from mailcore.store.mailstore import LocalMailStore

from .builders import Client


def test_long_notes_and_too_many() -> None:
    client = Client()
    data = b"x" * (MAX_ANNOTATION_BYTES + 1)
    answer = client.send(b"x SETMETADATA INBOX (/private/comment {%d+}\r\n%b)\r\n" % (len(data), data))
    assert answer.startswith(b"x NO [METADATA MAXSIZE %d] " % MAX_ANNOTATION_BYTES)
    for number in range(MAX_ANNOTATIONS):
        client.ok(b"SETMETADATA INBOX (/private/n%d {3+}\r\nyes)" % number)
    assert b"NO [METADATA TOOMANY] " in client.run(b"SETMETADATA INBOX (/private/one-more {3+}\r\nyes)")
    assert client.ok(b"GETMETADATA INBOX /private/one-more") == b"* METADATA INBOX (/private/one-more NIL)\r\n"


@pytest.mark.django_db(transaction=True)
def test_notes_stay_with_their_folder() -> None:
    store = LocalMailStore(MailboxId(990))
    client = Client(store)
    client.ok(b"CREATE Work")
    client.ok(b'SETMETADATA Work (/private/comment "mine" /shared/comment "ours")')
    client.ok(b"RENAME Work Play")
    assert b'/private/comment "mine"' in client.ok(b"GETMETADATA Play /private/comment")
    client.ok(b"SETMETADATA Play (/private/comment NIL)")
    assert dict(store.get_annotations("Play")) == {"/shared/comment": b"ours"}
    assert [(change.folder, change.entry) for change in store.annotation_changes(0)] == [
        ("Play", "/shared/comment"),
        ("Play", "/private/comment"),
    ]
    assert store.annotation_changes(store.annotation_changes(0)[-1].version) == []
    with pytest.raises(NotFound):
        LocalMailStore(MailboxId(991)).get_annotations("Play")
    client.ok(b"DELETE Play")
    client.ok(b"CREATE Play")
    assert client.ok(b"GETMETADATA Play /shared/comment") == b"* METADATA Play (/shared/comment NIL)\r\n"
