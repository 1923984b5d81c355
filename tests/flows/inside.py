"""What a flow has to do or see behind the ports, as a process of its own: `python inside.py ACTION`, JSON in, JSON out."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()  # the models below need it

from mailcore.delivery import drain  # noqa: E402
from mailcore.directory import domains, mailboxes  # noqa: E402
from mailcore.directory.models import User  # noqa: E402
from mailcore.queue.entries import OPEN  # noqa: E402
from mailcore.queue.models import Recipient, State  # noqa: E402
from mailcore.store.checking import check_mail  # noqa: E402
from mailcore.store.search.indexing import index_pending  # noqa: E402

AHEAD = 1_000
"""Beyond every lease: what a killed worker held is due."""


def prepare(given: dict[str, Any]) -> None:
    domains.create(name=given["domain"])
    for address in given["addresses"]:
        mailboxes.create(address=address, password=given["password"])


def queue(given: dict[str, Any]) -> dict[str, Any]:
    """Message-IDs by what became of them, without those that were delivered."""
    rows = Recipient.objects.exclude(state=State.DELIVERED).values_list("entry__message_id", "state", "last_text")
    found: dict[str, Any] = {"queued": [], "leased": [], "failed": [], "cancelled": [], "texts": sorted({row[2] for row in rows if row[2]})}
    for message_id, state, _ in rows:
        found[state].append(message_id)
    return found


def catch_up(given: dict[str, Any]) -> int:
    """Deliver as a worker would after the leases of the dead ran out. Beside living workers, on purpose."""
    now, handled = int(time.time()) + AHEAD, 0
    while Recipient.objects.filter(state__in=OPEN).exists():
        count = drain.drain(owner="flows", limit=200, now=now)
        if not count:
            break
        handled += count
    return handled


def check(given: dict[str, Any]) -> list[str]:
    index_pending()
    return [str(finding) for finding in check_mail()]


def second_step(given: dict[str, Any]) -> None:
    """On, without a telephone: for whoever has another way to take the step."""
    User.objects.filter(login=given["login"]).update(has_second_step=True)


ACTIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "prepare": prepare, "queue": queue, "catch_up": catch_up, "check": check, "second_step": second_step
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(ACTIONS[sys.argv[1]](json.loads(sys.stdin.read() or "{}"))))
