"""What the commands share: errors of the core become one clear line, sizes are read and written as people do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from mailcore.audit.acting import acting_as, on_the_machine
from mailcore.kernel.errors import MailError

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


@contextmanager
def plain_errors() -> Iterator[None]:
    """A MailError ends the command with its public text and exit status 1. What is done is recorded as done here."""
    try:
        with acting_as(on_the_machine()):
            yield
    except MailError as error:
        raise CommandError(error.public) from error


def read_size(text: str) -> int:
    """Bytes of `500M`, `2 GB`, `1048576`; units are decimal."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)b?\s*", text.lower())
    if found is None:
        raise CommandError(f"{text!r} is not a size. Write it like 500M or 2G; 0 is no limit.")
    return int(float(found[1]) * _UNITS[found[2]])


def show_size(count: int) -> str:
    for unit, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count} B"
