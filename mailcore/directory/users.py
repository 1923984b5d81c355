"""Logins: make, change, close. Each change that touches what a login may do voids what is remembered of it."""

from django.db import IntegrityError, transaction
from django.db.models import F

from mailcore import bus
from mailcore.audit import log
from mailcore.kernel.errors import Conflict, NotFound
from mailcore.kernel.events import CredentialsChanged
from mailcore.kernel.principal import Service
from mailcore.webhooks import endpoints

from . import scram_keys
from .authentication import fold_login
from .faults import AlreadyExists, BadField
from .models import AppPassword, Domain, Mailbox, User
from .passwords import MAX_LENGTH, MIN_LENGTH, fold_app_password, hash_password, keyed_digest, new_app_password


def create(*, login: str, password: str | None, role: User.Role = User.Role.USER, shown_name: str = "") -> User:
    """Make a login; None as password makes one that only app passwords and a later reset can open."""
    name = fold_login(login)
    if not name or any(ord(char) < 33 for char in name):
        raise BadField("login", "A login needs a name without spaces.")
    encoded = "!" if password is None else hash_password(check_strength(password))
    verifier = None if password is None else scram_keys.make(password)
    try:
        with transaction.atomic():
            user = User.objects.create(login=name, password=encoded, role=role, shown_name=shown_name[:200])
            scram_keys.keep_password(user_id=user.id, encoded=encoded, verifier=verifier)
            log.record("user.created", object_id=user.id, name=name, after={"role": role, "shown_name": user.shown_name})
            return user
    except IntegrityError as error:
        existing = User.objects.filter(login=name).values_list("id", flat=True).first()
        if existing is None:
            raise
        raise AlreadyExists("login", f"{name} exists already.", existing) from error


def get(*, login: str) -> User:
    user = User.objects.filter(login=fold_login(login)).first()
    if user is None:
        raise NotFound(f"There is no login {login}.")
    return user


def set_password(*, user_id: int, password: str) -> None:
    """Change the password; every remembered login and page session of it ends."""
    encoded = hash_password(check_strength(password))
    verifier = scram_keys.make(password, user_id=user_id)
    with transaction.atomic():
        set_encoded(user_id=user_id, encoded=encoded)
        scram_keys.keep_password(user_id=user_id, encoded=encoded, verifier=verifier)


def set_encoded(*, user_id: int, encoded: str) -> None:
    """As `set_password`, for a password that is hashed already."""
    with transaction.atomic():
        if not User.objects.filter(id=user_id).update(password=encoded, auth_version=F("auth_version") + 1):
            raise NotFound("There is no such login.")
        record("password_changed", user_id=user_id)
    _tell(user_id)


def set_role(*, user_id: int, role: User.Role, domains: tuple[Domain, ...] = ()) -> None:
    """Give a role; `domains` are what a domain administrator looks after."""
    with transaction.atomic():
        user = User.objects.filter(id=user_id).first()
        if user is None:
            raise NotFound("There is no such login.")
        before = _standing(user)
        user.role = role
        user.save(update_fields=["role"])
        user.domains.set(domains if role == User.Role.DOMAIN_ADMIN else ())
        record("role_changed", user_id=user_id, before=before, after=_standing(user))
        reach = None if role == User.Role.ROOT else [domain.name for domain in domains]
        endpoints.narrow(owner_id=user_id, domains=reach)
        void(user_id=user_id)


def remove_root(*, user_id: int) -> None:
    """Take the rule of the server from a login; one without a mailbox goes altogether. Conflict for the last one."""
    with transaction.atomic():
        if not User.objects.filter(role=User.Role.ROOT, is_active=True).exclude(id=user_id).exists():
            raise Conflict("This is the last administrator of the server.")
        if Mailbox.objects.filter(user_id=user_id).exists():
            set_role(user_id=user_id, role=User.Role.USER)
        else:
            record("removed", user_id=user_id, before={"role": User.Role.ROOT})
            endpoints.narrow(owner_id=user_id, domains=())
            void(user_id=user_id)
            User.objects.filter(id=user_id, role=User.Role.ROOT).delete()


def set_active(*, user_id: int, is_active: bool) -> None:
    with transaction.atomic():
        user = User.objects.filter(id=user_id).first()
        if user is None:
            raise NotFound("There is no such login.")
        User.objects.filter(id=user_id).update(is_active=is_active)
        record("changed", user_id=user_id, before={"is_active": user.is_active}, after={"is_active": is_active})
        void(user_id=user_id)


def void(*, user_id: int) -> None:
    """Forget every remembered login of a user, in every process."""
    User.objects.filter(id=user_id).update(auth_version=F("auth_version") + 1)
    _tell(user_id)


def add_app_password(*, user_id: int, name: str, services: tuple[Service, ...]) -> str:
    """Make an app password for some services; the answer is the only time it is seen."""
    if not name.strip():
        raise BadField("name", "Give the app password a name, such as the device it is for.")
    if not services:
        raise BadField("services", "Choose at least one service.")
    secret = new_app_password()
    digest = keyed_digest(secret=fold_app_password(secret) or "", purpose="app-password")
    verifiers = scram_keys.make_app_password(secret, user_id=user_id)
    with transaction.atomic():
        made = AppPassword.objects.create(user_id=user_id, name=name.strip()[:100], digest=digest, services=" ".join(services))
        scram_keys.keep_app_password(app_password=made, verifiers=verifiers)
        record("created", user_id=user_id, kind="app_password", after={"name": made.name, "services": made.services})
    return secret


def list_app_passwords(*, user_id: int) -> list[AppPassword]:
    return list(AppPassword.objects.filter(user_id=user_id).order_by("id"))


def remove_app_password(*, user_id: int, app_password_id: int) -> None:
    with transaction.atomic():
        found = AppPassword.objects.filter(user_id=user_id, id=app_password_id).first()
        if found is None:
            raise NotFound("There is no such app password.")
        record("removed", user_id=user_id, kind="app_password", before={"name": found.name, "services": found.services})
        found.delete()
        void(user_id=user_id)


def record(what: str, *, user_id: int, kind: str = "user", **states: log.Values) -> None:
    """Into the audit log, under the domain of the login's mailbox."""
    user = User.objects.select_related("mailbox__address__domain").filter(id=user_id).first()
    if user is None:
        return
    mailbox: Mailbox | None = getattr(user, "mailbox", None)
    domain = mailbox.address.domain.name if mailbox is not None else ""
    log.record(f"{kind}.{what}", object_id=user_id, name=user.login, domain=domain, **states)


def _standing(user: User) -> dict[str, object]:
    return {"role": str(user.role), "domains": sorted(user.domains.values_list("name", flat=True))}


def check_strength(password: str) -> str:
    """The password itself, or BadField saying what is wrong with it."""
    if len(password) < MIN_LENGTH:
        raise BadField("password", f"A password needs at least {MIN_LENGTH} characters.")
    if len(password.encode("utf-8", "surrogatepass")) > MAX_LENGTH:
        raise BadField("password", f"A password has at most {MAX_LENGTH} octets.")
    if "\0" in password:
        raise BadField("password", "A password cannot hold a NUL character.")
    return password


def _tell(user_id: int) -> None:
    transaction.on_commit(lambda: bus.publish(CredentialsChanged(user_id)))
