"""manage.py audit: who did what, newest first."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailcore.audit import log


class Command(BaseCommand):
    help = "Show the audit log."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--search", default="", help="an object's whole name, or part of who did it")
        parser.add_argument("--action", default="", help="the beginning of an action, such as mailbox")
        parser.add_argument("--limit", type=int, default=50)

    def handle(self, *args: Any, **options: Any) -> None:
        for event in log.list_events(search=options["search"], action=options["action"], limit=options["limit"]):
            change = " ".join(json.dumps(values, ensure_ascii=False) for values in (event.before, event.after) if values)
            words = [f"{event.at:%Y-%m-%d %H:%M:%S}", event.action, event.object_name, f"by {event.actor} ({event.via})", change]
            self.stdout.write("\t".join(words).rstrip())
