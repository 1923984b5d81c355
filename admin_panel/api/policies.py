"""/api/v1/policies/{owner}/limits and /rules, /api/v1/suspects. An owner is `server`, a domain or an address."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from admin_panel import policies

from .authentication import actor_of
from .base import Resource, read
from .parameters import IDEMPOTENT
from .policyshapes import LimitPage, LimitShape, LimitsPatch, NewRule, RulePage, RuleShape, SuspectPage, SuspectShape
from .replaying import once

_OWNER = OpenApiParameter("owner", str, "path", description="server, a domain or an address")


class Limits(Resource):
    area = "policies"
    serializer_class = LimitShape

    @extend_schema(parameters=[_OWNER], responses=LimitPage)
    def list(self, request: Request, owner: str) -> Response:
        """Thresholds and limits, what holds and which level set it."""
        found = policies.list_limits(policies.find_owner(actor_of(request), owner))
        return Response({"results": self.get_serializer(found, many=True).data})

    @extend_schema(parameters=[_OWNER], request=LimitsPatch, responses=LimitPage)
    def partial_update(self, request: Request, owner: str) -> Response:
        """Set some, or with null leave them to the level above. All or none."""
        actor = actor_of(request)
        found = policies.find_owner(actor, owner)
        policies.set_limits(actor, found, read(LimitsPatch, request)["limits"])
        return Response({"results": self.get_serializer(policies.list_limits(found), many=True).data})


class Rules(Resource):
    area = "policies"
    serializer_class = RuleShape

    @extend_schema(parameters=[_OWNER], responses=RulePage)
    def list(self, request: Request, owner: str) -> Response:
        """The owner's own allow and block list and those above it, the nearest first."""
        return self._list(policies.find_owner(actor_of(request), owner))

    @extend_schema(parameters=[_OWNER, IDEMPOTENT], request=NewRule, responses=RulePage)
    def create(self, request: Request, owner: str) -> Response:
        """Add a line, or replace the one of the same pattern."""
        found = policies.find_owner(actor_of(request), owner)
        wanted = read(NewRule, request)

        def put() -> Response:
            policies.put_rule(found, **wanted)
            return self._list(found)

        return once(request, put)

    @extend_schema(parameters=[_OWNER, OpenApiParameter("pattern", str, required=True)], responses={204: None})
    def destroy(self, request: Request, owner: str) -> Response:
        """Take a line off the owner's own list."""
        policies.remove_rule(policies.find_owner(actor_of(request), owner), pattern=request.query_params.get("pattern", ""))
        return Response(status=204)

    def _list(self, owner: policies.Owner) -> Response:
        return Response({"results": self.get_serializer(policies.list_rules(owner), many=True).data})


class Suspects(Resource):
    area = "policies"
    serializer_class = SuspectShape
    lookup_field = "login"
    lookup_value_regex = r"[^/\s]{1,330}"

    @extend_schema(responses=SuspectPage)
    def list(self, request: Request) -> Response:
        """Logins that suddenly send, whose mail is held."""
        return Response({"results": self.get_serializer(policies.list_suspects(actor_of(request)), many=True).data})

    @extend_schema(parameters=[OpenApiParameter("login", str, "path")], responses={204: None})
    def destroy(self, request: Request, login: str) -> Response:
        """Believe a login again. What is held stays so until it is released."""
        policies.clear_suspect(actor_of(request), login=login)
        return Response(status=204)
