"""manage.py restore FOLDER TARGET, or restore FOLDER --mailbox ADDRESS or --domain NAME: put a snapshot back."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailcore.backup import mailboxes, restoring
from mailcore.directory import mailboxes as directory
from mailcore.kernel.ids import MailboxId
from mailcore.management.answers import plain_errors
from mailcore.store.importing import Report


class Command(BaseCommand):
    help = "Restore a snapshot into an empty data folder, or what is missing of one mailbox or domain into the running system."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="the folder that `backup` wrote")
        parser.add_argument("target", type=Path, nargs="?", help="the data folder to make; it must be new or empty")
        parser.add_argument("--snapshot", default="", metavar="STAMP", help="which one; the newest where it is left out")
        parser.add_argument("--mailbox", default="", metavar="ADDRESS", help="restore only the mail of this address")
        parser.add_argument("--domain", default="", metavar="NAME", help="restore the mail of all mailboxes of this domain")
        parser.add_argument("--into", default="", metavar="ADDRESS", help="the mailbox that takes it; the same where it is left out")

    def handle(self, *args: Any, **options: Any) -> None:
        if sum(map(bool, (options["mailbox"], options["domain"], options["target"]))) != 1:
            raise CommandError("Name the data folder to make, or --mailbox and an address, or --domain and its name.")
        with plain_errors():
            if options["mailbox"]:
                self._restore_mailbox(options)
            elif options["domain"]:
                self._restore_domain(options)
            else:
                found = restoring.restore(options["folder"], options["target"], stamp=options["snapshot"])
                self.stdout.write(f"{found.stamp} is restored to {options['target']}. Set FACTEUR_DATA to it, run check_mail, then start.")

    def _restore_mailbox(self, options: dict[str, Any]) -> None:
        mailbox = directory.get(address=options["into"] or options["mailbox"])
        self._tell(
            mailboxes.restore_mailbox(options["folder"], address=options["mailbox"], into=MailboxId(mailbox.id), stamp=options["snapshot"])
        )

    def _restore_domain(self, options: dict[str, Any]) -> None:
        report = mailboxes.restore_domain(options["folder"], name=options["domain"], stamp=options["snapshot"])
        for address in report.made:
            self.stdout.write(f"{address} was gone and is made again.")
        self.stdout.write(f"{report.mailboxes} mailboxes looked through.")
        self._tell(report.mail)

    def _tell(self, report: Report) -> None:
        self.stdout.write(f"{report.stored} messages restored, {report.already_there} were there already.")
        if report.over_quota:
            raise CommandError(f"{report.over_quota} messages did not fit: the mailbox is full.")
