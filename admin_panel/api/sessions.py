"""/api/v1/mailboxes/{id}/sessions: browsers a person is signed in with."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.directory import browsers

from .base import Resource, read_id
from .credentials import user_of
from .policyshapes import SessionShape

_MAILBOX = OpenApiParameter("mailbox_id", int, "path")


class Sessions(Resource):
    area = "credentials"
    serializer_class = SessionShape
    pagination_class = None  # type: ignore[assignment]

    @extend_schema(parameters=[_MAILBOX], responses=SessionShape(many=True))
    def list(self, request: Request, mailbox_id: str) -> Response:
        found = browsers.list_all(user_id=user_of(request, mailbox_id))
        return Response(self.get_serializer(found, many=True).data)

    @extend_schema(parameters=[_MAILBOX, OpenApiParameter("id", int, "path")], responses={204: None})
    def destroy(self, request: Request, mailbox_id: str, pk: str) -> Response:
        """Sign one browser out; sign-out of the mailbox ends them all."""
        browsers.end(user_id=user_of(request, mailbox_id), place_id=read_id(pk))
        return Response(status=204)
