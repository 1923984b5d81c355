"""Reading a password for a command."""

import getpass
import sys

from django.core.management.base import CommandError


def read_password(*, from_stdin: bool) -> str:
    """The first line of standard input where asked, else from the terminal, twice."""
    if from_stdin:
        secret = sys.stdin.readline().rstrip("\r\n")
        if not secret:
            raise CommandError("Standard input holds no password.")
        return secret
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask for the password. Use --password-stdin.")
    secret = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != secret:
        raise CommandError("The two differ. Nothing was changed.")
    return secret
