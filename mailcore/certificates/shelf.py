"""Every certificate there is: folders of the operator under `tls/`, and rows. Nothing here is written."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db.models import Count, Max, Sum

from mailcore import sealing
from mailcore.kernel.errors import MailError

from . import choosing
from .choosing import Held
from .material import Material, check
from .models import Certificate

log = logging.getLogger(__name__)

KEY_PURPOSE = "certificate"
PAIRS = (("certificate.pem", "key.pem"), ("fullchain.pem", "privkey.pem"))
"""The second is how certbot names them: a link to its folder will do."""

Stamp = tuple[object, ...]
Place = tuple[Path, Path]


@dataclass(frozen=True, slots=True)
class Files:
    stamp: Stamp
    places: tuple[Place, ...]
    """(certificate, key); the default's first."""


def look_at_files(data: Path) -> Files:
    """Which pairs there are, and a stamp that changes when one of them does."""
    folder = data / "tls"
    folders = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())] if folder.is_dir() else []
    places = [(one / chain, one / key) for one in folders for chain, key in PAIRS if (one / chain).exists() and (one / key).exists()]
    stats = [path.stat() for place in places for path in place]
    return Files(tuple((one.st_ino, one.st_mtime_ns, one.st_size) for one in stats), tuple(places))


def look_at_rows() -> Stamp:
    """Changes with every row that comes, goes or gets a new chain; one small query."""
    return tuple(Certificate.objects.aggregate(Count("id"), Max("id"), Sum("revision")).values())


def read_files(files: Files, before: Mapping[str, Held]) -> list[Held]:
    """A pair that cannot be used (half replaced, say) is left out, or stays as it was `before`, by its place."""
    found = []
    for number, (chain, key) in enumerate(files.places):
        place = str(chain)
        try:
            found.append(Held(place, check(chain.read_bytes(), key.read_bytes()), is_file=True, is_default=number == 0))
        except (OSError, MailError) as error:
            log.warning("the certificate %s cannot be used: %s", place, error)
            if place in before:
                found.append(before[place])
    return found


def read_rows(*, with_keys: bool = True) -> list[Held]:
    found = []
    for name, chain, sealed in Certificate.objects.exclude(chain="").order_by("id").values_list("name", "chain", "sealed"):
        try:
            key = sealing.unseal(sealed, purpose=KEY_PURPOSE).encode("ascii") if with_keys else b""
        except MailError as error:
            log.error("the key of the certificate %s cannot be read: %s", name, error)
            continue
        found.append(Held(name, Material(chain.encode("ascii"), key)))
    return found


def list_shown(*, now: int | None = None) -> list[Held]:
    """Those that some connection would be shown now, the first to expire first. Rows without their keys."""
    held = [*read_files(look_at_files(settings.FACTEUR.data), {}), *read_rows(with_keys=False)]
    at = int(time.time()) if now is None else now
    used = choosing.arrange(held, hostname=settings.FACTEUR.hostname, now=at).list_used() if held else []
    return sorted(used, key=lambda one: one.material.not_after)
