"""manage.py administrator add|list|password|remove: who rules the whole server."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailcore.directory import users
from mailcore.directory.models import User
from mailcore.management.answers import plain_errors
from mailcore.management.passwords import read_password


class Command(BaseCommand):
    help = "Add, list or remove administrators of the server, and set their passwords."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name, text in (("add", "make an administrator"), ("password", "set a new password")):
            action = actions.add_parser(name, help=text)
            action.add_argument("login")
            action.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
        actions.add_parser("list", help="list administrators")
        actions.add_parser("remove", help="remove an administrator").add_argument("login")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            getattr(self, options["action"])(options)

    def add(self, options: dict[str, Any]) -> None:
        secret = read_password(from_stdin=options["password_stdin"])
        user = users.create(login=options["login"], password=secret, role=User.Role.ROOT)
        self.stdout.write(f"{user.login} rules this server now.")

    def password(self, options: dict[str, Any]) -> None:
        user = users.get(login=options["login"])
        users.set_password(user_id=user.id, password=read_password(from_stdin=options["password_stdin"]))
        self.stdout.write(f"{user.login}: new password set.")

    def list(self, options: dict[str, Any]) -> None:
        for login in User.objects.filter(role=User.Role.ROOT).order_by("login").values_list("login", flat=True):
            self.stdout.write(login)

    def remove(self, options: dict[str, Any]) -> None:
        user = users.get(login=options["login"])
        if user.role != User.Role.ROOT:
            raise CommandError(f"{user.login} is no administrator of the server.")
        users.remove_root(user_id=user.id)
        self.stdout.write(f"{user.login} is no administrator any more.")
