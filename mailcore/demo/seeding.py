"""Put the demo world into the directory and the store. Done twice, it changes nothing the second time."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from mailcore.directory import aliases, domains, mailboxes, users
from mailcore.directory.models import Domain, User
from mailcore.kernel.ids import MailboxId
from mailcore.store import blobs, writer

from .letters import Letter, write_letters
from .people import ANN, BO, CY, DANA, EMILE, PRESS, RESIDENTS, SHOP, Person

PASSWORD = "letters-by-hand"
BATCH = 100


def seed(*, now: datetime, letters: int = 2_000) -> bool:
    """True where the world was made, False where it was there already."""
    if Domain.objects.filter(name=PRESS).exists():
        return False
    for name in (PRESS, SHOP):
        domains.create(name=name)
    boxes = {
        person: MailboxId(mailboxes.create(address=person.address, password=PASSWORD, shown_name=person.name).id) for person in RESIDENTS
    }
    aliases.create(address=f"editors@{PRESS}", targets=(ANN.address, EMILE.address))
    aliases.create(address=f"orders@{SHOP}", targets=(DANA.address, CY.address))
    _appoint(BO, PRESS)
    for person, count in ((ANN, letters), (BO, letters // 40), (EMILE, letters // 40), (DANA, letters // 40)):
        _deliver(boxes[person], write_letters(owner=person, count=count, until=now))
    return True


def _appoint(person: Person, domain: str) -> None:
    user = users.get(login=person.address)
    users.set_role(user_id=user.id, role=User.Role.DOMAIN_ADMIN, domains=(domains.get(name=domain),))


def _deliver(mailbox_id: MailboxId, letters: Iterable[Letter]) -> None:
    letters = iter(letters)
    while batch := list(islice(letters, BATCH)):
        blob_ids = blobs.put_many([letter.raw for letter in batch])
        writer.deliver(
            [
                writer.Delivery(
                    mailbox_id=mailbox_id,
                    folder=letter.folder,
                    blob_id=blob_id,
                    key="",
                    flags=letter.flags,
                    keywords=letter.keywords,
                    internaldate=int(letter.sent_at.timestamp()),
                )
                for letter, blob_id in zip(batch, blob_ids, strict=True)
            ]
        )
