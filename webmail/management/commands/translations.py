"""manage.py translations: bring the catalogues up to date and compile them."""

from typing import Any

from django.core.management.base import BaseCommand

from config import catalogues


class Command(BaseCommand):
    help = "Collect the texts of pages and panel, say which lack a translation, and compile the catalogues."

    def handle(self, *args: Any, **options: Any) -> None:
        messages = catalogues.find_messages()
        for language in catalogues.PLURALS:
            path = catalogues.po_path(language)
            known = catalogues.read_po(path)
            missing = catalogues.write_po(path, language, messages, known)
            path.with_suffix(".mo").write_bytes(catalogues.compile_mo(path))
            self.stdout.write(f"{language}: {len(messages)} texts, {missing} without a translation.")
