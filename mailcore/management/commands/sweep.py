"""manage.py sweep: give the room of removed mail back, now instead of by and by."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailcore.management.answers import plain_errors, show_size
from mailcore.store import compacting

DEFAULT_PERCENT = 50
"""Where the setting says never and somebody asks all the same."""


class Command(BaseCommand):
    help = "Rewrite packs that are mostly dead. Facteur may run; it does this by itself every hour, a little each time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--percent", type=int, help="dead share from which a pack is rewritten; else FACTEUR_SWEEP_PERCENT")
        parser.add_argument("--list", action="store_true", help="sweep nothing; list the packs and what of them is needed")

    def handle(self, *args: Any, **options: Any) -> None:
        percent = options["percent"] or settings.FACTEUR.sweep_percent or DEFAULT_PERCENT
        if not 1 <= percent <= 100:
            raise CommandError("--percent: give 1 to 100.")
        if options["list"]:
            self._list()
            return
        with plain_errors():
            done = compacting.sweep_everything(percent=percent, now=int(time.time()))
        self.stdout.write(f"{done.condemned} messages nobody has any more were found; {done.removed} of earlier ones were forgotten.")
        self.stdout.write(f"{show_size(done.moved)} moved, {show_size(done.freed)} given back. An emptied pack goes a day after.")

    def _list(self) -> None:
        for share in compacting.survey():
            state = "  is to go" if share.is_retired else ""
            self.stdout.write(f"{share.pack}  {show_size(share.size):>9}  {show_size(share.dead):>9} dead{state}")
