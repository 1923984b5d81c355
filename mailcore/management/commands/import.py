"""manage.py import ADDRESS PATH: a Maildir, an mbox or a folder of .eml files into a mailbox."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailcore.directory import mailboxes
from mailcore.kernel.ids import MailboxId
from mailcore.management.answers import plain_errors
from mailcore.store import importing


class Command(BaseCommand):
    help = "Import mail into a mailbox, with flags, dates and folders. Repeating it adds only what is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")
        parser.add_argument("path", type=Path, help="a Maildir, an mbox file, an .eml file or a folder of them")
        parser.add_argument("--folder", default="INBOX", help="where messages go that name no folder of their own")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            mailbox = mailboxes.get(address=options["address"])
            report = importing.import_path(MailboxId(mailbox.id), options["path"], folder=options["folder"])
        for failure in report.failures:
            self.stderr.write(f"{failure.source}: {failure.reason}")
        self.stdout.write(f"{report.stored} messages imported, {report.already_there} were there already.")
        if report.over_quota:
            raise CommandError(f"{report.over_quota} messages did not fit: the mailbox is full.")
        if report.failures:
            raise CommandError(f"{len(report.failures)} files could not be imported; they are named above.")
