"""`sendmail`: a message from standard input into the queue. Its exit status is of sysexits.h."""

import getpass
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, TextIO

import django

from mailcore.kernel.errors import BadSyntax

from . import arguments
from .codes import EX_USAGE


def main(words: Sequence[str], *, called: str = "sendmail", source: BinaryIO, out: TextIO, errors: TextIO) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from . import doing  # what it imports are models

    try:
        wanted = arguments.read(words, called=called)
    except BadSyntax as error:
        print(f"sendmail: {error.public}", file=errors)
        return EX_USAGE
    return doing.do(wanted, caller=_find_caller(), source=source, out=out, errors=errors)


def _find_caller() -> str:
    """Behind `sudo -u facteur`, who was there before."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


if __name__ == "__main__":
    # Programs take whatever is written to standard error for trouble, and cron sends it on.
    logging.disable(logging.INFO)
    sys.exit(
        main(
            sys.argv[1:],
            called=Path(os.environ.get("FACTEUR_CALLED", "sendmail")).name,
            source=sys.stdin.buffer,
            out=sys.stdout,
            errors=sys.stderr,
        )
    )
