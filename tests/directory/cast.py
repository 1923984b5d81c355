"""The cast: Ann has a mailbox, Bo looks after example.test, Cy is a stranger in other.test, root rules."""

from dataclasses import dataclass

from mailcore.directory import domains, mailboxes, users
from mailcore.directory.models import Domain, Mailbox, User

PASSWORD = "correct horse 7"


@dataclass(frozen=True, slots=True)
class Cast:
    example: Domain
    other: Domain
    ann: Mailbox
    bo: Mailbox
    cy: Mailbox
    root: User


def make_cast() -> Cast:
    example = domains.create(name="example.test")
    other = domains.create(name="other.test")
    ann = mailboxes.create(address="ann@example.test", password=PASSWORD, shown_name="Ann Archer")
    bo = mailboxes.create(address="bo@example.test", password=PASSWORD)
    cy = mailboxes.create(address="cy@other.test", password=PASSWORD)
    assert bo.user_id is not None
    users.set_role(user_id=bo.user_id, role=User.Role.DOMAIN_ADMIN, domains=(example,))
    bo.refresh_from_db()
    root = users.create(login="admin", password=PASSWORD, role=User.Role.ROOT)
    return Cast(example=example, other=other, ann=ann, bo=bo, cy=cy, root=root)
