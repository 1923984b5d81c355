"""manage.py domain add|list|remove"""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailcore.directory import domains
from mailcore.directory.domains import DomainChange
from mailcore.management.answers import plain_errors, read_size


class Command(BaseCommand):
    help = "Add, list, change or remove the domains this server takes mail for."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="take mail for a domain")
        add.add_argument("name")
        add.add_argument("--alias-of", default="", metavar="DOMAIN", help="every address of it leads to the same name in DOMAIN")
        add.add_argument("--catch-all", default="", metavar="ADDRESS", help="takes what no other address takes")
        add.add_argument("--quota", default="0", help="room of each mailbox, such as 2G")
        add.add_argument("--max-mailboxes", type=int, default=0)
        actions.add_parser("list", help="list the domains")
        for name, text in (("suspend", "refuse its mail and logins"), ("resume", "take its mail again")):
            actions.add_parser(name, help=text).add_argument("name")
        catch_all = actions.add_parser("catch-all", help="set or clear the catch-all")
        catch_all.add_argument("name")
        catch_all.add_argument("address", nargs="?", default="")
        actions.add_parser("remove", help="remove a domain without addresses").add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            getattr(self, options["action"].replace("-", "_"))(options)

    def add(self, options: dict[str, Any]) -> None:
        domain = domains.create(
            name=options["name"],
            alias_of=options["alias_of"],
            catch_all=options["catch_all"],
            default_quota_bytes=read_size(options["quota"]),
            max_mailboxes=options["max_mailboxes"],
        )
        self.stdout.write(f"{domain.shown_name} added.")

    def list(self, options: dict[str, Any]) -> None:
        for domain in domains.list_all():
            notes = [] if domain.is_active else ["suspended"]
            notes += [f"alias of {domain.alias_of.name}"] if domain.alias_of else []
            notes += [f"catch-all {domain.catch_all}"] if domain.catch_all else []
            self.stdout.write("\t".join([domain.name, ", ".join(notes) or "active"]))

    def suspend(self, options: dict[str, Any]) -> None:
        domains.suspend(domain_id=domains.get(name=options["name"]).id)
        self.stdout.write(f"{options['name']} suspended.")

    def resume(self, options: dict[str, Any]) -> None:
        domains.resume(domain_id=domains.get(name=options["name"]).id)
        self.stdout.write(f"{options['name']} takes mail again.")

    def catch_all(self, options: dict[str, Any]) -> None:
        domain = domains.get(name=options["name"])
        domain = domains.change(domain_id=domain.id, to=DomainChange(catch_all=options["address"]))
        self.stdout.write(f"{domain.shown_name}: catch-all {domain.catch_all or 'cleared'}.")

    def remove(self, options: dict[str, Any]) -> None:
        domain = domains.get(name=options["name"])
        domains.remove(domain_id=domain.id)
        self.stdout.write(f"{domain.shown_name} removed.")
