"""manage.py certificate list|order|give|save|renew|remove"""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailcore.certificates import orders, renewing, shelf
from mailcore.management.answers import plain_errors
from mailcore.servers.certificates import write


class Command(BaseCommand):
    help = "TLS certificates: obtained and renewed by ACME, or given. Listeners show a new one within seconds, without a restart."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="what is shown to clients, and what is ordered")
        order = actions.add_parser("order", help="obtain one by ACME for these names, and renew it ever after")
        order.add_argument("names", nargs="+", help="host names; port 80 of each must lead to the web process")
        order.add_argument("--agree-tos", action="store_true", help="agree to the terms of the ACME server (the first time)")
        order.add_argument("--now", action="store_true", help="and wait for it, instead of leaving it to the worker")
        give = actions.add_parser("give", help="keep one of your own, for all nodes")
        give.add_argument("chain", type=Path, help="PEM, the server's own first")
        give.add_argument("key", type=Path, help="PEM, without a password")
        save = actions.add_parser("save", help="write fullchain.pem and privkey.pem for a program beside Facteur, such as a proxy")
        save.add_argument("name")
        save.add_argument("folder", type=Path)
        actions.add_parser("renew", help="obtain it anew, whatever is left of it").add_argument("name")
        actions.add_parser("remove", help="forget it").add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            match options["action"]:
                case "order":
                    self._order(options["names"], options["agree_tos"], options["now"])
                case "give":
                    self._give(options["chain"], options["key"])
                case "save":
                    self._save(options["name"].lower(), options["folder"])
                    return
                case "renew":
                    orders.renew(name=options["name"])
                    self._try(options["name"].lower())
                case "remove":
                    orders.remove(name=options["name"])
            self._list()

    def _order(self, names: list[str], agrees: bool, waits: bool) -> None:
        ordered = orders.order(names=names, agrees=agrees)
        if waits:
            self._try(ordered.name)

    def _try(self, name: str) -> None:
        if not renewing.run(name=name):
            found = next(one for one in orders.list_all() if one.name == name)
            raise CommandError(f"{name} could not be obtained: {found.last_text} It is tried again by itself.")

    def _give(self, chain: Path, key: Path) -> None:
        try:
            pair = chain.read_bytes(), key.read_bytes()
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        orders.give(chain=pair[0], key=pair[1])

    def _save(self, name: str, folder: Path) -> None:
        held = next((one for one in shelf.read_rows() if one.place == name), None)
        if held is None:
            raise CommandError(f"There is no certificate {name} yet.")
        try:
            write(folder / "privkey.pem", held.material.key)
            write(folder / "fullchain.pem", held.material.chain)
        except OSError as error:
            raise CommandError(f"{folder}: {error.strerror}") from error

    def _list(self) -> None:
        for held in shelf.list_shown():
            kind = "self-signed" if held.material.is_self_signed else "file" if held.is_file else "row"
            self.stdout.write(f"shown\t{_date(held.material.not_after)}\t{kind}\t{held.place}\t{' '.join(held.material.names)}")
        for one in orders.list_all():
            state = f"until {_date(one.not_after)}" if one.is_obtained else "not obtained yet"
            again = f", next attempt {_date(one.next_attempt_at)}" if one.next_attempt_at is not None else ""
            trouble = f"\t{one.failures} failed: {one.last_text}" if one.failures else ""
            self.stdout.write(f"{one.source}\t{state}{again}\t{one.name}\t{' '.join(one.names)}{trouble}")


def _date(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(at))
