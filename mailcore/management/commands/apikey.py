"""manage.py apikey add|list|remove"""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from mailcore.directory import domains, keys, users
from mailcore.management.answers import plain_errors


class Command(BaseCommand):
    help = "Add, list or remove keys for the REST API."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="make a key; it is shown once")
        add.add_argument("owner", help="login whose rights it has at most")
        add.add_argument("name")
        add.add_argument("scopes", nargs="+", choices=keys.SCOPES, metavar="SCOPE", help=", ".join(keys.SCOPES))
        add.add_argument("--domain", action="append", default=None, help="limit it to this domain; may be given several times")
        add.add_argument("--days", type=int, default=None, help="end it after this many days")
        add.add_argument("--from", action="append", default=[], dest="networks", metavar="NETWORK", help="use it from here only")
        actions.add_parser("list", help="list keys")
        actions.add_parser("remove", help="remove a key").add_argument("id", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            getattr(self, options["action"])(options)

    def add(self, options: dict[str, Any]) -> None:
        limited = None if options["domain"] is None else tuple(domains.get(name=name) for name in options["domain"])
        until = None if options["days"] is None else timezone.now() + timedelta(days=options["days"])
        owner = users.get(login=options["owner"])
        _, text = keys.create(
            owner=owner,
            name=options["name"],
            scopes=tuple(options["scopes"]),
            domains=limited,
            expires_at=until,
            networks=tuple(options["networks"]),
        )
        self.stdout.write(text)

    def list(self, options: dict[str, Any]) -> None:
        for key in keys.list_all():
            reach = " ".join(domain.name for domain in key.domains.all()) if key.is_limited else "all its owner reaches"
            until = "" if key.expires_at is None else f"until {key.expires_at:%Y-%m-%d}"
            self.stdout.write("\t".join([str(key.id), f"{key.hint}…", key.owner.login, key.name, key.scopes, reach, until]).rstrip())

    def remove(self, options: dict[str, Any]) -> None:
        keys.remove(key_id=options["id"])
        self.stdout.write(f"Key {options['id']} removed.")
