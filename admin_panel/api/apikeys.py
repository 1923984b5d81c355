"""/api/v1/keys: keys that keys make. None can do more than the one that made it."""

from collections.abc import Sequence

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.directory import access, domains, keys
from mailcore.directory.access import Actor
from mailcore.directory.faults import BadField
from mailcore.directory.models import ApiKey, Domain, User
from mailcore.kernel.errors import Denied, NotFound

from .authentication import actor_of
from .base import Resource, read, read_id
from .shapes import KeyMade, KeyShape, NewKey


class Keys(Resource):
    area = "keys"
    queryset = ApiKey.objects.none()
    serializer_class = KeyShape

    def list(self, request: Request) -> Response:
        return self.page(self._reach(request))

    @extend_schema(request=NewKey, responses={201: KeyMade})
    def create(self, request: Request) -> Response:
        """Make a key of the same owner; its text is seen this once. Its scopes, domains and end are within those of this key."""
        actor, wanted = actor_of(request), read(NewKey, request)
        mine = _own(actor)
        excess = sorted(set(wanted["scopes"]) - (actor.scopes or frozenset()))
        if excess:
            raise Denied(f"This key lacks {', '.join(excess)}, and cannot give it away.")
        if mine.networks and not wanted["networks"]:
            wanted["networks"] = mine.networks.split()
        if mine.networks and not keys.are_within(wanted["networks"], mine.networks.split()):
            raise Denied("This key cannot make one that may be used from elsewhere.")
        ends = [at for at in (mine.expires_at, wanted["expires_at"]) if at is not None]
        limited = self._domains(request, wanted["domains"])
        key, text = keys.create(
            owner=mine.owner,
            name=wanted["name"],
            scopes=tuple(wanted["scopes"]),
            domains=limited,
            expires_at=min(ends, default=None),
            networks=tuple(wanted["networks"]),
        )
        return Response(self.get_serializer(key).data | {"key": text}, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        if not self._reach(request).filter(id=read_id(pk)).exists():
            raise NotFound("There is no such key.")
        keys.remove(key_id=read_id(pk))
        return Response(status=204)

    def _reach(self, request: Request) -> QuerySet[ApiKey]:
        """A limited key sees those that are as limited; the server's administrator every one."""
        actor = actor_of(request)
        found = ApiKey.objects.select_related("owner").prefetch_related("domains").order_by("id")
        if actor.is_root and actor.domain_ids is None:
            return found
        found = found.filter(owner=User(id=actor.user_id))
        if _own(actor).is_limited:
            found = found.filter(is_limited=True).exclude(domains__in=Domain.objects.exclude(id__in=actor.domain_ids or ()))
        return found

    def _domains(self, request: Request, names: Sequence[str] | None) -> tuple[Domain, ...] | None:
        actor = actor_of(request)
        if names is None:
            mine = _own(actor)
            return tuple(mine.domains.all()) if mine.is_limited else None
        found = []
        for name in names:
            try:
                domain = domains.get(name=name)
                access.require_domain(actor, name=domain.name)
            except NotFound as error:
                raise BadField("domains", error.public) from error
            found.append(domain)
        return tuple(found)


def _own(actor: Actor) -> ApiKey:
    """The key that is asking."""
    assert actor.key_id is not None
    return ApiKey.objects.select_related("owner").get(id=actor.key_id)
