"""Bearer keys (RFC 6750 §2.1). A request carries an `access.Actor` as `request.auth`."""

from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from mailcore.audit import acting
from mailcore.directory import access, keys
from mailcore.directory.access import Actor
from mailcore.kernel.errors import Denied

if TYPE_CHECKING:  # the settings name this module, and rest_framework.views reads them while it is loaded
    from rest_framework.views import APIView

_READS = ("GET", "HEAD", "OPTIONS")


class KeyOwner:
    """What DRF wants to see as the user of a request that a program makes."""

    is_authenticated = True

    def __init__(self, actor: Actor) -> None:
        self.pk = actor.user_id
        self.name = actor.name


class KeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[KeyOwner, Actor] | None:
        actor = getattr(request._request, "batch_actor", None)
        if not isinstance(actor, Actor):
            scheme, _, text = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not text.strip():
                return None
            try:
                actor = keys.open_key(text.strip(), peer=request.META.get("REMOTE_ADDR", ""))
            except Denied as error:
                raise AuthenticationFailed(error.public) from error
        acting.identify(name=actor.name, user_id=actor.user_id)
        return KeyOwner(actor), actor

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="facteur"'


class HasScope(BasePermission):
    """Asks for `<area>:read` or `<area>:write`, by the method; the view names its area, "" where any key will do."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        actor = request.auth
        if not isinstance(actor, Actor):
            return False
        area = view.area  # type: ignore[attr-defined]
        if area:
            access.require_scope(actor, f"{area}:{'read' if request.method in _READS else 'write'}")
        return True


def actor_of(request: Request) -> Actor:
    assert isinstance(request.auth, Actor)
    return request.auth
