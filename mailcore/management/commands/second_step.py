"""manage.py second_step off LOGIN: for somebody who lost telephone and paper."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailcore.directory import second_step, users
from mailcore.management.answers import plain_errors


class Command(BaseCommand):
    help = "Switch off the second step of a login."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["off"])
        parser.add_argument("login")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            second_step.remove(user_id=users.get(login=options["login"]).id)
        self.stdout.write(f"{options['login']} signs in with the password alone now.")
