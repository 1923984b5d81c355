"""/api/v1/webhooks"""

from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.audit import log
from mailcore.webhooks import endpoints
from mailcore.webhooks.models import Delivery, Endpoint

from .authentication import actor_of
from .base import Resource, read, read_id
from .parameters import BEFORE, IDEMPOTENT, LIMIT
from .queue import read_window
from .replaying import once
from .shapes import DeliveryPage, DeliveryShape, NewWebhook, SecretShape, WebhookMade, WebhookPatch, WebhookShape


class Webhooks(Resource):
    area = "webhooks"
    queryset = Endpoint.objects.none()
    serializer_class = WebhookShape

    def list(self, request: Request) -> Response:
        return self.page(endpoints.within_reach(endpoints.list_all(owner_id=_owner(request)), domains=actor_of(request).domain_names))

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.shown(self._get(request, pk))

    @extend_schema(request=NewWebhook, responses={201: WebhookMade}, parameters=[IDEMPOTENT])
    def create(self, request: Request) -> Response:
        """Make one; its secret is seen this once. It is told of the domains within the reach of this key."""
        actor, wanted = actor_of(request), read(NewWebhook, request)
        made: list[str] = []

        def make() -> Response:
            endpoint, secret = endpoints.create(owner_id=actor.user_id, domains=actor.domain_names, **wanted)
            log.record("webhook.created", object_id=endpoint.pk, name=endpoint.url, after={"url": endpoint.url, "kinds": endpoint.kinds})
            made.append(secret)
            return Response(self.get_serializer(endpoint).data | {"secret": None}, status=201)

        with transaction.atomic():
            answer = once(request, make)
        return Response(answer.data | {"secret": made[0]}, status=201) if made else answer

    @extend_schema(request=WebhookPatch, responses=WebhookShape)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change it. Switched on again, what waits is told at once."""
        wanted = read(WebhookPatch, request)
        with transaction.atomic():
            endpoint = self._get(request, pk)
            before = {"url": endpoint.url, "kinds": endpoint.kinds, "is_enabled": endpoint.is_enabled}
            changed = endpoints.change(endpoint_id=endpoint.pk, **wanted)
            after = {"url": changed.url, "kinds": changed.kinds, "is_enabled": changed.is_enabled}
            log.record("webhook.changed", object_id=endpoint.pk, name=endpoint.url, before=before, after=after)
        return self.shown(changed)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        with transaction.atomic():
            endpoint = self._get(request, pk)
            log.record("webhook.removed", object_id=endpoint.pk, name=endpoint.url, before={"url": endpoint.url, "kinds": endpoint.kinds})
            endpoints.remove(endpoint_id=endpoint.pk)
        return Response(status=204)

    @extend_schema(request=None, responses=SecretShape)
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: str) -> Response:
        """A new secret; the old one signs too for a day."""
        with transaction.atomic():
            endpoint = self._get(request, pk)
            secret = endpoints.rotate(endpoint_id=endpoint.pk)
            log.record("webhook.rotated", object_id=endpoint.pk, name=endpoint.url, after={"old_signs_until": "a day from now"})
        return Response({"secret": secret})

    @extend_schema(responses=DeliveryPage, parameters=[BEFORE, LIMIT])
    @action(detail=True, methods=["get"], pagination_class=None)
    def deliveries(self, request: Request, pk: str) -> Response:
        """What it was told, newest first."""
        limit, before = read_window(request)
        found = Delivery.objects.filter(endpoint=self._get(request, pk)).order_by("-id")
        rows = list((found if before is None else found.filter(id__lt=before))[:limit])
        following = str(rows[-1].pk) if len(rows) == limit else None
        return Response({"next": following, "results": DeliveryShape(rows, many=True).data})

    @extend_schema(request=None, responses={204: None}, parameters=[OpenApiParameter("delivery_id", int, "path")])
    @action(detail=True, methods=["post"], url_path=r"deliveries/(?P<delivery_id>[0-9]{1,18})/again")
    def again(self, request: Request, pk: str, delivery_id: str) -> Response:
        """Tell it once more."""
        endpoints.send_again(endpoint_id=self._get(request, pk).pk, delivery_id=read_id(delivery_id))
        return Response(status=204)

    def _get(self, request: Request, pk: str) -> Endpoint:
        return endpoints.get(endpoint_id=read_id(pk), owner_id=_owner(request), domains=actor_of(request).domain_names)


def _owner(request: Request) -> int | None:
    """An administrator of the whole server sees everybody's."""
    actor = actor_of(request)
    return None if actor.is_root and actor.domain_ids is None else actor.user_id
