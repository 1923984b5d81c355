"""manage.py sieve check|put|get|list|activate|remove|rehearse|procmail|forward"""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailcore.directory import mailboxes
from mailcore.filtering import forwards, rehearsal, scripts
from mailcore.filtering.procmail import converting
from mailcore.filtering.procmail.converting import Conversion
from mailcore.kernel.addresses import fold_domain
from mailcore.kernel.ids import MailboxId
from mailcore.management.answers import plain_errors

_SHARED = ("before", "after", "shared")


class Command(BaseCommand):
    help = "Check, store, switch on and rehearse mail filters; make them of procmail recipes and .forward files."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("check", help="say whether a script can be used, and what it requires").add_argument("file")
        for name, text in (("put", "store a script"), ("get", "write a script out"), ("remove", "remove a script")):
            action = actions.add_parser(name, help=text)
            _add_owner(action)
            action.add_argument("name")
            if name == "put":
                action.add_argument("file", help="- is standard input")
                action.add_argument("--activate", action="store_true", help="switch it on")
        _add_owner(actions.add_parser("list", help="list scripts; * is the active one"))
        activate = actions.add_parser("activate", help="switch a script on; without a name, all off")
        activate.add_argument("address")
        activate.add_argument("name", nargs="?", default="")
        rehearse = actions.add_parser("rehearse", help="try a script on past mail, without effect")
        rehearse.add_argument("address")
        rehearse.add_argument("file", help="- is standard input")
        rehearse.add_argument("--folder", default="INBOX")
        rehearse.add_argument("--limit", type=int, default=20)
        rehearse.add_argument("--tests", action="store_true", help="show every test that was asked")
        procmail = actions.add_parser("procmail", help="make a script of a .procmailrc, with a report of what is left out")
        procmail.add_argument("file", help="- is standard input")
        procmail.add_argument("--home", default="", help="the home folder its paths begin with")
        forward = actions.add_parser("forward", help="make a script of a .forward file")
        forward.add_argument("address")
        forward.add_argument("file", help="- is standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            # `check` is Django's own name.
            getattr(self, "do_check" if options["action"] == "check" else options["action"])(options)

    def do_check(self, options: dict[str, Any]) -> None:
        needs = scripts.check(_read(options["file"]))
        self.stdout.write(f"The script can be used. It requires: {', '.join(needs) or 'nothing'}.")

    def put(self, options: dict[str, Any]) -> None:
        text, name = _read(options["file"]), options["name"]
        if options["stage"]:
            scripts.put_shared(domain=_domain(options["owner"]), stage=options["stage"], name=name, text=text)
            self.stdout.write(f"{name} stored.")
            return
        mailbox_id = _mailbox(options["owner"])
        scripts.put(mailbox_id=mailbox_id, name=name, text=text)
        if options["activate"]:
            scripts.activate(mailbox_id=mailbox_id, name=name)
        self.stdout.write(f"{name} stored{' and switched on' if options['activate'] else ''}.")

    def get(self, options: dict[str, Any]) -> None:
        if options["stage"]:
            text = scripts.get_shared(domain=_domain(options["owner"]), stage=options["stage"], name=options["name"])
        else:
            text = scripts.get_text(mailbox_id=_mailbox(options["owner"]), name=options["name"])
        self.stdout.write(text, ending="")

    def list(self, options: dict[str, Any]) -> None:
        if "@" not in options["owner"]:
            for stage, name in scripts.list_shared(domain=_domain(options["owner"])):
                self.stdout.write(f"{stage}\t{name}")
            return
        for row in scripts.list_scripts(mailbox_id=_mailbox(options["owner"])):
            failed = f"\tfailed: {row.failed_text}" if row.failed_text else ""
            self.stdout.write(f"{'*' if row.is_active else ' '} {row.name}\t{row.size} bytes{failed}")

    def activate(self, options: dict[str, Any]) -> None:
        scripts.activate(mailbox_id=_mailbox(options["address"]), name=options["name"])
        self.stdout.write(f"{options['name']} switched on." if options["name"] else "Filters switched off.")

    def remove(self, options: dict[str, Any]) -> None:
        if options["stage"]:
            scripts.remove_shared(domain=_domain(options["owner"]), stage=options["stage"], name=options["name"])
        else:
            scripts.remove(mailbox_id=_mailbox(options["owner"]), name=options["name"])
        self.stdout.write(f"{options['name']} removed.")

    def rehearse(self, options: dict[str, Any]) -> None:
        mailbox_id = _mailbox(options["address"])
        accounts = rehearsal.rehearse(_read(options["file"]), mailbox_id, options["folder"], options["limit"])
        for account in accounts:
            self.stdout.write(f"{account.uid}\t{account.sender[:60]}\t{account.subject[:80]}")
            if options["tests"]:
                for note in account.notes:
                    result = {True: "yes", False: "no", None: "do"}[note.result]
                    self.stdout.write(f"    line {note.line:>4} {result:>3}  {note.text}")
            if account.error:
                self.stdout.write(f"    fails: {account.error}")
            for effect in account.effects:
                self.stdout.write(f"    {effect.text}" + (f" (line {effect.line})" if effect.line else ""))
        self.stdout.write(f"{len(accounts)} messages tried; nothing was changed.")

    def procmail(self, options: dict[str, Any]) -> None:
        self._show(converting.convert(_text(options["file"]), home=options["home"].rstrip("/")))

    def forward(self, options: dict[str, Any]) -> None:
        self._show(forwards.convert(_text(options["file"]), address=options["address"]))

    def _show(self, conversion: Conversion) -> None:
        self.stdout.write(conversion.script, ending="")
        for remark in conversion.remarks:
            self.stderr.write(f"line {remark.line}: {'' if remark.is_lost else 'not quite the same: '}{remark.text}")
        self.stderr.write(f"{conversion.carried} carried over, {sum(one.is_lost for one in conversion.remarks)} left out.")


def _add_owner(parser: CommandParser) -> None:
    parser.add_argument("owner", metavar="OWNER", help="an address; with --stage a domain, or * for the whole house")
    parser.add_argument("--stage", choices=_SHARED, default="", help="a script of administrators: when it runs")


def _mailbox(address: str) -> MailboxId:
    return MailboxId(mailboxes.get(address=address).pk)


def _domain(text: str) -> str:
    return "" if text == "*" else fold_domain(text)


def _read(path: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error


def _text(path: str) -> str:
    return _read(path).decode("utf-8", "replace")
