"""What the resources share: key, scope, pages by cursor."""

from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.viewsets import GenericViewSet

from mailcore.kernel.errors import NotFound

from .authentication import HasScope, KeyAuthentication
from .paging import ByCursor


class Resource(GenericViewSet[Any]):
    area: ClassVar[str]
    """The first half of the scopes it asks for."""
    authentication_classes = (KeyAuthentication,)
    permission_classes = (HasScope,)
    pagination_class = ByCursor
    lookup_value_regex = r"[0-9]{1,18}"

    def page(self, rows: QuerySet[Model]) -> Response:
        found = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(found, many=True).data)

    def shown(self, one: object, *, status: int = 200, location: str = "") -> Response:
        headers = {"Location": location} if location else None
        return Response(self.get_serializer(one).data, status=status, headers=headers)


def read(shape: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The checked body of a request."""
    serializer: BaseSerializer[Any] = shape(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def read_id(text: str) -> int:
    """The id in a path; what is no number names nothing."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise NotFound("There is no such object.")
    return int(text)
