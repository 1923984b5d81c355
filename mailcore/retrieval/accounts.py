"""Accounts on other servers: make, list, change, try, pause, remove."""

import ipaddress
import time
from dataclasses import asdict, dataclass, replace

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from mailcore import sealing
from mailcore.audit import log
from mailcore.directory import domains, mailboxes
from mailcore.directory.faults import BadField
from mailcore.kernel.errors import BadSyntax, LimitReached, NotFound
from mailcore.store import names

from . import envelopes
from .dialling import Server, check_security
from .faults import SourceFault, plainly
from .imapside import Imap
from .models import Account, Collected, Security
from .pop3side import Pop3
from .sources import PURPOSE

MAX_PER_MAILBOX = 20
SHORTEST_INTERVAL, LONGEST_INTERVAL = 60, 86_400
PORTS = {
    ("pop3", "tls"): 995, ("pop3", "starttls"): 110, ("pop3", "none"): 110,
    ("imap", "tls"): 993, ("imap", "starttls"): 143, ("imap", "none"): 143,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an account is to be. `secret` None keeps the one there is."""

    protocol: str
    host: str
    login: str
    secret: str | None = None
    port: int = 0
    """0 is the usual one."""
    security: str = "tls"
    remote_folder: str = "INBOX"
    target: str = ""
    keep: str = "keep"
    keep_days: int = 0
    interval: int = 900
    envelope_header: str = ""
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a trial login found."""

    messages: int
    folders: tuple[str, ...] = ()


def create(*, mailbox_id: int, wanted: Wanted) -> Account:
    """BadField names what cannot be. The first run is due at once."""
    wanted = check(wanted)
    if not wanted.secret:
        raise BadField("secret", "Give the password of the account.")
    now = int(time.time())
    with transaction.atomic():
        mailbox = mailboxes.get_by_id(mailbox_id=mailbox_id)
        if Account.objects.filter(mailbox_id=mailbox_id).count() >= MAX_PER_MAILBOX:
            raise LimitReached(f"A mailbox can collect from {MAX_PER_MAILBOX} accounts.")
        account = Account.objects.create(
            mailbox_id=mailbox_id,
            sealed_secret=sealing.seal(wanted.secret, purpose=PURPOSE),
            next_run_at=now,
            created_at=now,
            **_fields(wanted),
        )  # fmt: skip
        _record("created", account, str(mailbox.address), after=shown(account))
    return account


def change(*, account: Account, wanted: Wanted) -> Account:
    """What was collected stays known. The login is tried again at once, also where it was paused for being refused."""
    wanted = check(wanted)
    fields = _fields(wanted)
    moved = (wanted.protocol, wanted.host, wanted.login) != (account.protocol, account.host, account.login)
    if moved and not wanted.secret:
        raise BadField("secret", "Give the password: it is another account now.")
    with transaction.atomic():
        before = shown(get(account_id=account.pk, mailbox_id=account.mailbox_id))
        if wanted.secret:
            fields["sealed_secret"] = sealing.seal(wanted.secret, purpose=PURPOSE)
        if moved or wanted.remote_folder != account.remote_folder:
            Collected.objects.filter(account=account).delete()
            fields |= {"uidvalidity": 0}
        pause = Account.Pause.NOT if account.pause == Account.Pause.LOGIN else account.pause
        # A run in progress has the old settings; without its lease it keeps nothing more.
        Account.objects.filter(pk=account.pk).update(
            **fields, pause=pause, fault="", last_text="", fail_streak=0, next_run_at=int(time.time()), lease="", lease_until=0
        )
        changed = get(account_id=account.pk, mailbox_id=account.mailbox_id)
        _record("changed", changed, _address(changed), before=before, after=shown(changed))
    return changed


def list_of(*, mailbox_id: int) -> list[Account]:
    return list(Account.objects.filter(mailbox_id=mailbox_id).order_by("host", "login", "id"))


def list_all() -> QuerySet[Account]:
    return Account.objects.order_by("id")


def get(*, account_id: int, mailbox_id: int | None = None) -> Account:
    """Of that mailbox, where one is given: another's is not found."""
    found = Account.objects.filter(pk=account_id)
    account = (found if mailbox_id is None else found.filter(mailbox_id=mailbox_id)).first()
    if account is None:
        raise NotFound("There is no such account.")
    return account


def pause(*, account: Account) -> None:
    _set_pause(account, Account.Pause.OWNER)


def resume(*, account: Account) -> None:
    """Go on, at once."""
    _set_pause(account, Account.Pause.NOT)


def run_soon(*, account: Account) -> None:
    """Due now; a paused one stays paused."""
    Account.objects.filter(pk=account.pk).update(next_run_at=int(time.time()))


def remove(*, account: Account) -> None:
    """What was collected stays in the mailbox, what lies there stays there."""
    with transaction.atomic():
        _record("removed", account, _address(account), before=shown(account))
        Account.objects.filter(pk=account.pk).delete()


def try_out(*, wanted: Wanted, account: Account | None = None) -> Seen:
    """Log in and look, changing nothing; SourceFault says what is wrong. Waits for the network: not inside a transaction."""
    wanted = check(wanted)
    if wanted.secret is None and account is not None:
        secret = sealing.unseal(account.sealed_secret, purpose=PURPOSE)
    else:
        secret = wanted.secret or ""
    server = Server(wanted.host, wanted.port, wanted.security)
    return _try_pop3(server, wanted, secret) if wanted.protocol == Account.Protocol.POP3 else _try_imap(server, wanted, secret)


def wanted_of(account: Account) -> Wanted:
    """As it is, its secret apart."""
    return Wanted(**{name: getattr(account, name) for name in _fields(_ANY)})


def count_refused(accounts: list[Account]) -> dict[int, int]:
    """How many messages of each were left there for good. One query."""
    rows = Collected.objects.filter(~Q(refusal=""), account__in=accounts).values_list("account_id").annotate(Count("id"))
    return dict(rows)


def list_refused(*, account: Account, limit: int = 50) -> list[Collected]:
    return list(Collected.objects.filter(~Q(refusal=""), account=account).order_by("-id")[:limit])


def check(wanted: Wanted) -> Wanted:
    """The same with its defaults filled in; BadField names the first thing that cannot be."""
    if wanted.protocol not in Account.Protocol.values:
        raise BadField("protocol", "Accounts are collected by POP3 or IMAP.")
    if wanted.security not in Security.values:
        raise BadField("security", "Choose TLS, STARTTLS or none.")
    if wanted.keep not in Account.Keep.values:
        raise BadField("keep", "Choose what becomes of the messages there.")
    checked = replace(
        wanted,
        host=check_host(wanted.host),
        port=check_port(wanted.port or PORTS[wanted.protocol, wanted.security]),
        login=check_text("login", wanted.login),
        secret=check_text("secret", wanted.secret) if wanted.secret else None,
        keep_days=wanted.keep_days if wanted.keep == Account.Keep.DAYS else 0,
        target=_check_target(wanted.target),
        domain=wanted.domain.lower(),
    )
    try:
        check_security(checked.security)
    except SourceFault as fault:
        raise BadField("security", fault.public) from fault
    _check_rest(checked)
    return checked


def check_host(text: str) -> str:
    """A name, or an address, in the one spelling."""
    host = text.strip().rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        pass
    try:
        host = host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise BadField("host", "This is not the name of a server.") from error
    if not host or len(host) > 253 or not all(char.isalnum() or char in "-._" for char in host):
        raise BadField("host", "This is not the name of a server.")
    return host


def check_port(port: int) -> int:
    if not 0 < port < 65_536:
        raise BadField("port", "A port is a number from 1 to 65535.")
    return port


def check_text(field: str, text: str) -> str:
    if not text.strip() or len(text) > 255 or any(char in text for char in "\r\n\0"):
        raise BadField(field, "This cannot be empty, longer than 255 letters, or hold line ends.")
    return text


def shown(account: Account) -> dict[str, object]:
    """As the audit log keeps it."""
    return asdict(wanted_of(account)) | {"pause": str(account.pause)}


def _check_rest(wanted: Wanted) -> None:
    if wanted.keep == Account.Keep.DAYS and not 1 <= wanted.keep_days <= 3_650:
        raise BadField("keep_days", "Give 1 to 3650 days.")
    if not SHORTEST_INTERVAL <= wanted.interval <= LONGEST_INTERVAL:
        raise BadField("interval", f"Look every {SHORTEST_INTERVAL} to {LONGEST_INTERVAL} seconds.")
    folder = wanted.remote_folder
    if not folder or len(folder) > 255 or not folder.isascii() or not folder.isprintable():
        raise BadField("remote_folder", "Give the folder as the server writes it, in plain letters (modified UTF-7).")
    if bool(wanted.envelope_header) != bool(wanted.domain):
        raise BadField("domain", "Collecting for a whole domain needs the domain and the header that names the recipient.")
    if wanted.envelope_header:
        if not envelopes.is_known_header(wanted.envelope_header):
            raise BadField("envelope_header", f"The header is one of {', '.join((envelopes.AUTO, *envelopes.HEADERS))}.")
        if wanted.target:
            raise BadField("target", "What is collected for a whole domain goes to its recipients, not to a folder.")
        if not domains.is_local(name=wanted.domain):
            raise BadField("domain", f"There is no domain {wanted.domain} here.")


def _check_target(text: str) -> str:
    try:
        return names.normalise(text.strip()) if text.strip() else ""
    except BadSyntax as error:
        raise BadField("target", error.public) from error


def _try_pop3(server: Server, wanted: Wanted, secret: str) -> Seen:
    client = Pop3(server, login=wanted.login, secret=secret)
    try:
        return Seen(len(client.list_sizes()))
    finally:
        client.drop()


def _try_imap(server: Server, wanted: Wanted, secret: str) -> Seen:
    client = Imap(server, login=wanted.login, secret=secret)
    try:
        folders = tuple(one.raw.decode("latin-1") for one in client.list_folders())
        with plainly(server.host):
            return Seen(client.select(wanted.remote_folder.encode("ascii"), readonly=True)[1], folders)
    finally:
        client.drop()


_ANY = Wanted(protocol="imap", host="", login="")


def _fields(wanted: Wanted) -> dict[str, object]:
    return {name: value for name, value in asdict(wanted).items() if name != "secret"}


def _set_pause(account: Account, pause: str) -> None:
    with transaction.atomic():
        before = shown(account)
        Account.objects.filter(pk=account.pk).update(
            pause=pause, next_run_at=int(time.time()), **({} if pause else {"fail_streak": 0, "fault": "", "last_text": ""})
        )
        account.pause = pause
        _record("changed", account, _address(account), before=before, after=shown(account))


def _address(account: Account) -> str:
    from_row = mailboxes.get_by_id(mailbox_id=account.mailbox_id)
    return str(from_row.address)


def _record(
    action: str, account: Account, address: str, *, before: dict[str, object] | None = None, after: dict[str, object] | None = None
) -> None:
    name = f"{account.login} at {account.host} for {address}"
    log.record(f"collection.{action}", object_id=account.pk, name=name, domain=address.rpartition("@")[2], before=before, after=after)
