"""manage.py second_step off LOGIN: for somebody who lost telephone and paper."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailcore.directory import passkeys, second_step, users
from mailcore.management.answers import plain_errors


class Command(BaseCommand):
    help = "Switch off the second step of a login."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["off"])
        parser.add_argument("login")
        parser.add_argument(
            "--passkeys", action="store_true", help="take the passkeys away too: where the policy asks for a factor they are one"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            user_id = users.get(login=options["login"]).id
            second_step.remove(user_id=user_id)
            for key in passkeys.list_keys(user_id=user_id) if options["passkeys"] else ():
                passkeys.remove(user_id=user_id, passkey_id=key.pk)
        self.stdout.write(f"{options['login']} signs in with the password alone now.")
