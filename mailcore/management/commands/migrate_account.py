"""manage.py migrate_account: bring whole accounts from an IMAP server, one or many from a CSV file."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailcore.kernel.errors import MailError
from mailcore.management.answers import plain_errors
from mailcore.management.passwords import read_password
from mailcore.retrieval import csvlist, leases, transferring, transfers
from mailcore.retrieval.models import Security, Transfer
from mailcore.retrieval.transfers import Wanted


class Command(BaseCommand):
    help = "Bring whole accounts from an IMAP server, with folders, flags and dates. Repeating it brings what is new."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("host", help="the other server")
        parser.add_argument("address", nargs="?", help="the mailbox here; without it give --csv")
        parser.add_argument("--login", default="", help="there; default: the address")
        parser.add_argument("--login-as", default="", help="whose mail, where --login is a master user's; with --csv `*` is each address")
        parser.add_argument("--password-stdin", action="store_true")
        parser.add_argument("--csv", type=Path, help="lines of address, login, password; a heading may name more columns")
        parser.add_argument("--port", type=int, default=0)
        parser.add_argument("--security", choices=Security.values, default="tls")
        parser.add_argument("--exclude", action="append", default=[], metavar="PATTERN", help="folders to leave out, e.g. Trash, Lists/*")
        parser.add_argument("--dry-run", action="store_true", help="log in and say where each folder would go")
        parser.add_argument("--later", action="store_true", help="leave the work to the workers")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            wanted = self._read(options)
            if options["dry_run"]:
                bad = sum(not self._look(one) for one in wanted)
            else:
                found = transfers.ask_for(wanted)
                bad = 0 if options["later"] else sum(not self._bring(one) for one in found)
                if options["later"]:
                    self.stdout.write(f"{len(found)} accounts are brought by the workers.")
        if bad:
            raise CommandError(f"{bad} of {len(wanted)} accounts could not be brought; the reasons are above.")

    def _read(self, options: dict[str, Any]) -> list[Wanted]:
        if (options["csv"] is None) == (options["address"] is None):
            raise CommandError("Give either an address or --csv.")
        needs_password = options["csv"] is None or options["password_stdin"]
        base = Wanted(
            address=options["address"] or "", host=options["host"], login=options["login"] or options["address"] or "",
            secret=read_password(from_stdin=options["password_stdin"]) if needs_password else "", port=options["port"],
            security=options["security"], login_as=options["login_as"], excluded=tuple(options["exclude"]),
        )  # fmt: skip
        if options["csv"] is None:
            return [transfers.check(base)]
        try:
            lines = csvlist.read(options["csv"].read_bytes(), base=base)
        except OSError as error:
            raise CommandError(f"{options['csv']}: {error.strerror}") from error
        for line in lines:
            if line.wanted is None:
                self.stderr.write(f"line {line.number}: {line.address}: {line.fault}")
        if any(line.wanted is None for line in lines):
            raise CommandError("Nothing was done. Mend these lines first.")
        return [line.wanted for line in lines if line.wanted is not None]

    def _look(self, wanted: Wanted) -> bool:
        self.stdout.write(f"{wanted.login_as or wanted.login} at {wanted.host} to {wanted.address}")
        try:
            for place in transfers.look(wanted):
                self.stdout.write(f"  {place.shown}\t{place.target or '-'}\t{place.note}".rstrip())
        except MailError as error:
            self.stderr.write(f"  {error.public}")
            return False
        return True

    def _bring(self, transfer: Transfer) -> bool:
        claimed = leases.claim(Transfer.objects.filter(pk=transfer.pk), now=int(time.time()), limit=1)
        if not claimed:
            self.stderr.write(f"{transfer.login} at {transfer.host} is being brought just now.")
            return False
        transferring.run(claimed[0])
        return self._report(transfer)

    def _report(self, transfer: Transfer) -> bool:
        transfer.refresh_from_db()
        self.stdout.write(f"{transfer.login_as or transfer.login} at {transfer.host}: {transfer.state}")
        for row in transfers.list_folders(transfer):
            if row.note:
                self.stdout.write(f"  {row.shown}\tleft out: {row.note}")
                continue
            counts = f"{row.there} there, {row.here} here, {row.copied} copied, {row.already} already here, {row.changed} flags changed"
            self.stdout.write(f"  {row.shown} -> {row.target}\t{counts}, {row.refused} refused")
        for message in transfers.list_refused(transfer):
            self.stderr.write(f"  {message.folder.shown} {message.uid}: {message.refusal}")
        if transfer.last_text:
            self.stderr.write(f"  {transfer.last_text}")
        return transfer.state == Transfer.State.DONE
