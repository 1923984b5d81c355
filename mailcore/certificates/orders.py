"""Certificates as rows: order, give, remove, list; which are due, and what became of an attempt. Asks no network."""

import random
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.db import transaction
from django.db.models import F

from mailcore import sealing
from mailcore.audit import log
from mailcore.kernel.errors import BadSyntax, Conflict, NotFound, Refused

from . import shelf
from .material import Material, check, fold_names
from .models import Account, Certificate

ACCOUNT_PURPOSE = "acme account"
MAX_NAMES = 100
LEASE = 900
"""Nobody else tries meanwhile; a process that dies delays the next attempt by no more."""
FIRST_RETRY, LAST_RETRY = 900, 86_400
_Source = Certificate.Source


@dataclass(frozen=True, slots=True)
class Shown:
    name: str
    names: tuple[str, ...]
    source: str
    is_obtained: bool
    not_after: int
    next_attempt_at: int | None
    failures: int
    last_text: str


@dataclass(frozen=True, slots=True)
class Due:
    id: int
    name: str
    names: tuple[str, ...]


def list_all() -> list[Shown]:
    return [_show(row) for row in Certificate.objects.order_by("name")]


def order(*, names: list[str], agrees: bool = False, now: int | None = None) -> Shown:
    """Want a certificate for these names, to be obtained at the next ring and renewed ever after.

    Refused where the terms of the ACME server were not agreed to, or for `*.`, which only the DNS could prove.
    """
    directory = settings.FACTEUR.acme_directory
    if not directory:
        raise Refused("No ACME server is set (FACTEUR_ACME_DIRECTORY).")
    if any(name.strip().startswith("*") for name in names):
        raise Refused("A certificate for *. can only be proved in the DNS, which Facteur does not do. Name each host.")
    folded = fold_names(names)
    if len(folded) > MAX_NAMES:
        raise Refused(f"At most {MAX_NAMES} names fit into one certificate.")
    at = _now(now)
    with transaction.atomic():
        if not Account.objects.filter(directory=directory).exists():
            if not agrees:
                raise Refused(f"First agree to the terms of {directory}.", "--agree-tos")
            Account.objects.create(directory=directory, sealed=sealing.seal(_make_key(), purpose=ACCOUNT_PURPOSE), agreed_at=at)
        row = Certificate.objects.filter(name=folded[0]).select_for_update().first()
        if row is not None and row.source != _Source.ACME:
            raise Conflict(f"The certificate {folded[0]} was given; remove it first.")
        before = {"names": row.names.split("\n")} if row is not None else None
        row = row or Certificate(name=folded[0], source=_Source.ACME)
        row.names, row.next_attempt_at, row.failures, row.last_text = "\n".join(folded), at, 0, ""
        row.save()
        log.record("certificate.ordered", object_id=row.pk, name=row.name, before=before, after={"names": list(folded)})
    return _show(row)


def give(*, chain: bytes, key: bytes) -> Shown:
    """Keep a certificate of the operator's for all nodes, in the place of one with the same first name."""
    material = check(chain, key)
    if not material.names:
        raise BadSyntax("The certificate names no host.")
    name = material.names[0]
    with transaction.atomic():
        row = Certificate.objects.filter(name=name).select_for_update().first() or Certificate(name=name, revision=0)
        row.source, row.next_attempt_at, row.failures, row.last_text = _Source.GIVEN, None, 0, ""
        _fill(row, material)
        log.record("certificate.given", object_id=row.pk, name=name, after={"names": list(material.names)})
    return _show(row)


def renew(*, name: str, now: int | None = None) -> None:
    """At the next ring, whatever is left of it."""
    if not Certificate.objects.filter(name=name.lower(), source=_Source.ACME).update(next_attempt_at=_now(now)):
        raise NotFound(f"There is no certificate {name} that could be renewed.")


def remove(*, name: str) -> None:
    with transaction.atomic():
        row = Certificate.objects.filter(name=name.lower()).first()
        if row is None:
            raise NotFound(f"There is no certificate {name}.")
        log.record("certificate.removed", object_id=row.pk, name=row.name, before={"names": row.names.split("\n")})
        row.delete()


def claim_due(*, now: int, name: str = "") -> list[Due]:
    """Those whose time has come, each for one caller only (one conditional UPDATE)."""
    rows = Certificate.objects.filter(next_attempt_at__lte=now)
    if name:
        rows = rows.filter(name=name)
    found = []
    for pk, called, names, at in rows.order_by("next_attempt_at").values_list("id", "name", "names", "next_attempt_at"):
        if Certificate.objects.filter(pk=pk, next_attempt_at=at).update(next_attempt_at=now + LEASE):
            found.append(Due(pk, called, tuple(names.split("\n"))))
    return found


def keep(due: Due, material: Material) -> None:
    """A third of its life before its end it is renewed, and not at the very moment everybody else's is."""
    life = material.not_after - material.not_before
    with transaction.atomic():
        row = Certificate.objects.filter(pk=due.id).select_for_update().first()
        if row is None:  # removed meanwhile
            return
        row.failures, row.last_text = 0, ""
        row.next_attempt_at = material.not_after - life // 3 - int(life / 30 * random.random())
        _fill(row, material)
        log.record("certificate.obtained", object_id=row.pk, name=row.name, after={"not_after": material.not_after})


def fail(due: Due, text: str, *, now: int) -> None:
    row = Certificate.objects.filter(pk=due.id).first()
    if row is None:
        return
    wait = min(LAST_RETRY, FIRST_RETRY * 2 ** min(row.failures, 10)) * (0.8 + 0.4 * random.random())
    Certificate.objects.filter(pk=due.id).update(failures=F("failures") + 1, last_text=text[:600], next_attempt_at=now + int(wait))


def _fill(row: Certificate, material: Material) -> None:
    row.chain = material.chain.decode("ascii")
    row.sealed = sealing.seal(material.key.decode("ascii"), purpose=shelf.KEY_PURPOSE)
    row.names, row.not_before, row.not_after = "\n".join(material.names), material.not_before, material.not_after
    row.revision += 1
    row.save()


def _show(row: Certificate) -> Shown:
    names = tuple(row.names.split("\n"))
    return Shown(row.name, names, row.source, bool(row.chain), row.not_after, row.next_attempt_at, row.failures, row.last_text)


def _make_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def _now(now: int | None) -> int:
    return int(time.time()) if now is None else now
