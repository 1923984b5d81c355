"""manage.py filter list|add|remove|levels|set|reset|logins|clear"""

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailcore.directory import domains, mailboxes
from mailcore.filtering.policy import levels, lists, takeover
from mailcore.management.answers import plain_errors


class Command(BaseCommand):
    help = "Allow and block lists, thresholds and limits, and logins whose mail is held."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name, text in (
            ("list", "show the lists"), ("add", "put a network, address or domain on a list"), ("remove", "take it off"),
            ("levels", "show thresholds and limits, and who set them"), ("set", "set one"), ("reset", "back to the level above"),
        ):  # fmt: skip
            action = actions.add_parser(name, help=text)
            action.add_argument("--for", dest="owner", default="", metavar="OWNER", help="an address or a domain here; default: the server")
            if name in ("add", "remove"):
                action.add_argument("pattern")
            if name in ("set", "reset"):
                action.add_argument("name")
            if name == "add":
                action.add_argument("act", choices=[str(act) for act in lists.ACTS])
                action.add_argument("--note", default="")
            if name == "set":
                action.add_argument("value", type=float)
        actions.add_parser("logins", help="logins whose mail is held")
        clear = actions.add_parser("clear", help="believe a login again")
        clear.add_argument("login")
        clear.add_argument("--held", choices=takeover.HELD_MAIL, default="keep", help="what becomes of its mail in the queue")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            owner = _find_owner(options.get("owner") or "")
            match options["action"]:
                case "add":
                    lists.put(owner=owner, pattern=options["pattern"], act=options["act"], note=options["note"])
                case "remove":
                    lists.remove(owner=owner, pattern=options["pattern"])
                case "set":
                    levels.put(owner=owner, name=options["name"], value=options["value"])
                case "reset":
                    levels.reset(owner=owner, name=options["name"])
                case "clear":
                    count = takeover.clear(login=options["login"], held_mail=options["held"], by=getpass.getuser())
                    if options["held"] != "keep":
                        self.stdout.write(f"{count} held message(s): {options['held']}d")
            self._show(options["action"], owner)

    def _show(self, action: str, owner: str) -> None:
        if action in ("list", "add", "remove"):
            for rule in lists.list_all(owner=owner):
                self.stdout.write(f"{rule.pattern}\t{rule.act}\t{rule.note}".rstrip())
        elif action in ("levels", "set", "reset"):
            for name, one in levels.list_all(owner=owner).items():
                self.stdout.write(f"{name}\t{one.value:g}\t{one.owner or 'default'}\t{levels.NAMES[name].meaning}")
        else:
            for held in takeover.list_held():
                self.stdout.write(f"{held.login}\t{held.reason}")


def _find_owner(text: str) -> str:
    if not text:
        return "system"
    return f"mailbox:{mailboxes.get(address=text).pk}" if "@" in text else f"domain:{domains.get(name=text).name}"
