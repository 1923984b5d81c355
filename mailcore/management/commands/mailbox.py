"""manage.py mailbox add|list|suspend|resume|receive-only|rename|password|quota|remove|remove-later"""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from mailcore.directory import mailboxes
from mailcore.kernel.addresses import fold_domain
from mailcore.management.answers import plain_errors, read_size, show_size
from mailcore.management.passwords import read_password


class Command(BaseCommand):
    help = "Add, list, change or remove mailboxes."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="make a mailbox and its login")
        add.add_argument("address")
        add.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
        add.add_argument("--quota", default=None, help="room, such as 2G; 0 is no limit; the domain's default where it is left out")
        add.add_argument("--name", default="", help="the person's name")
        listing = actions.add_parser("list", help="list mailboxes")
        listing.add_argument("--domain", default="")
        for name, text in (("suspend", "refuse its mail and logins"), ("resume", "open it again"), ("remove", "remove it and its login")):
            actions.add_parser(name, help=text).add_argument("address")
        actions.add_parser("receive-only", help="take its mail, let it be read, refuse what it sends").add_argument("address")
        rename = actions.add_parser("rename", help="give it another address; the old one stays as an alias")
        rename.add_argument("address")
        rename.add_argument("new_address")
        rename.add_argument("--drop-old", action="store_true", help="do not keep the old address")
        later = actions.add_parser("remove-later", help="close it now, remove it after some days; `resume` brings it back")
        later.add_argument("address")
        later.add_argument("--days", type=int, default=14)
        password = actions.add_parser("password", help="set a new password")
        password.add_argument("address")
        password.add_argument("--password-stdin", action="store_true")
        quota = actions.add_parser("quota", help="set the room")
        quota.add_argument("address")
        quota.add_argument("quota", help="such as 2G; 0 is no limit; `default` is the domain's")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            getattr(self, options["action"].replace("-", "_"))(options)

    def add(self, options: dict[str, Any]) -> None:
        secret = read_password(from_stdin=options["password_stdin"])
        quota = None if options["quota"] is None else read_size(options["quota"])
        mailbox = mailboxes.create(address=options["address"], password=secret, quota_bytes=quota, shown_name=options["name"])
        self.stdout.write(f"{mailbox.address} added.")

    def list(self, options: dict[str, Any]) -> None:
        for mailbox in mailboxes.list_all(domain=fold_domain(options["domain"]) if options["domain"] else ""):
            own = mailbox.quota_bytes
            limit = mailbox.address.domain.default_quota_bytes if own is None else own
            self.stdout.write("\t".join([str(mailbox.address), mailbox.state, show_size(limit) if limit else "no limit"]))

    def suspend(self, options: dict[str, Any]) -> None:
        mailboxes.suspend(mailbox_id=mailboxes.get(address=options["address"]).id)
        self.stdout.write(f"{options['address']} suspended.")

    def resume(self, options: dict[str, Any]) -> None:
        mailboxes.resume(mailbox_id=mailboxes.get(address=options["address"]).id)
        self.stdout.write(f"{options['address']} is open again.")

    def receive_only(self, options: dict[str, Any]) -> None:
        mailboxes.receive_only(mailbox_id=mailboxes.get(address=options["address"]).id)
        self.stdout.write(f"{options['address']} receives only.")

    def rename(self, options: dict[str, Any]) -> None:
        mailbox = mailboxes.get(address=options["address"])
        renamed = mailboxes.rename(mailbox_id=mailbox.id, address=options["new_address"], keep_old=not options["drop_old"])
        self.stdout.write(f"{options['address']} is {renamed.address} now.")

    def remove_later(self, options: dict[str, Any]) -> None:
        at = timezone.now() + timedelta(days=max(0, options["days"]))
        mailboxes.remove_later(mailbox_id=mailboxes.get(address=options["address"]).id, at=at)
        self.stdout.write(f"{options['address']} is closed and will be removed on {at:%Y-%m-%d}.")

    def password(self, options: dict[str, Any]) -> None:
        mailbox = mailboxes.get(address=options["address"])
        mailboxes.set_password(mailbox_id=mailbox.id, password=read_password(from_stdin=options["password_stdin"]))
        self.stdout.write(f"{mailbox.address}: new password set.")

    def quota(self, options: dict[str, Any]) -> None:
        mailbox = mailboxes.get(address=options["address"])
        quota = None if options["quota"] == "default" else read_size(options["quota"])
        mailboxes.set_quota(mailbox_id=mailbox.id, quota_bytes=quota)
        self.stdout.write(f"{mailbox.address}: room set.")

    def remove(self, options: dict[str, Any]) -> None:
        mailbox = mailboxes.get(address=options["address"])
        mailboxes.remove(mailbox_id=mailbox.id)
        self.stdout.write(f"{mailbox.address} removed.")
