"""manage.py export ADDRESS PATH: a mailbox as a Maildir, as mbox files or as .eml files."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailcore.directory import mailboxes
from mailcore.kernel.ids import MailboxId
from mailcore.management.answers import plain_errors
from mailcore.store.exporting import Form, export_mailbox


class Command(BaseCommand):
    help = "Write a mailbox out, with flags, dates and folders."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")
        parser.add_argument("path", type=Path, help="a new or empty folder")
        parser.add_argument("--form", choices=[form.value for form in Form], default=Form.MAILDIR.value)

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            mailbox = mailboxes.get(address=options["address"])
            count = export_mailbox(MailboxId(mailbox.id), options["path"], form=Form(options["form"]))
        self.stdout.write(f"{count} messages written to {options['path']}.")
