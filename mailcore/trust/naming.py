"""Which name service this process uses, by the settings: a zone file, a given server, or the system's."""

import threading

from django.conf import settings

from .dnsnames import DnsNames
from .names import Names
from .zone import ZoneNames

_lock = threading.Lock()
_made: dict[tuple[str, str, bool], Names] = {}


def get_names() -> Names:
    """One for the process as long as the settings stay the same, so that all rooms share its cache."""
    wanted = settings.FACTEUR
    key = (wanted.zone_file, wanted.resolver, wanted.resolver_validates)
    with _lock:
        found = _made.get(key)
        if found is None:
            found = _made[key] = _make()
    return found


def _make() -> Names:
    wanted = settings.FACTEUR
    if wanted.zone_file:
        path = wanted.data / wanted.zone_file
        return ZoneNames.load(path)
    return DnsNames(wanted.resolver, validates=wanted.resolver_validates)
