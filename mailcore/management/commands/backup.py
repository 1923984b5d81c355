"""manage.py backup FOLDER: a snapshot of everything, added to those that are there."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailcore.backup import manifest, saving
from mailcore.management.answers import plain_errors, show_size


class Command(BaseCommand):
    help = "Copy database, mail and keys while Facteur runs. Keep the folder elsewhere: it holds every key and letter."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--keep", type=int, default=7, help="how many snapshots to keep")
        parser.add_argument("--verify", action="store_true", help="take none; read the newest one against its digests")
        parser.add_argument("--list", action="store_true", help="take none; list those that are there")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = options["folder"]
        with plain_errors():
            if options["list"]:
                self.stdout.write("\n".join(manifest.list_stamps(folder)) or "None.")
            elif options["verify"]:
                self._verify(folder)
            else:
                taken = saving.take(folder, keep=options["keep"])
                self.stdout.write(f"{taken.stamp}: {show_size(taken.copied)} of mail copied, {show_size(taken.kept)} were there already.")

    def _verify(self, folder: Path) -> None:
        damage = saving.verify(folder)
        for one in damage:
            self.stderr.write(f"{one.path}: {one.text}")
        if damage:
            raise CommandError(f"The newest snapshot is damaged in {len(damage)} places; they are named above.")
        self.stdout.write(f"{manifest.load(folder).stamp} is whole and can be restored.")
