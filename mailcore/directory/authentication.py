"""One door for every login: SMTP, IMAP, POP3, ManageSieve, the pages and the API ask here.

Order of the checks: throttles, then the remembered logins, then app password, then argon2.
Whether the account is suspended is told only to somebody who knew the password.
"""

from dataclasses import dataclass

from django.db import connection

from mailcore import metrics
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax, Denied, Throttled
from mailcore.kernel.ids import MailboxId, UserId
from mailcore.kernel.principal import Principal, Role, Service

from . import cache, scram_keys, second_factor, throttle
from .models import AppPassword
from .passwords import MAX_LENGTH, fold_app_password, keyed_digest, spend_dummy, verify_password

_OPENS = frozenset({"active", "receive_only"})
WRONG = "That name and password do not match."

_FIND = """
SELECT u.id, u.login, u.role, u.password, u.auth_version, u.is_active, m.id, m.state, a.local, a.is_enabled, d.name, d.is_active,
  u.has_second_step, d.second_step
FROM directory_user u
LEFT JOIN directory_mailbox m ON m.user_id = u.id
LEFT JOIN directory_address a ON a.id = m.address_id
LEFT JOIN directory_domain d ON d.id = a.domain_id
WHERE u.login = %s
"""
_FIND_CANONICAL = """
SELECT c.name, d.is_active FROM directory_domain d JOIN directory_domain c ON c.id = d.alias_of_id WHERE d.name = %s
"""


@dataclass(frozen=True, slots=True)
class Account:
    user_id: int
    login: str
    role: str
    password: str
    auth_version: int
    is_active: bool
    mailbox_id: int | None
    state: str | None
    local: str | None
    is_enabled: bool | None
    domain: str | None
    domain_active: bool | None
    has_second_step: bool
    second_step_rule: str | None

    @property
    def is_open(self) -> bool:
        if not self.is_active:
            return False
        return self.mailbox_id is None or bool(self.state in _OPENS and self.is_enabled and self.domain_active)

    @property
    def needs_app_password(self) -> bool:
        """Mail programs cannot ask for a second factor, so for who has or must have one the password alone opens none of them."""
        return self.has_second_step or second_factor.is_required(self.second_step_rule)

    def may_use(self, service: Service) -> bool:
        return not (service is Service.SMTP and self.state == "receive_only")

    def as_principal(self) -> Principal:
        return Principal(
            user_id=UserId(self.user_id),
            login=self.login,
            role=Role(self.role),
            auth_version=self.auth_version,
            mailbox_id=None if self.mailbox_id is None else MailboxId(self.mailbox_id),
            address="" if self.local is None else str(MailAddress(self.local, self.domain or "")),
        )


def authenticate(*, login: str, secret: str, service: Service, peer: str) -> Principal:
    """Check a password or app password.

    Raises Denied where it is wrong or the account is suspended, Throttled after too many
    guesses. Costs two indexed queries where the login was proved from the same network
    within the last minutes.
    """
    try:
        principal = _authenticate(login=login, secret=secret, service=service, peer=peer)
    except Denied as error:
        metrics.logins.labels(service.value, "throttled" if isinstance(error, Throttled) else "denied").inc()
        raise
    metrics.logins.labels(service.value, "ok").inc()
    return principal


def _authenticate(*, login: str, secret: str, service: Service, peer: str) -> Principal:
    name = fold_login(login)
    account = find_account(name)
    network = throttle.network_of(peer)
    # What was right before a domain came to ask for more is not known afterwards.
    kind = f"{service.value} by app password" if account is not None and account.needs_app_password else service.value
    known = account is not None and cache.is_known(
        user_id=account.user_id, auth_version=account.auth_version, service=kind, network=network, secret=secret
    )
    # Somebody who holds a remembered login is not locked out by guesses made elsewhere;
    # the limits of the own peer and network hold all the same, or the memory could be guessed at.
    throttle.check(login=name, peer=peer, ignore_login=known and bool(network))
    if account is None or not (known or _is_right(account, secret, service)):
        if account is None:
            spend_dummy(secret[:MAX_LENGTH])
        throttle.record_failure(login=name, secret=secret, peer=peer)
        raise Denied(WRONG, f"wrong password for {name!r} from {peer}")
    check_open(account, name=name, service=service, peer=peer)
    if not known:
        scram_keys.learn(user_id=account.user_id, encoded=account.password, secret=secret)
        cache.remember(user_id=account.user_id, auth_version=account.auth_version, service=kind, network=network, secret=secret)
    return account.as_principal()


def check_open(account: Account, *, name: str, service: Service, peer: str) -> None:
    """Denied where the account may not be used, or not for this."""
    if not account.is_open:
        raise Denied("This account is suspended.", f"suspended login {name!r} from {peer}")
    if not account.may_use(service):
        raise Denied("This mailbox receives only and may not send.", f"sending with receive-only login {name!r} from {peer}")


def find_principal(*, user_id: UserId) -> Principal | None:
    """The principal of a user who is already logged in, or None where the account is gone or suspended."""
    account = _read(_FIND.replace("u.login = %s", "u.id = %s"), user_id)
    return account.as_principal() if account is not None and account.is_open else None


def fold_login(login: str) -> str:
    """One spelling for one account: case and domain folded, the rest as it was."""
    text = login.strip()[:320]
    if "@" not in text:
        return text.casefold()
    try:
        return MailAddress.parse(text).folded
    except BadSyntax:
        return text.casefold()


def find_account(name: str) -> Account | None:
    """By folded name; an alias domain leads to the domain it stands for."""
    account = _read(_FIND, name)
    if account is not None or "@" not in name:
        return account
    local, _, domain = name.rpartition("@")
    with connection.cursor() as cursor:
        cursor.execute(_FIND_CANONICAL, [domain])
        row = cursor.fetchone()
    if row is None or not row[1]:
        return None
    return _read(_FIND, f"{local}@{row[0]}")


def _read(sql: str, value: str | int) -> Account | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [value])
        row = cursor.fetchone()
    return None if row is None else Account(*row)


def _is_right(account: Account, secret: str, service: Service) -> bool:
    if not secret or len(secret.encode("utf-8", "surrogatepass")) > MAX_LENGTH or "\0" in secret:
        spend_dummy("")
        return False
    bare = fold_app_password(secret)
    if bare is not None and _opens(account.user_id, bare, service):
        return True
    is_right = verify_password(secret=secret, encoded=account.password)
    if is_right and account.needs_app_password and service is not Service.WEB:
        # A mail program cannot ask for the code, so the password alone must not be enough for it.
        raise Denied("This account signs in with a second step. Use an app password here.", f"no app password for {account.login!r}")
    return is_right


def _opens(user_id: int, bare: str, service: Service) -> bool:
    digest = keyed_digest(secret=bare, purpose="app-password")
    services = AppPassword.objects.filter(user_id=user_id, digest=digest).values_list("services", flat=True).first()
    return services is not None and service.value in services.split()
