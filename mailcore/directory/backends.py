"""Django's sessions, opened by the one authentication."""

from django.http import HttpRequest

from mailcore.kernel.errors import Denied
from mailcore.kernel.principal import Service
from mailcore.prepared import Prepared

from . import authentication
from .models import Mailbox, User

_ACTIVE = Prepared(lambda id: User.objects.select_related("mailbox__address__domain").filter(id=id, is_active=True), -7919)


class DirectoryBackend:
    """Answers `django.contrib.auth.authenticate(request, username=, password=)`."""

    def authenticate(self, request: HttpRequest | None, username: str | None = None, password: str | None = None) -> User | None:
        """The user, or None where name or password is wrong, throttled or suspended.

        A page that wants to say which of these it was calls `mailcore.directory.authentication.authenticate` itself.
        """
        if username is None or password is None:
            return None
        peer = "" if request is None else request.META.get("REMOTE_ADDR", "")
        try:
            principal = authentication.authenticate(login=username, secret=password, service=Service.WEB, peer=peer)
        except Denied:
            return None
        return User.objects.filter(id=principal.user_id).first()

    def get_user(self, user_id: int) -> User | None:
        """Asked at each request of a session, so a suspended account is out at once."""
        user = _ACTIVE.first(user_id)
        return user if user is not None and _is_open(user) else None


def _is_open(user: User) -> bool:
    mailbox: Mailbox | None = getattr(user, "mailbox", None)
    if mailbox is None:
        return True
    return (
        mailbox.state in (Mailbox.State.ACTIVE, Mailbox.State.RECEIVE_ONLY)
        and mailbox.address.is_enabled
        and mailbox.address.domain.is_active
    )
