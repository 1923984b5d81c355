"""Django's `flush`, which says in time that a journal is never emptied: triggers of the database would stop it half way."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import flush

from mailcore.archive.models import Record


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        if Record.objects.using(options["database"]).exists():
            raise CommandError(
                "Nothing was removed: the journal of mail holds records, and it is only ever added to. To begin anew, stop Facteur "
                "and give it an empty data folder (FACTEUR_DATA) or an empty database (FACTEUR_DATABASE_URL)."
            )
        super().handle(**options)
