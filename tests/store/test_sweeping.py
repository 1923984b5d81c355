"""A removed mailbox leaves no mail behind, and its neighbour keeps its own."""

import pytest

from mailcore.directory import domains, mailboxes
from mailcore.kernel.ids import MailboxId
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.models import Folder, Message
from mailcore.store.sweeping import sweep


@pytest.mark.django_db(transaction=True)
def test_only_the_mail_of_removed_mailboxes_goes() -> None:
    domains.create(name="sweep.example")
    ids = [MailboxId(mailboxes.create(address=f"{name}@sweep.example", password=None).id) for name in ("gone", "here")]
    for mailbox_id in ids:
        store = LocalMailStore(mailbox_id)
        store.append("INBOX", b"Subject: x\r\n\r\nbody\r\n", flags=0, keywords=frozenset(), internaldate=None)
    mailboxes.remove(mailbox_id=ids[0])
    assert sweep() == 1
    assert set(Message.objects.values_list("mailbox_id", flat=True)) == {ids[1]}
    assert not Folder.objects.filter(mailbox_id=ids[0]).exists()
    assert sweep() == 0
