"""The listening sockets: bound once by the parent, shared by its children."""

import socket

from config.environment import Environment

BACKLOG = 1_024
PORTS = ("smtp", "submission", "submissions", "lmtp", "imap", "imaps", "pop3", "pop3s", "sieve")


class PortTaken(Exception):
    """Another program listens there; the message says where and how to choose another port."""


def bind(environment: Environment) -> dict[str, socket.socket]:
    """Sockets by listener name, already listening; raises PortTaken."""
    bound: dict[str, socket.socket] = {}
    for name in PORTS:
        port = getattr(environment, f"{name}_port")
        try:
            bound[name] = listen(environment.bind, port)
        except OSError as error:
            for made in bound.values():
                made.close()
            raise PortTaken(f"{environment.bind}:{port} cannot be used ({error.strerror}); set FACTEUR_{name.upper()}_PORT") from error
    return bound


def listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made
