"""manage.py seed_demo: fill an empty Facteur with the demo world."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from mailcore.demo.people import RESIDENTS
from mailcore.demo.seeding import PASSWORD, seed


class Command(BaseCommand):
    help = "Add two domains, five people and a mailbox of 2,000 letters. Does nothing where they are there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--letters", type=int, default=2_000, help="letters in Ann's mailbox")

    def handle(self, *args: Any, **options: Any) -> None:
        if not seed(now=timezone.now(), letters=options["letters"]):
            self.stdout.write("The demo world is there already.")
        for person in RESIDENTS:
            self.stdout.write(f"  {person.address}  password {PASSWORD}")
