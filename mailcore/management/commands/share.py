"""manage.py share list|set|remove: who may do what in a folder (RFC 4314). The way to open folders of a mailbox that is nobody's own."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailcore.directory import mailboxes
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.mailstore import FlagMode
from mailcore.kernel.rights import parse_rights
from mailcore.management.answers import plain_errors
from mailcore.store.mailstore import LocalMailStore


class Command(BaseCommand):
    help = "List, set or remove what others may do in a folder."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name, text in (("list", "list rights"), ("set", "give somebody these rights and no others"), ("remove", "take all rights")):
            action = actions.add_parser(name, help=text)
            action.add_argument("address", help="the mailbox")
            action.add_argument("folder")
            if name != "list":
                action.add_argument("who", help="an address, or anyone")
        actions.choices["set"].add_argument("rights", help="letters of lrswipkxtea, e.g. lrs to read")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            store = LocalMailStore(MailboxId(mailboxes.get(address=options["address"]).pk))
            getattr(self, options["action"])(store, options)

    def list(self, store: LocalMailStore, options: dict[str, Any]) -> None:
        for who, rights in store.list_grants(options["folder"]):
            self.stdout.write(f"{who}\t{rights}")

    def set(self, store: LocalMailStore, options: dict[str, Any]) -> None:
        rights = parse_rights(options["rights"])
        store.set_grant(options["folder"], options["who"], FlagMode.REPLACE, rights)
        self.stdout.write(f"{options['who']} has {rights or 'no rights'} in {options['folder']}.")

    def remove(self, store: LocalMailStore, options: dict[str, Any]) -> None:
        store.set_grant(options["folder"], options["who"], FlagMode.REPLACE, "")
        self.stdout.write(f"{options['who']} has no rights in {options['folder']}.")
