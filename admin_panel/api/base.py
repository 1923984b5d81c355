"""What the resources share: key, scope, rate, who is acting, pages by cursor, and versions of what is shown."""

import hashlib
import json
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.viewsets import GenericViewSet

from mailcore.audit.acting import Acting, Via, acting_as, current, new_request_id
from mailcore.kernel.errors import Conflict, NotFound

from .authentication import HasScope, KeyAuthentication
from .paging import ByCursor
from .rates import ByKey


class Stale(Conflict):
    """The object is not as the caller last saw it."""


class Resource(GenericViewSet[Any]):
    area: ClassVar[str]
    """The first half of the scopes it asks for; "" where any key will do."""
    authentication_classes = (KeyAuthentication,)
    permission_classes = (HasScope,)
    throttle_classes = (ByKey,)
    pagination_class = ByCursor
    lookup_value_regex = r"[0-9]{1,18}"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request_id = current().request_id if hasattr(request, "batch_actor") else new_request_id()
        with acting_as(Acting("nobody", Via.API, peer=request.META.get("REMOTE_ADDR", ""), request_id=request_id)):
            answer = super().dispatch(request, *args, **kwargs)
        answer.headers["Request-Id"] = request_id
        return answer

    def page(self, rows: QuerySet[Model]) -> Response:
        found = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(found, many=True).data)

    def shown(self, one: object, *, status: int = 200, location: str = "") -> Response:
        """The object with its version. 304 where the caller has just this one (RFC 9110 §13.1.2)."""
        data = self.get_serializer(one).data
        version = make_version(data)
        if self.request.method == "GET" and version in _listed(self.request.headers.get("If-None-Match", "")):
            return Response(status=304, headers={"ETag": version})
        return Response(data, status=status, headers={"ETag": version} | ({"Location": location} if location else {}))

    def require_fresh(self, one: object) -> None:
        """Stale where If-Match names another version (RFC 9110 §13.1.1). Asked inside the transaction of the change."""
        wanted = self.request.headers.get("If-Match", "")
        if wanted and wanted != "*" and make_version(self.get_serializer(one).data) not in _listed(wanted):
            raise Stale("This has changed since you read it. Read it again, and then change it.")


def make_version(data: Any) -> str:
    """An entity tag: equal exactly where what is shown is equal."""
    text = json.dumps(data, sort_keys=True, default=str)
    return f'"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}"'


def _listed(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",") if tag.strip()}


def lock(rows: QuerySet[Any]) -> None:
    """Hold rows until the end of the transaction, so that a version that was compared stays true."""
    if transaction.get_connection().features.has_select_for_update:
        list(rows.select_for_update().values_list("pk", flat=True))


def read(shape: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The checked body of a request. A name it does not know is an error: it is a typing mistake more often than not."""
    serializer: BaseSerializer[Any] = shape(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def read_id(text: str) -> int:
    """The id in a path; what is no number names nothing."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise NotFound("There is no such object.")
    return int(text)
