"""/api/v1/administrators: who rules the server, and who looks after which domains. For administrators of the server only."""

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.directory import access, domains, users
from mailcore.directory.faults import BadField
from mailcore.directory.models import Domain, User
from mailcore.kernel.errors import Conflict, NotFound

from .authentication import actor_of
from .base import Resource, read
from .parameters import IDEMPOTENT
from .replaying import once
from .shapes import AdministratorPut, AdministratorShape, NewAdministrator


class Administrators(Resource):
    area = "administrators"
    queryset = User.objects.none()
    serializer_class = AdministratorShape
    lookup_field = "login"
    lookup_value_regex = r"[^/\s]{1,320}"

    def list(self, request: Request) -> Response:
        access.require_everything(actor_of(request))
        return self.page(User.objects.exclude(role=User.Role.USER).prefetch_related("domains"))

    def retrieve(self, request: Request, login: str) -> Response:
        access.require_everything(actor_of(request))
        return self.shown(_get(login))

    @extend_schema(request=NewAdministrator, responses={201: AdministratorShape}, parameters=[IDEMPOTENT])
    def create(self, request: Request) -> Response:
        """Make an administrator of the server without a mailbox."""
        access.require_everything(actor_of(request))
        wanted = read(NewAdministrator, request)
        return once(request, lambda: self.shown(users.create(role=User.Role.ROOT, **wanted), status=201))

    @extend_schema(request=AdministratorPut, responses=AdministratorShape)
    def update(self, request: Request, login: str) -> Response:
        """Give a login of a mailbox a role: `root`, or `domain_admin` of some domains."""
        access.require_everything(actor_of(request))
        wanted = read(AdministratorPut, request)
        if (wanted["role"] == User.Role.DOMAIN_ADMIN) != bool(wanted["domains"]):
            raise BadField("domains", "Name domains for domain_admin, and none for root.")
        with transaction.atomic():
            user = users.get(login=login)
            if user.role == User.Role.ROOT and wanted["role"] != User.Role.ROOT:
                raise Conflict("Take the rule of the server away first, by DELETE.")
            found = tuple(_domain(name) for name in wanted["domains"])
            users.set_role(user_id=user.id, role=User.Role(wanted["role"]), domains=found)
        return self.shown(_get(login))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, login: str) -> Response:
        """Take every role away; an administrator without a mailbox goes altogether. The last one of the server stays."""
        access.require_everything(actor_of(request))
        user = _get(login)
        if user.role == User.Role.ROOT:
            users.remove_root(user_id=user.id)
        else:
            users.set_role(user_id=user.id, role=User.Role.USER)
        return Response(status=204)


def _get(login: str) -> User:
    user = users.get(login=login)
    if user.role == User.Role.USER:
        raise NotFound("There is no such administrator.")
    return user


def _domain(name: str) -> Domain:
    try:
        return domains.get(name=name)
    except NotFound as error:
        raise BadField("domains", error.public) from error
