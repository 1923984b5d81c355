"""manage.py preference set|remove|list: defaults and locks of the pages' settings."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailcore.management.answers import plain_errors
from webmail import preferences
from webmail.models import PreferenceRule


class Command(BaseCommand):
    help = "Set or lock a default of the webmail's settings, for the server or for one domain."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        made = actions.add_parser("set", help="set a default")
        made.add_argument("name")
        made.add_argument("value")
        made.add_argument("--domain", default="")
        made.add_argument("--lock", action="store_true", help="nobody may choose otherwise")
        gone = actions.add_parser("remove", help="remove a default")
        gone.add_argument("name")
        gone.add_argument("--domain", default="")
        actions.add_parser("list", help="what there is, and what is set")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            getattr(self, options["action"])(options)

    def set(self, options: dict[str, Any]) -> None:
        preferences.set_rule(name=options["name"], value=options["value"], domain=options["domain"], is_locked=options["lock"])
        self.stdout.write(f"{options['name']} is now {options['value']!r}{' for good' if options['lock'] else ''}.")

    def remove(self, options: dict[str, Any]) -> None:
        found = preferences.remove_rule(name=options["name"], domain=options["domain"])
        self.stdout.write("Removed." if found else "Nothing was set.")

    def list(self, options: dict[str, Any]) -> None:
        for option in preferences.OPTIONS:
            self.stdout.write(f"{option.name}\t{option.default!r}\t{option.label}")
        for rule in PreferenceRule.objects.order_by("name", "domain"):
            self.stdout.write(f"set: {rule.name}={rule.value!r} for {rule.domain or 'the server'}{', locked' if rule.is_locked else ''}")
