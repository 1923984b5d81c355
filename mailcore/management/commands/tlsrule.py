"""manage.py tlsrule list|put|remove"""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailcore.management.answers import plain_errors
from mailcore.trust import tlsrules


class Command(BaseCommand):
    help = "What is demanded of TLS on the way to a domain, whatever it publishes itself."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="list the rules")
        put = actions.add_parser("put", help="make or replace a rule")
        put.add_argument("domain", help="example.org, or .example.org for every domain below it")
        put.add_argument("mode", help=", ".join(tlsrules.MODES))
        put.add_argument("--note", default="", help="why")
        actions.add_parser("remove", help="remove a rule").add_argument("domain")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            match options["action"]:
                case "put":
                    tlsrules.put(domain=options["domain"], mode=options["mode"], note=options["note"])
                case "remove":
                    tlsrules.remove(domain=options["domain"])
        for rule in tlsrules.list_all():
            self.stdout.write(f"{rule.domain}\t{rule.mode}\t{rule.note}".rstrip())
