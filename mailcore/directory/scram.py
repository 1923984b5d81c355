"""Logins by SCRAM-SHA-256: the same throttles and the same doors as for a password."""

import hashlib
import hmac
import secrets
from collections.abc import Callable

from django.conf import settings
from django.db.models import F

from mailcore import metrics
from mailcore.kernel.errors import Denied
from mailcore.kernel.principal import Principal, Service
from mailcore.kernel.scram import Keys

from . import scram_keys, throttle
from .authentication import WRONG, Account, check_open, find_account, fold_login
from .models import ScramKey

_SALT = 16


class ScramDirectory:
    """The port of kernel.ports.ScramPort."""

    def find_salt(self, *, login: str, peer: str) -> bytes:
        """The same for the same name every time, whether or not there is such a login."""
        name = fold_login(login)
        throttle.check(login=name, peer=peer)
        account = find_account(name)
        return (scram_keys.find_salt(account.user_id) if account is not None else None) or _make_up_salt(name)

    def log_in(self, *, login: str, service: Service, peer: str, check: Callable[[Keys], bytes | None]) -> tuple[Principal, bytes]:
        """The principal, and what proves to the client that we know its key."""
        name = fold_login(login)
        throttle.check(login=name, peer=peer)
        account = find_account(name)
        signature = _find_proof(account, service, check) if account is not None else None
        if account is None or signature is None:
            metrics.logins.labels(service.value, "denied").inc()
            throttle.record_failure(login=name, secret=secrets.token_hex(8), peer=peer)
            raise Denied(WRONG, f"wrong SCRAM proof for {name!r} from {peer}")
        check_open(account, name=name, service=service, peer=peer)
        metrics.logins.labels(service.value, "ok").inc()
        return account.as_principal(), signature


def _find_proof(account: Account, service: Service, check: Callable[[Keys], bytes | None]) -> bytes | None:
    rows = ScramKey.objects.filter(user_id=account.user_id).annotate(services=F("app_password__services"))
    for app_password_id, services, for_password, sealed in rows.values_list("app_password_id", "services", "for_password", "sealed"):
        if app_password_id is not None:
            is_good = service.value in services.split()
        else:
            # With a second step, the password alone is not enough for a mail program.
            is_good = for_password == account.password and not account.needs_app_password
        signature = check(scram_keys.read(sealed)) if is_good else None
        if signature is not None:
            return signature
    return None


def _make_up_salt(name: str) -> bytes:
    key = hashlib.blake2b(settings.SECRET_KEY.encode(), digest_size=32, person=b"facteur-scram").digest()
    return hmac.digest(key, name.encode("utf-8", "replace"), "sha256")[:_SALT]
