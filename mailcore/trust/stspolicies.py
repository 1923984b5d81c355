"""The MTA-STS policies of domains we write to: fetched when their record changes, kept as long as they hold.

RFC 8461 §3.3, §5.1, §10.2: a policy that was once seen holds until it runs out, whatever an attacker
takes away meanwhile. Asks the network; never inside a transaction.
"""

import logging
import threading
import time
from collections.abc import Callable

from . import fetching, mtasts
from .fetching import FetchFailed
from .models import StsPolicy
from .mtasts import BadPolicy, Policy
from .names import Kind, Names, NamesFailed, is_name

log = logging.getLogger(__name__)

REFRESH_SECONDS = 86_400
FAILED_SECONDS = 300.0
MIN_AGE = 60
Fetch = Callable[[Names, str], bytes]

_lock = threading.Lock()
_failed: dict[tuple[str, str], tuple[float, str]] = {}


def fetch_policy(names: Names, domain: str) -> bytes:
    return fetching.fetch(names, host=f"mta-sts.{domain}", path="/.well-known/mta-sts.txt", limit=mtasts.MAX_TEXT)


def find(names: Names, domain: str, *, now: int, fetch: Fetch = fetch_policy) -> tuple[Policy | None, str]:
    """(the policy that holds now, or None; the fault for TLS-RPT where one was published and could not be had)."""
    kept = StsPolicy.objects.filter(domain=domain, expires_at__gt=now).first()
    policy_id = _find_id(names, domain)
    if policy_id is None or (kept is not None and kept.record_id == policy_id and now - kept.fetched_at < REFRESH_SECONDS):
        return _read(kept), ""
    policy, fault = _renew(names, domain, policy_id, now, fetch)
    return (policy, "") if policy is not None else (_read(kept), fault)


def purge(*, now: int) -> int:
    return StsPolicy.objects.filter(expires_at__lte=now).delete()[0]


def forget_failures() -> None:
    with _lock:
        _failed.clear()


def _find_id(names: Names, domain: str) -> str | None:
    """None where there is no record, or no answer: then what is kept goes on holding."""
    if not is_name(domain) or domain.startswith("["):
        return None
    try:
        return mtasts.read_record(names.look_up(f"_mta-sts.{domain}", Kind.TXT).records)
    except NamesFailed:
        return None


def _renew(names: Names, domain: str, policy_id: str, now: int, fetch: Fetch) -> tuple[Policy | None, str]:
    with _lock:
        until, fault = _failed.get((domain, policy_id), (0.0, ""))
    if until > time.monotonic():
        return None, fault
    try:
        policy = mtasts.parse(fetch(names, domain).decode("utf-8"))
    except FetchFailed as error:
        fault = "sts-webpki-invalid" if error.is_certificate else "sts-policy-fetch-error"
        log.info("no MTA-STS policy of %s: %s", domain, error)
    except (BadPolicy, UnicodeDecodeError) as error:
        fault = "sts-policy-invalid"
        log.info("the MTA-STS policy of %s is of no use: %s", domain, error)
    else:
        _keep(domain, policy_id, policy, now)
        return policy, ""
    with _lock:
        if len(_failed) > 10_000:
            _failed.clear()
        _failed[domain, policy_id] = time.monotonic() + FAILED_SECONDS, fault
    return None, fault


def _keep(domain: str, policy_id: str, policy: Policy, now: int) -> None:
    StsPolicy.objects.update_or_create(
        domain=domain,
        defaults={
            "record_id": policy_id,
            "mode": policy.mode,
            "hosts": "\n".join(policy.hosts),
            "fetched_at": now,
            "expires_at": now + max(policy.max_age, MIN_AGE),
        },
    )


def _read(row: StsPolicy | None) -> Policy | None:
    return None if row is None else Policy(row.mode, tuple(row.hosts.split("\n")), row.expires_at - row.fetched_at)
