"""manage.py alias add|list|set|remove"""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailcore.directory import aliases
from mailcore.kernel.addresses import fold_domain
from mailcore.management.answers import plain_errors


class Command(BaseCommand):
    help = "Add, list, change or remove aliases."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name, text in (("add", "make an alias"), ("set", "replace the targets of an alias")):
            action = actions.add_parser(name, help=text)
            action.add_argument("address")
            action.add_argument("targets", nargs="+", metavar="TARGET")
        actions.add_parser("list", help="list aliases").add_argument("--domain", default="")
        actions.add_parser("remove", help="remove an alias").add_argument("address")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            getattr(self, options["action"])(options)

    def add(self, options: dict[str, Any]) -> None:
        alias = aliases.create(address=options["address"], targets=tuple(options["targets"]))
        self.stdout.write(f"{alias} added.")

    def set(self, options: dict[str, Any]) -> None:
        alias = aliases.get(address=options["address"])
        aliases.set_targets(alias_id=alias.id, targets=tuple(options["targets"]))
        self.stdout.write(f"{alias} changed.")

    def list(self, options: dict[str, Any]) -> None:
        for alias in aliases.list_all(domain=fold_domain(options["domain"]) if options["domain"] else ""):
            targets = " ".join(target.target for target in alias.targets.all())
            self.stdout.write(f"{alias}\t{targets}" + ("" if alias.is_enabled else "\tsuspended"))

    def remove(self, options: dict[str, Any]) -> None:
        alias = aliases.get(address=options["address"])
        aliases.remove(alias_id=alias.id)
        self.stdout.write(f"{alias} removed.")
