"""The worker is killed at each step of a delivery with a script: what follows sends and stores everything once."""

from collections.abc import Callable
from typing import Any

import pytest

from mailcore.delivery import drain
from mailcore.filtering import scripts
from mailcore.kernel.ids import MailboxId
from mailcore.queue.models import Entry, JourneyEvent, Recipient
from mailcore.store.models import Folder
from tests.delivery.cast import make_domain, make_mailbox, send

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = (
    'require ["fileinto", "mailbox", "copy", "vacation", "duplicate", "editheader"]; if duplicate { discard; stop; } addheader "X-A" "b";'
    ' fileinto :copy :create "Copies"; redirect :copy "cy@far.test"; vacation "Away.";'
)
STEPS = [
    "mailcore.delivery.sieving.blobs.read_many",
    "mailcore.delivery.filtered.decide",
    "mailcore.delivery.filtered.blobs.put",
    "mailcore.delivery.sieving.intake.write",
    "mailcore.delivery.local.writer.prepare",
    "mailcore.delivery.local.writer.store",
    "mailcore.delivery.sieving.memory.mark_seen",
    "mailcore.delivery.sieving.memory.mark_carried",
    "mailcore.delivery.sieving.intake.keep",
    "mailcore.delivery.sieving.memory.mark_answered",
    "mailcore.delivery.sieving.writer.set_subscribed",
    "mailcore.delivery.sieving.journey.record",
    "mailcore.delivery.local.settling.settle",
]


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL; the transaction under way is lost."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step(step: str, after: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    make_domain()
    ann = make_mailbox("ann@here.test")
    scripts.put(mailbox_id=ann, name="main", text=SCRIPT)
    scripts.activate(mailbox_id=ann, name="main")
    send("ann@here.test")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(step, _dying(_find(step), after=after))
        drain.drain(owner="first")
    Recipient.objects.filter(state="leased").update(next_attempt_at=0)
    drain.drain(owner="second")
    assert _count(ann) == {"Copies": 1, "INBOX": 1}
    assert sorted(Entry.objects.values_list("source", flat=True)) == ["forward", "local", "smtp"]
    assert not JourneyEvent.objects.filter(verdict="discarded").exists()
    assert Recipient.objects.get(address="ann@here.test").state == "delivered"


def _find(path: str) -> Callable[..., Any]:
    module, _, rest = path.partition(".delivery.")
    name, *attributes = rest.split(".")
    found: Any = __import__(f"{module}.delivery.{name}", fromlist=[name])
    for attribute in attributes:
        found = getattr(found, attribute)
    assert callable(found)
    return found


def _dying(function: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    def die(*args: Any, **kwargs: Any) -> Any:
        if after:
            function(*args, **kwargs)
        raise Killed

    return die


def _count(mailbox_id: MailboxId) -> dict[str, int]:
    return {row.name: row.messages for row in Folder.objects.filter(mailbox_id=mailbox_id) if row.messages}
