"""The cast: Ann has a mailbox, Bo looks after example.test, Cy is a stranger in other.test, root rules."""

from dataclasses import dataclass
from functools import cache

from mailcore.directory import domains, mailboxes, users
from mailcore.directory.models import Domain, Mailbox, User
from mailcore.directory.passwords import hash_password

PASSWORD = "correct horse 7"


@dataclass(frozen=True, slots=True)
class Cast:
    example: Domain
    other: Domain
    ann: Mailbox
    bo: Mailbox
    cy: Mailbox
    root: User


@cache
def _encoded() -> str:
    """Hashed once a run: a real hash is slow on purpose."""
    return hash_password(PASSWORD)


def make_cast() -> Cast:
    example = domains.create(name="example.test")
    other = domains.create(name="other.test")
    ann = mailboxes.create(address="ann@example.test", password=None, shown_name="Ann Archer")
    bo = mailboxes.create(address="bo@example.test", password=None)
    cy = mailboxes.create(address="cy@other.test", password=None)
    assert bo.user_id is not None
    users.set_role(user_id=bo.user_id, role=User.Role.DOMAIN_ADMIN, domains=(example,))
    root = users.create(login="admin", password=None, role=User.Role.ROOT)
    User.objects.update(password=_encoded())
    for row in (ann, bo, cy, root):
        row.refresh_from_db()
    return Cast(example=example, other=other, ann=ann, bo=bo, cy=cy, root=root)
