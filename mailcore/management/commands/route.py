"""manage.py route SENDER RECIPIENT: what would happen to a message, step by step."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailcore.delivery.rehearsing import rehearse
from mailcore.management.answers import plain_errors


class Command(BaseCommand):
    help = "Say what would happen to a message, without sending one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sender", help='an address; "" is the sender of reports')
        parser.add_argument("recipient")
        parser.add_argument("--size", type=int, default=0, help="bytes; some routes hold for large mail alone")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            found = rehearse(sender=options["sender"], recipient=options["recipient"], size=options["size"])
        self.stdout.write(found.verdict)
        for step in found.steps:
            self.stdout.write("\t".join(["  " + (step.address or "<>"), step.what, step.text]))
