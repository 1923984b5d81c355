"""manage.py spam judge|train|status"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mailcore.directory import mailboxes
from mailcore.filtering.spam import judging, teaching, tokens
from mailcore.filtering.spam.sample import read
from mailcore.management.answers import plain_errors


class Command(BaseCommand):
    help = "Teach the spam filter from folders of messages, and see how good it is."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name, text in (
            ("judge", "teach on one half, judge the other; keeps nothing"),
            ("train", "count the messages for everybody, or one mailbox"),
        ):
            action = actions.add_parser(name, help=text)
            action.add_argument("--ham", nargs="*", type=Path, default=[], metavar="FOLDER")
            action.add_argument("--spam", nargs="*", type=Path, default=[], metavar="FOLDER")
            if name == "train":
                action.add_argument("--mailbox", default="", metavar="ADDRESS")
        actions.add_parser("status", help="how much was learned").add_argument("--mailbox", default="", metavar="ADDRESS")

    def handle(self, *args: Any, **options: Any) -> None:
        with plain_errors():
            if options["action"] == "judge":
                alone, taught = judging.judge(ham=options["ham"], spam=options["spam"])
                self.stdout.write(f"by form alone: {alone}\ntaught on the other half: {taught}")
                return
            address = options["mailbox"]
            mailbox_id = mailboxes.get(address=address).pk if address else teaching.SITE
            if options["action"] == "train":
                samples = [(tokens.find_hashed(read(one.read_bytes())), False) for one in judging.list_files(options["ham"])]
                samples += [(tokens.find_hashed(read(one.read_bytes())), True) for one in judging.list_files(options["spam"])]
                teaching.learn_many(mailbox_id=mailbox_id, samples=samples)
            spam, ham = teaching.count(mailbox_id=mailbox_id)
            self.stdout.write(f"{address or 'everybody'}: {spam} spam and {ham} ham were learned.")
