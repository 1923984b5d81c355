"""manage.py queue list|retry|hold|release|cancel|bounce"""

import getpass
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailcore import bell
from mailcore.delivery import returning
from mailcore.kernel.ids import TraceId
from mailcore.management.answers import plain_errors, show_size
from mailcore.queue import entries


class Command(BaseCommand):
    help = "See what waits in the queue, and retry, hold, release, cancel or return it."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="list messages, newest first")
        listing.add_argument("--state", choices=entries.STATES, default="active")
        listing.add_argument("--search", default="", help="part of a sender or recipient, or a whole id")
        listing.add_argument("--limit", type=int, default=50)
        for name, text in (
            ("retry", "try again now"),
            ("hold", "keep from being tried"),
            ("release", "let go what was held"),
            ("cancel", "give up, without a report to the sender"),
            ("bounce", "give up and report it to the sender"),
        ):
            actions.add_parser(name, help=text).add_argument("trace_id", nargs="+", metavar="ID")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            if options["action"] == "list":
                self._list(options)
            for trace_id in options.get("trace_id", ()):
                getattr(self, f"_{options['action']}")(TraceId(trace_id))

    def _list(self, options: dict[str, Any]) -> None:
        rows = entries.list_entries(state=options["state"], search=options["search"], limit=options["limit"])
        for row in rows:
            note = "held" if row.is_held else ""
            when = f"{row.received_at:%Y-%m-%d %H:%M}"
            self.stdout.write("\t".join([row.trace_id, when, show_size(row.size), f"<{row.sender}>", note]).rstrip())
            for recipient in row.recipients:
                words = [f"  {recipient.address}", recipient.state, f"{recipient.attempts} tries"]
                if recipient.next_attempt_at:
                    words.append(f"next {recipient.next_attempt_at:%Y-%m-%d %H:%M}")
                self.stdout.write("\t".join([*words, recipient.last_text]).rstrip())
        if not rows:
            self.stdout.write("Nothing waits." if options["state"] == "active" else "None.")

    def _retry(self, trace_id: TraceId) -> None:
        count = entries.retry(trace_id=trace_id, now=int(time.time()))
        bell.ring()
        self.stdout.write(f"{trace_id}: {count} recipients are tried now.")

    def _hold(self, trace_id: TraceId) -> None:
        entries.hold(trace_id=trace_id, now=int(time.time()), by=getpass.getuser())
        self.stdout.write(f"{trace_id} held.")

    def _release(self, trace_id: TraceId) -> None:
        entries.release(trace_id=trace_id, now=int(time.time()), by=getpass.getuser())
        bell.ring()
        self.stdout.write(f"{trace_id} released.")

    def _bounce(self, trace_id: TraceId) -> None:
        count = returning.bounce(trace_id=trace_id, now=int(time.time()), by=getpass.getuser())
        self.stdout.write(f"{trace_id}: {count} recipients returned to the sender.")

    def _cancel(self, trace_id: TraceId) -> None:
        count = entries.cancel(trace_id=trace_id, now=int(time.time()), by=getpass.getuser())
        self.stdout.write(f"{trace_id}: {count} recipients cancelled.")
