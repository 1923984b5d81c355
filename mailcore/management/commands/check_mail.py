"""manage.py check_mail: blobs against their digests, counters and journal against the messages."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailcore.store.checking import check_mail


class Command(BaseCommand):
    help = "Verify everything that is kept. Run it while nothing is delivered: it takes no locks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quick", action="store_true", help="leave out reading every message")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = check_mail(read_blobs=not options["quick"])
        for finding in findings:
            self.stderr.write(str(finding))
        if findings:
            raise CommandError(f"{len(findings)} things do not agree; they are named above.")
        self.stdout.write("All mail is as it should be.")
