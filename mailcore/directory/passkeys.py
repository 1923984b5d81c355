"""Passkeys: signing in with a key that a telephone, a computer or a stick keeps (W3C Web Authentication, level 3).

The browser names the host the key is for (RP id) and its owner proves to be there by finger,
face or PIN: a passkey is both steps at once. It also does as the second step after a password.
What asks for it keeps the challenge and gives it back here once; nothing here knows sessions.
"""

import json
import secrets
from dataclasses import dataclass
from ipaddress import ip_address

from django.db import IntegrityError, transaction
from django.utils import timezone
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from mailcore import metrics
from mailcore.kernel.errors import BadSyntax, Denied, LimitReached, NotFound, Throttled
from mailcore.kernel.principal import Service

from . import throttle, users
from .backends import DirectoryBackend
from .faults import BadField
from .models import Passkey, User
from .passwords import keyed_digest

MAX_KEYS = 20
MAX_ANSWER = 20_000
"""Characters of what a browser sends; larger is not looked at."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where the browser stands, as the page was asked for."""

    host: str
    """With a port where it is not the usual one."""

    @property
    def rp_id(self) -> str:
        return self.host.rpartition(":")[0] if self.host.rpartition(":")[2].isdecimal() and not self.host.endswith("]") else self.host

    @property
    def origins(self) -> list[str]:
        # Browsers offer keys to http only on localhost, so the plain form opens nothing elsewhere;
        # it keeps a proxy that hides TLS from us from shutting everybody out.
        return [f"https://{self.host}", f"http://{self.host}"]

    @property
    def is_named(self) -> bool:
        """Browsers keep keys for names, not for addresses."""
        try:
            ip_address(self.rp_id.strip("[]"))
        except ValueError:
            return bool(self.rp_id)
        return False


@dataclass(frozen=True, slots=True)
class Question:
    options: str
    """JSON for `navigator.credentials`."""
    challenge: str
    """To be kept by whoever asks, and given back once."""


def begin_registration(*, user_id: int, site: Site) -> Question:
    """Ask a browser for a new key. LimitReached where there are MAX_KEYS already, BadSyntax where the host has no name."""
    if not site.is_named:
        raise BadSyntax("Passkeys need a host name: open these pages by their name, not by a number.")
    user = User.objects.get(id=user_id)
    known = list(Passkey.objects.filter(user_id=user_id))
    if len(known) >= MAX_KEYS:
        raise LimitReached(f"At most {MAX_KEYS} passkeys.")
    challenge = secrets.token_bytes(32)
    options = generate_registration_options(
        rp_id=site.rp_id, rp_name=site.rp_id, user_id=_handle(user_id), user_name=user.login,
        user_display_name=user.shown_name or user.login, challenge=challenge, exclude_credentials=_descriptors(known, site),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, require_resident_key=True, user_verification=UserVerificationRequirement.REQUIRED
        ),
    )  # fmt: skip
    return Question(options_to_json(options), bytes_to_base64url(challenge))


def finish_registration(*, user_id: int, site: Site, challenge: str, answer: str, name: str) -> Passkey:
    """Keep the key the browser made. BadField names what is wrong; then nothing is kept."""
    label = " ".join(name.split())[:100]
    if not label:
        raise BadField("name", "Give the passkey a name, such as the device it is on.")
    if not challenge:
        raise BadField("answer", "The page was open too long. Try again.")
    fields = _read(answer)
    if fields is None:
        raise _not_made("no answer at all")
    try:
        made = verify_registration_response(
            credential=fields, expected_challenge=base64url_to_bytes(challenge), expected_rp_id=site.rp_id,
            expected_origin=site.origins, require_user_verification=True,
        )  # fmt: skip
    except Exception as error:  # CBOR, ASN.1 and certificates of strangers are read in there; each reader has errors of its own
        raise _not_made(f"{type(error).__name__}: {error}") from error
    try:
        with transaction.atomic():
            if User.objects.select_for_update().get(id=user_id).passkeys.count() >= MAX_KEYS:
                raise LimitReached(f"At most {MAX_KEYS} passkeys.")
            row = Passkey.objects.create(
                user_id=user_id, name=label, rp_id=site.rp_id, credential_id=bytes_to_base64url(made.credential_id),
                public_key=made.credential_public_key, sign_count=made.sign_count, is_synced=made.credential_backed_up,
            )  # fmt: skip
            users.record("created", user_id=user_id, kind="passkey", after={"name": row.name, "host": row.rp_id})
            return row
    except IntegrityError as error:
        raise BadField("answer", "This passkey is known already.") from error


