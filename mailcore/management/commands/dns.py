"""manage.py dns DOMAIN [--check]"""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailcore.directory import domains
from mailcore.management.answers import plain_errors
from mailcore.trust import dnsrecords
from mailcore.trust.naming import get_names


class Command(BaseCommand):
    help = "Print the DNS records of a domain, ready to paste, or what the DNS says instead."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("domain")
        parser.add_argument("--check", action="store_true", help="ask the DNS; exit status 1 where a needed record is not right")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            name = domains.get(name=options["domain"]).name
            rows = dnsrecords.check(name, get_names()) if options["check"] else dnsrecords.wanted(name)
        for row in rows:
            self.stdout.write(dnsrecords.show(row) if not options["check"] else f"{row.state}\t{row.type}\t{row.name}\t{row.why}")
        if any(row.is_needed and row.state != dnsrecords.OK for row in rows) and options["check"]:
            raise SystemExit(1)
