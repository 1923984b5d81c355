"""manage.py table KIND FILE [--domain NAME] [--apply]"""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailcore.management.answers import plain_errors
from mailcore.transports.tables import bringing


class Command(BaseCommand):
    help = "Bring a table of Sendmail or Postfix over. Says what would be done with each line; with --apply it is done."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=tuple(bringing.KINDS))
        parser.add_argument("file", help="the table's text, not its .db; - is standard input")
        parser.add_argument("--domain", default="", help="of names that have none")
        parser.add_argument("--apply", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        text = _read(options["file"])
        with plain_errors():
            report = bringing.bring(kind=options["kind"], text=text, domain=options["domain"], applies=options["apply"])
        for one in report.outcomes:
            verdict = "would be done" if one.verdict is bringing.Verdict.DONE and not report.was_applied else one.verdict
            self.stdout.write(f"{one.number}\t{verdict}\t{one.text}\t{one.words}")
        counted = ", ".join(f"{count} {verdict}" for verdict, count in report.counts.items() if count)
        self.stdout.write(f"{counted or 'The table is empty'}.{'' if report.was_applied else ' Nothing was changed: say --apply.'}")


def _read(name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error
    if b"\0" in data:
        raise CommandError(f"{name} is not text. Give the table itself, not the file made of it.")
    return data.decode("utf-8", "replace")
