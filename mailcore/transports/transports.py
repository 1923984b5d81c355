"""Transports: make or replace, list, remove. Who may not see a password is shown only whether there is one."""

import re
from dataclasses import dataclass

from django.db import transaction
from django.db.models import ProtectedError

from mailcore import sealing
from mailcore.audit import log
from mailcore.kernel.errors import BadSyntax, Conflict, NotFound

from . import table
from .models import Transport

PURPOSE = "transport"
KINDS, TLS = tuple(Transport.Kind.values), tuple(Transport.Tls.values)
WITH_HOST = frozenset(("smarthost", "lmtp"))
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_PORTS = {"smarthost": 587, "lmtp": 24}


@dataclass(frozen=True, slots=True)
class Shown:
    name: str
    kind: str
    host: str
    port: int
    tls: str
    login: str
    has_password: bool
    text: str
    routes: int = 0

    @property
    def words(self) -> str:
        """e.g. "smarthost relay.example.net:587 as ann"."""
        where = f" {self.host}:{self.port}" if self.host else ""
        return f"{self.kind}{where}{f' as {self.login}' if self.login else ''}{f': {self.text}' if self.text else ''}"


def list_all() -> list[Shown]:
    return [_show(row, row.routes.count()) for row in Transport.objects.order_by("name").prefetch_related("routes")]


def put(
    *, name: str, kind: str, host: str = "", port: int = 0, tls: str = "may", login: str = "", password: str | None = None, text: str = ""
) -> Shown:
    """Make or replace one. `password` None keeps what is there; a new login needs one. BadSyntax for what does not go together."""
    called = name.strip().lower()
    _check(called, kind, host, port, tls, login)
    with transaction.atomic():
        row = Transport.objects.filter(name=called).select_for_update().first()
        before = _facts(row) if row is not None else None
        old = row
        row = row or Transport(name=called)
        if not login:
            sealed = ""
        elif password is not None:
            sealed = sealing.seal(password, purpose=PURPOSE)
        elif old is not None and old.login == login.strip() and old.host == host.strip():
            sealed = old.sealed
        else:
            # A password must not be sent to another host than the one it was given for.
            raise BadSyntax("Give the password of this login at this host.")
        row.kind, row.host, row.port, row.tls = kind, host.strip(), port or _PORTS.get(kind, 0), tls
        row.login, row.sealed, row.text = login.strip(), sealed, " ".join(text.split())[:200]
        row.save()
        after = _facts(row) | ({"password": "new"} if password is not None else {})
        log.record("transport.put", object_id=row.pk, name=called, before=before, after=after)
    table.forget()
    return _show(row, row.routes.count())


def remove(*, name: str) -> None:
    """Conflict while a route leads there."""
    with transaction.atomic():
        row = Transport.objects.filter(name=name.strip().lower()).first()
        if row is None:
            raise NotFound(f"There is no transport {name}.")
        log.record("transport.removed", object_id=row.pk, name=row.name, before=_facts(row))
        try:
            row.delete()
        except ProtectedError as error:
            raise Conflict(f"Routes lead to {row.name}; remove them first.") from error
    table.forget()


def _check(name: str, kind: str, host: str, port: int, tls: str, login: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadSyntax("A name is made of letters, digits, dots and dashes.", name)
    if kind not in KINDS or tls not in TLS:
        raise BadSyntax(f"A transport is one of {', '.join(KINDS)}; its TLS one of {', '.join(TLS)}.")
    if (kind in WITH_HOST) != bool(host.strip()):
        raise BadSyntax("A smarthost and LMTP need a host; the others have none.")
    if host and not re.fullmatch(r"[A-Za-z0-9.:-]{1,255}", host.strip()):
        raise BadSyntax(f"{host} is not the name or address of a host.")
    if not 0 <= port <= 65_535:
        raise BadSyntax("A port is between 1 and 65535.")
    if login and kind != "smarthost":
        raise BadSyntax("Only a smarthost takes a login.")
    if login and (not login.isprintable() or "\0" in login):
        raise BadSyntax("The login has characters that cannot be sent.")


def _facts(row: Transport) -> dict[str, object]:
    return {"kind": row.kind, "host": row.host, "port": row.port, "tls": row.tls, "login": row.login, "text": row.text}


def _show(row: Transport, routes: int) -> Shown:
    return Shown(row.name, row.kind, row.host, row.port, row.tls, row.login, bool(row.sealed), row.text, routes)
