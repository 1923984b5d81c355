"""Wakes the sessions of this process that wait for a mailbox to change."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mailcore import bus
from mailcore.kernel.events import CredentialsChanged, Event
from mailcore.kernel.ids import MailboxId

Wake = Callable[[Event | None], None]


class Hub:
    def __init__(self) -> None:
        self._waiting: dict[MailboxId, set[Wake]] = defaultdict(set)

    async def run(self) -> None:
        """Hand out what the bus says until cancelled; a None wakes everybody, to look themselves."""
        async for event in bus.subscribe():
            self.hand_out(event)

    def hand_out(self, event: Event | None) -> None:
        if event is None:
            for wakes in list(self._waiting.values()):
                _call(wakes, None)
        elif not isinstance(event, CredentialsChanged):
            _call(self._waiting.get(event.mailbox_id, set()), event)

    @contextmanager
    def watch(self, mailbox_id: MailboxId, wake: Wake) -> Iterator[None]:
        """Have `wake` called on the loop with each event of a mailbox. It must not block."""
        self._waiting[mailbox_id].add(wake)
        try:
            yield
        finally:
            wakes = self._waiting[mailbox_id]
            wakes.discard(wake)
            if not wakes:
                del self._waiting[mailbox_id]


def _call(wakes: set[Wake], event: Event | None) -> None:
    loop = asyncio.get_running_loop()
    for wake in wakes:
        loop.call_soon(wake, event)
