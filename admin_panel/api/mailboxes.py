"""/api/v1/mailboxes"""

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.directory import access, mailboxes
from mailcore.directory.models import Mailbox
from mailcore.kernel.addresses import fold_domain

from .authentication import actor_of
from .base import Resource, read, read_id
from .shapes import MailboxPatch, MailboxShape, NewMailbox


class Mailboxes(Resource):
    area = "mailboxes"
    queryset = Mailbox.objects.none()
    serializer_class = MailboxShape

    @extend_schema(parameters=[OpenApiParameter("domain", str), OpenApiParameter("address", str)])
    def list(self, request: Request) -> Response:
        found = access.list_mailboxes(actor_of(request))
        if domain := request.query_params.get("domain"):
            found = found.filter(address__domain__name=fold_domain(domain))
        if address := request.query_params.get("address"):
            parsed = mailboxes.parse(address)
            found = found.filter(address__domain__name=parsed.domain, address__local=parsed.folded_local)
        return self.page(found)

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.shown(access.access_mailbox(actor_of(request), mailbox_id=read_id(pk)))

    @extend_schema(request=NewMailbox, responses={201: MailboxShape})
    def create(self, request: Request) -> Response:
        """Make a mailbox and its login. Without a password nobody can log in until one is set."""
        wanted = read(NewMailbox, request)
        access.require_domain(actor_of(request), name=mailboxes.parse(wanted["address"]).domain)
        mailbox = mailboxes.create(**wanted)
        return self.shown(mailbox, status=201, location=reverse("api:mailbox-detail", args=[mailbox.id]))

    @extend_schema(request=MailboxPatch, responses=MailboxShape)
    def partial_update(self, request: Request, pk: str) -> Response:
        actor = actor_of(request)
        box = access.access_mailbox(actor, mailbox_id=read_id(pk), to_change=True)
        change = read(MailboxPatch, request)
        with transaction.atomic():
            if "quota_bytes" in change:
                mailboxes.set_quota(mailbox_id=box.id, quota_bytes=change["quota_bytes"])
            if "shown_name" in change:
                mailboxes.set_shown_name(mailbox_id=box.id, shown_name=change["shown_name"])
            if "state" in change:
                (mailboxes.resume if change["state"] == Mailbox.State.ACTIVE else mailboxes.suspend)(mailbox_id=box.id)
            if "password" in change:
                mailboxes.set_password(mailbox_id=box.id, password=change["password"])
        return self.shown(mailboxes.get_by_id(mailbox_id=box.id))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        box = access.access_mailbox(actor_of(request), mailbox_id=read_id(pk), to_change=True)
        mailboxes.remove(mailbox_id=box.id)
        return Response(status=204)
