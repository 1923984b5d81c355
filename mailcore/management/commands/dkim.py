"""manage.py dkim list|rotate|activate|remove DOMAIN [SELECTOR]"""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailcore.directory import domains
from mailcore.management.answers import plain_errors
from mailcore.trust import keys
from mailcore.trust.naming import get_names


class Command(BaseCommand):
    help = "The DKIM keys of a domain: list (and make), rotate, put to use, remove."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name, text in (
            ("list", "show the keys, made first where there are none"),
            ("rotate", "make a new pair; the old one signs until the DNS shows the new one"),
            ("check", "ask the DNS, and sign with what it shows"),
        ):
            actions.add_parser(name, help=text).add_argument("domain")
        for name, text in (("activate", "sign with this key without asking the DNS"), ("remove", "forget a key")):
            action = actions.add_parser(name, help=text)
            action.add_argument("domain")
            action.add_argument("selector")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            domain = domains.get(name=options["domain"]).name
            match options["action"]:
                case "rotate":
                    keys.rotate(domain=domain)
                case "check":
                    keys.ensure(domain=domain)
                    keys.advance(names=get_names())
                case "activate":
                    keys.activate(domain=domain, selector=options["selector"])
                case "remove":
                    keys.remove(domain=domain, selector=options["selector"])
            found = keys.list_keys(domain=domain) if options["action"] == "remove" else keys.ensure(domain=domain)
        for key in found:
            since = datetime.fromtimestamp(key.changed_at, UTC).date()
            self.stdout.write(f"{key.selector}\t{key.algorithm}\t{key.state} since {since}")
