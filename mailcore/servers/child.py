"""One listener process: `python -m mailcore.servers.child smtp=5 imap=7` (names and inherited sockets).

SIGTERM drains and exits 0. It dies with its parent.
"""

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Sequence

import django
import uvloop


def main(arguments: Sequence[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else max(soft, 65_536), hard))
    sockets = {}
    for argument in arguments:
        name, _, number = argument.partition("=")
        sockets[name] = socket.socket(fileno=int(number))
        sockets[name].setblocking(False)
    # What is loaded now lives as long as the process: no collection has to look at it again.
    gc.collect()
    gc.freeze()
    uvloop.run(_serve(sockets))
    logging.shutdown()
    return 0


async def _serve(sockets: dict[str, socket.socket]) -> None:
    from django.conf import settings

    from .bridge import Bridge
    from .front import Front
    from .hub import Hub
    from .keyring import Keyring
    from .services import Services

    environment = settings.FACTEUR
    bridge = Bridge()
    keyring = Keyring(data=environment.data, hostname=environment.hostname)
    front = Front(Services(environment=environment, bridge=bridge, hub=Hub(), keyring=keyring))
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await front.start(sockets)
    await stopping.wait()
    await front.drain()
    # Off the loop: a thread that ends may still have a word for it.
    await asyncio.to_thread(bridge.close)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
