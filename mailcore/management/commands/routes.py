"""manage.py routes: transports, routes, relayed domains and suppressed addresses. What would happen: `manage.py route`."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailcore.management.answers import plain_errors
from mailcore.transports import relays, routes, transports
from mailcore.transports.routes import Draft


class Command(BaseCommand):
    help = "How mail leaves for elsewhere: the first route whose conditions hold names its transport."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="everything there is, in order")
        put = actions.add_parser("transport", help="make or replace a transport")
        put.add_argument("name")
        put.add_argument("kind", choices=transports.KINDS)
        put.add_argument("--host", default="")
        put.add_argument("--port", type=int, default=0)
        put.add_argument("--tls", choices=transports.TLS, default="may")
        put.add_argument("--login", default="")
        put.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
        put.add_argument("--text", default="", help="why mail is refused or held")
        actions.add_parser("remove-transport").add_argument("name")
        add = actions.add_parser("add", help="add a route")
        add.add_argument("transport")
        add.add_argument("--sender", default="", help="ann@example.org, example.org, .example.org or <>")
        add.add_argument("--recipient", default="")
        add.add_argument("--min-size", type=int, default=0, help="bytes")
        add.add_argument("--max-size", type=int, default=0, help="bytes; 0 is no limit")
        add.add_argument("--position", type=int, default=0, help="counted from 1; at the end where it is left out")
        add.add_argument("--note", default="")
        move = actions.add_parser("move", help="put a route elsewhere in the order")
        move.add_argument("position", type=int)
        move.add_argument("to", type=int)
        actions.add_parser("remove", help="remove a route").add_argument("position", type=int)
        for action, words in (("relay", "take mail for a domain from anybody and pass it on"), ("unrelay", "no longer")):
            actions.add_parser(action, help=words).add_argument("domain")
        suppress = actions.add_parser("suppress", help="no longer write to an address elsewhere")
        suppress.add_argument("address")
        suppress.add_argument("reason")
        actions.add_parser("unsuppress", help="write to it again").add_argument("address")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            self._act(options)
            self._list()

    def _act(self, options: dict[str, Any]) -> None:
        match options["action"]:
            case "transport":
                password = sys.stdin.readline().rstrip("\n") if options["password_stdin"] else None
                names = ("name", "kind", "host", "port", "tls", "login", "text")
                transports.put(**{name: options[name] for name in names}, password=password)
            case "remove-transport":
                transports.remove(name=options["name"])
            case "add":
                names = ("transport", "sender", "recipient", "min_size", "max_size", "position", "note")
                routes.add(Draft(**{name: options[name] for name in names}))
            case "move":
                routes.move(route_id=_at(options["position"]), to=options["to"])
            case "remove":
                routes.remove(route_id=_at(options["position"]))
            case "relay":
                relays.relay(domain=options["domain"])
            case "unrelay":
                relays.unrelay(domain=options["domain"])
            case "suppress":
                relays.suppress(address=options["address"], reason=options["reason"])
            case "unsuppress":
                relays.unsuppress(address=options["address"])

    def _list(self) -> None:
        for one in transports.list_all():
            self.stdout.write(f"transport\t{one.name}\t{one.words}\t{one.tls}")
        for route in routes.list_all():
            size = f"{route.min_size}-{route.max_size or ''} bytes" if route.min_size or route.max_size else "any size"
            place = f"{route.sender or '*'} -> {route.recipient or '*'}"
            self.stdout.write(f"route\t{route.position}\t{place}\t{size}\t{route.transport}\t{route.note}".rstrip())
        for line in relays.list_relayed():
            self.stdout.write(f"relay\t{line.name}")
        for line in relays.list_suppressed():
            self.stdout.write(f"suppressed\t{line.name}\t{line.note}")


def _at(position: int) -> int:
    found = next((one.id for one in routes.list_all() if one.position == position), None)
    if found is None:
        raise CommandError(f"There is no route {position}.")
    return found