def begin_login(*, site: Site, user_id: int | None = None) -> Question:
    """Ask for a key: of one user as the second step, or of whoever holds one for this host."""
    challenge = secrets.token_bytes(32)
    known = [] if user_id is None else _descriptors(list(Passkey.objects.filter(user_id=user_id)), site)
    options = generate_authentication_options(
        rp_id=site.rp_id, challenge=challenge, allow_credentials=known or None, user_verification=UserVerificationRequirement.REQUIRED
    )
    return Question(options_to_json(options), bytes_to_base64url(challenge))


def finish_login(*, site: Site, challenge: str, answer: str, peer: str, user_id: int | None = None) -> User:
    """Whose key answered. Denied where it is unknown, revoked, another's, or fails any check; Throttled after too many."""
    try:
        user = _finish_login(site=site, challenge=challenge, answer=answer, peer=peer, user_id=user_id)
    except Denied as error:
        metrics.logins.labels(Service.WEB.value, "throttled" if isinstance(error, Throttled) else "denied").inc()
        raise
    metrics.logins.labels(Service.WEB.value, "ok").inc()
    return user


def list_keys(*, user_id: int) -> list[Passkey]:
    return list(Passkey.objects.filter(user_id=user_id).order_by("id"))


def has_keys(*, user_id: int, site: Site) -> bool:
    """Whether a user holds a key for this host."""
    return Passkey.objects.filter(user_id=user_id, rp_id=site.rp_id).exists()


def rename(*, user_id: int, passkey_id: int, name: str) -> None:
    label = " ".join(name.split())[:100]
    if not label:
        raise BadField("name", "Give the passkey a name, such as the device it is on.")
    if not Passkey.objects.filter(user_id=user_id, id=passkey_id).update(name=label):
        raise NotFound("There is no such passkey.")


def remove(*, user_id: int, passkey_id: int) -> None:
    """It opens nothing any more. Sessions it opened stay until they are signed out."""
    with transaction.atomic():
        found = Passkey.objects.filter(user_id=user_id, id=passkey_id).first()
        if found is None:
            raise NotFound("There is no such passkey.")
        users.record("removed", user_id=user_id, kind="passkey", before={"name": found.name, "host": found.rp_id})
        found.delete()


def _finish_login(*, site: Site, challenge: str, answer: str, peer: str, user_id: int | None) -> User:
    fields = _read(answer)
    given = str(fields.get("id", ""))[:1_400] if fields else ""
    throttle.check(login=f"passkey:{given}", peer=peer)
    key = Passkey.objects.filter(credential_id=given, rp_id=site.rp_id).first() if given else None
    if not challenge or fields is None or key is None or user_id not in (None, key.user_id):
        throttle.record_failure(login=f"passkey:{given}", secret=given, peer=peer)
        raise _refused(f"unknown passkey or question from {peer}")
    try:
        proof = verify_authentication_response(
            credential=fields, expected_challenge=base64url_to_bytes(challenge), expected_rp_id=site.rp_id, expected_origin=site.origins,
            credential_public_key=bytes(key.public_key), credential_current_sign_count=key.sign_count, require_user_verification=True,
        )  # fmt: skip
        _check_handle(fields, key)
    except Exception as error:  # as above
        throttle.record_failure(login=f"passkey:{given}", secret=answer, peer=peer)
        raise _refused(f"passkey {key.pk} from {peer}: {type(error).__name__}: {error}") from error
    user = DirectoryBackend().get_user(key.user_id)
    if user is None:
        raise Denied("This account is suspended.", f"suspended login with passkey {key.pk} from {peer}")
    # Only where the count is still the one that was compared: of two answers at once one is a replay, unless the key keeps no count.
    if not Passkey.objects.filter(pk=key.pk, sign_count=key.sign_count).update(
        sign_count=proof.new_sign_count, is_synced=proof.credential_backed_up, last_used_at=timezone.now()
    ):
        raise _refused(f"passkey {key.pk} answered twice or was revoked meanwhile")
    return user


def _refused(detail: str) -> Denied:
    return Denied("That passkey was not taken. Try again, or sign in with your password.", detail)


def _not_made(detail: str) -> BadField:
    return BadField("answer", "That passkey could not be taken. Try again.", detail)


def _read(answer: str) -> dict[str, object] | None:
    if len(answer) > MAX_ANSWER:
        return None
    try:
        fields = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _check_handle(fields: dict[str, object], key: Passkey) -> None:
    """A key found without a name says whom it is of; that must be the one we know it of (§7.2, step 6)."""
    response = fields.get("response")
    handle = response.get("userHandle") if isinstance(response, dict) else None
    if handle and not secrets.compare_digest(base64url_to_bytes(str(handle)), _handle(key.user_id)):
        raise ValueError("the key names another user")


def _handle(user_id: int) -> bytes:
    """What the key knows its owner by: tells nobody who that is."""
    return bytes.fromhex(keyed_digest(secret=str(user_id), purpose="passkey-owner"))


def _descriptors(keys: list[Passkey], site: Site) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.credential_id)) for key in keys if key.rp_id == site.rp_id]
