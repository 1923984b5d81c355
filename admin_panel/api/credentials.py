"""/api/v1/mailboxes/{id}/app-passwords"""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.directory import access, users
from mailcore.directory.models import AppPassword
from mailcore.kernel.errors import NotFound
from mailcore.kernel.principal import Service

from .authentication import actor_of
from .base import Resource, read, read_id
from .parameters import IDEMPOTENT
from .replaying import once
from .shapes import AppPasswordMade, AppPasswordShape, NewAppPassword

_MAILBOX = OpenApiParameter("mailbox_id", int, "path")


class AppPasswords(Resource):
    area = "credentials"
    queryset = AppPassword.objects.none()
    serializer_class = AppPasswordShape

    @extend_schema(parameters=[_MAILBOX], responses=AppPasswordShape(many=True))
    def list(self, request: Request, mailbox_id: str) -> Response:
        found = users.list_app_passwords(user_id=user_of(request, mailbox_id))
        return Response(self.get_serializer(found, many=True).data)

    @extend_schema(parameters=[_MAILBOX, IDEMPOTENT], request=NewAppPassword, responses={201: AppPasswordMade})
    def create(self, request: Request, mailbox_id: str) -> Response:
        """Make one; the answer is the only time it is seen, so that a replay does not show it again."""
        user_id = user_of(request, mailbox_id)
        wanted = read(NewAppPassword, request)
        services = tuple(Service(name) for name in wanted["services"])
        made: list[str] = []

        def make() -> Response:
            made.append(users.add_app_password(user_id=user_id, name=wanted["name"], services=services))
            row = users.list_app_passwords(user_id=user_id)[-1]
            return Response(self.get_serializer(row).data | {"secret": None}, status=201)

        answer = once(request, make)
        return Response(answer.data | {"secret": made[0]}, status=201) if made else answer

    @extend_schema(parameters=[_MAILBOX, OpenApiParameter("id", int, "path")], responses={204: None})
    def destroy(self, request: Request, mailbox_id: str, pk: str) -> Response:
        users.remove_app_password(user_id=user_of(request, mailbox_id), app_password_id=read_id(pk))
        return Response(status=204)


def user_of(request: Request, mailbox_id: str) -> int:
    to_change = request.method != "GET"
    user_id = access.access_mailbox(actor_of(request), mailbox_id=read_id(mailbox_id), to_change=to_change).user_id
    if user_id is None:
        raise NotFound("This mailbox has no login of its own.")
    return user_id
