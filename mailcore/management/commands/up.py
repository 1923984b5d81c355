"""`manage.py up`: everything on this machine, in the foreground."""

import os
import secrets
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from config.environment import BASE
from mailcore.directory import users
from mailcore.directory.models import User
from mailcore.servers import certificates
from mailcore.workers import launcher
from mailcore.workers.launcher import AlreadyRunning, check_ports, claim
from mailcore.workers.sockets import PortTaken


class Command(BaseCommand):
    help = "Run everything on this machine in the foreground: database, certificates, listeners, workers, pages."
    requires_system_checks = ()
    """Mail runs even where a page is broken, and starting stays quick."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="fill a demo domain with realistic mail first")

    def handle(self, *args: Any, **options: Any) -> None:
        environment = settings.FACTEUR
        try:
            lock = claim(environment.data)
            check_ports(environment)
        except (AlreadyRunning, PortTaken) as error:
            raise CommandError(str(error)) from error
        call_command("migrate", interactive=False, verbosity=0)
        settings.STATIC_ROOT.mkdir(exist_ok=True)
        certificates.ensure(data=environment.data, hostname=environment.hostname)
        self._ensure_administrator()
        if options["demo"] and "seed_demo" in get_commands():
            call_command("seed_demo")
        connections.close_all()
        sys.stdout.flush()
        # What watches needs neither Django nor its memory: the same process goes on as a small program.
        os.set_inheritable(lock, True)
        os.execve(sys.executable, [sys.executable, "-m", launcher.__name__], os.environ | {"PYTHONPATH": str(BASE)})

    def _ensure_administrator(self) -> None:
        if User.objects.filter(role=User.Role.ROOT).exists():
            return
        password = "-".join(secrets.token_hex(2) for _ in range(5))
        users.create(login="admin", password=password, role=User.Role.ROOT)
        self.stdout.write("")
        self.stdout.write(f"  First administrator: admin   password: {password}")
        self.stdout.write("  It is shown this once only; change it in the panel.")
        self.stdout.write("")
