"""manage.py retrieve list|add|try|run|pause|resume|remove"""

import time
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailcore.directory import mailboxes
from mailcore.management.answers import plain_errors
from mailcore.management.passwords import read_password
from mailcore.retrieval import accounts, collecting, envelopes, leases
from mailcore.retrieval.models import Account, Security


class Command(BaseCommand):
    help = "Collect mail from accounts on other servers, by POP3 or IMAP."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="list accounts, with what became of their last run")
        listing.add_argument("address", nargs="?", help="of one mailbox")
        adding = actions.add_parser("add", help="collect into a mailbox")
        adding.add_argument("address")
        adding.add_argument("protocol", choices=Account.Protocol.values)
        adding.add_argument("host")
        adding.add_argument("login")
        adding.add_argument("--password-stdin", action="store_true")
        adding.add_argument("--port", type=int, default=0)
        adding.add_argument("--security", choices=Security.values, default="tls")
        adding.add_argument("--from-folder", default="INBOX", help="IMAP folder to collect")
        adding.add_argument("--into", default="", help="folder here; without it mail goes through the filters")
        adding.add_argument("--keep", choices=Account.Keep.values, default="keep", help="what becomes of it there")
        adding.add_argument("--days", type=int, default=0, help="with --keep days")
        adding.add_argument("--every", type=int, default=900, metavar="SECONDS")
        adding.add_argument("--multidrop", default="", choices=(envelopes.AUTO, *envelopes.HEADERS), help="header that names the recipient")
        adding.add_argument("--domain", default="", help="with --multidrop: the domain the account collects for")
        for name, text in (
            ("try", "log in and say what is there"), ("run", "collect now, in the foreground"), ("pause", "do not collect"),
            ("resume", "collect again"), ("remove", "forget the account; mail stays where it is"),
        ):  # fmt: skip
            actions.add_parser(name, help=text).add_argument("id", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            getattr(self, f"_{options['action']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        found = accounts.list_all()
        if options["address"]:
            found = found.filter(mailbox_id=mailboxes.get(address=options["address"]).pk)
        for one in found.select_related("mailbox__address__domain"):
            state = "paused" if one.pause else one.fault or "well"
            when = f"{datetime.fromtimestamp(one.last_run_at, UTC):%Y-%m-%d %H:%M}" if one.last_run_at else "never"
            words = [
                str(one.pk),
                str(one.mailbox.address),
                f"{one.protocol}://{one.login}@{one.host}:{one.port}",
                state,
                when,
                str(one.total),
            ]
            self.stdout.write("\t".join([*words, one.last_text]).rstrip())
        if not found:
            self.stdout.write("None.")

    def _add(self, options: dict[str, Any]) -> None:
        mailbox = mailboxes.get(address=options["address"])
        wanted = accounts.Wanted(
            protocol=options["protocol"], host=options["host"], login=options["login"], port=options["port"], security=options["security"],
            secret=read_password(from_stdin=options["password_stdin"]), remote_folder=options["from_folder"], target=options["into"],
            keep=options["keep"], keep_days=options["days"], interval=options["every"], envelope_header=options["multidrop"],
            domain=options["domain"],
        )  # fmt: skip
        account = accounts.create(mailbox_id=mailbox.pk, wanted=wanted)
        self.stdout.write(f"{account.pk}: collects from {account.host} for {mailbox.address}.")

    def _try(self, options: dict[str, Any]) -> None:
        account = accounts.get(account_id=options["id"])
        seen = accounts.try_out(wanted=accounts.wanted_of(account), account=account)
        self.stdout.write(f"The login works. {seen.messages} messages are there.")

    def _run(self, options: dict[str, Any]) -> None:
        account, now = accounts.get(account_id=options["id"]), int(time.time())
        claimed = leases.claim(Account.objects.filter(pk=account.pk), now=now, limit=1)
        if not claimed:
            raise CommandError("It is being collected just now.")
        run = collecting.collect(claimed[0], now=now)
        account.refresh_from_db()
        self.stdout.write(f"{run.collected} messages collected, {run.removed} deleted there.")
        if account.fault:
            raise CommandError(account.last_text)

    def _pause(self, options: dict[str, Any]) -> None:
        accounts.pause(account=accounts.get(account_id=options["id"]))
        self.stdout.write(f"{options['id']} paused.")

    def _resume(self, options: dict[str, Any]) -> None:
        accounts.resume(account=accounts.get(account_id=options["id"]))
        self.stdout.write(f"{options['id']} is collected again.")

    def _remove(self, options: dict[str, Any]) -> None:
        accounts.remove(account=accounts.get(account_id=options["id"]))
        self.stdout.write(f"{options['id']} removed.")
