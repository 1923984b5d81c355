"""/api/v1/mailboxes"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.directory import access, browsers, mailboxes, users
from mailcore.directory.faults import BadField
from mailcore.directory.models import Address, Mailbox
from mailcore.directory.passwords import hash_password
from mailcore.kernel.addresses import fold_domain
from mailcore.kernel.errors import NotFound

from .authentication import actor_of
from .base import Resource, lock, read, read_id
from .parameters import ANY_ADDRESS, IDEMPOTENT, MATCH
from .replaying import once
from .shapes import MailboxPatch, MailboxPut, MailboxShape, NewMailbox, Rename

MAX_DAYS = 365
_CHANGES = {
    Mailbox.State.ACTIVE: mailboxes.resume,
    Mailbox.State.RECEIVE_ONLY: mailboxes.receive_only,
    Mailbox.State.SUSPENDED: mailboxes.suspend,
}


class Mailboxes(Resource):
    area = "mailboxes"
    queryset = Mailbox.objects.none()
    serializer_class = MailboxShape

    @extend_schema(parameters=[OpenApiParameter("domain", str), OpenApiParameter("address", str), OpenApiParameter("state", str)])
    def list(self, request: Request) -> Response:
        found = access.list_mailboxes(actor_of(request))
        if domain := request.query_params.get("domain"):
            found = found.filter(address__domain__name=fold_domain(domain))
        if address := request.query_params.get("address"):
            parsed = mailboxes.parse(address)
            found = found.filter(address__domain__name=parsed.domain, address__local=parsed.folded_local)
        if state := request.query_params.get("state"):
            found = found.filter(state=state)
        return self.page(found)

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.shown(access.access_mailbox(actor_of(request), mailbox_id=read_id(pk)))

    @extend_schema(request=NewMailbox, responses={201: MailboxShape}, parameters=[IDEMPOTENT])
    def create(self, request: Request) -> Response:
        """Make a mailbox and its login. Without a password or hash nobody can log in until one is set."""
        wanted = read(NewMailbox, request)
        access.require_domain(actor_of(request), name=mailboxes.parse(wanted["address"]).domain)
        new = mailboxes.prepare(**wanted)
        return once(request, lambda: self._made(mailboxes.add(new)))

    @extend_schema(request=MailboxPatch, responses=MailboxShape, parameters=[MATCH])
    def partial_update(self, request: Request, pk: str) -> Response:
        change = _with_hash(read(MailboxPatch, request))
        with transaction.atomic():
            return self._change(access.access_mailbox(actor_of(request), mailbox_id=read_id(pk), to_change=True), change)

    @extend_schema(
        responses={204: None, 200: MailboxShape},
        parameters=[
            MATCH,
            OpenApiParameter("after_days", int, description="Close it now, remove it later; it can be restored till then."),
        ],
    )
    def destroy(self, request: Request, pk: str) -> Response:
        actor, after = actor_of(request), read_id(request.query_params.get("after_days", "0"))
        if after > MAX_DAYS:
            raise BadField("after_days", f"Give at most {MAX_DAYS} days.")
        with transaction.atomic():
            box = access.access_mailbox(actor, mailbox_id=read_id(pk), to_change=True)
            self.require_fresh(box)
            if not after:
                mailboxes.remove(mailbox_id=box.id)
                return Response(status=204)
            mailboxes.remove_later(mailbox_id=box.id, at=timezone.now() + timedelta(days=after))
            return self.shown(mailboxes.get_by_id(mailbox_id=box.id))

    @extend_schema(request=None, responses=MailboxShape, parameters=[IDEMPOTENT])
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        """Bring back what was to be removed."""
        box = access.access_mailbox(actor_of(request), mailbox_id=read_id(pk), to_change=True)
        return once(request, lambda: self._changed(box.id, mailboxes.resume))

    @extend_schema(request=Rename, responses=MailboxShape, parameters=[IDEMPOTENT])
    @action(detail=True, methods=["post"])
    def rename(self, request: Request, pk: str) -> Response:
        """Give it another address and login; the old address stays as an alias unless `keep_old` is false."""
        actor = actor_of(request)
        box = access.access_mailbox(actor, mailbox_id=read_id(pk), to_change=True)
        wanted = read(Rename, request)
        access.require_domain(actor, name=mailboxes.parse(wanted["address"]).domain)
        return once(request, lambda: self.shown(mailboxes.rename(mailbox_id=box.id, **wanted)))

    @extend_schema(request=None, responses={204: None}, parameters=[IDEMPOTENT])
    @action(detail=True, methods=["post"], url_path="sign-out")
    def sign_out(self, request: Request, pk: str) -> Response:
        """End every page session and remembered login of the mailbox; its passwords stay."""
        user_id = access.access_mailbox(actor_of(request), mailbox_id=read_id(pk), to_change=True).user_id
        if user_id is None:
            raise NotFound("This mailbox has no login of its own.")
        browsers.end_all(user_id=user_id)
        return Response(status=204)

    @extend_schema(
        methods=["PUT"],
        request=MailboxPut,
        responses={200: MailboxShape, 201: MailboxShape},
        parameters=[OpenApiParameter("address", str, "path"), MATCH],
    )
    @extend_schema(methods=["GET"], responses=MailboxShape, parameters=[OpenApiParameter("address", str, "path")])
    @action(detail=False, methods=["get", "put"], url_path=f"by-address/(?P<address>{ANY_ADDRESS})")
    def by_address(self, request: Request, address: str) -> Response:
        """GET the mailbox of an address. PUT makes it where it is missing, and else gives it exactly this state.

        A password that is left out stays as it is.
        """
        actor = actor_of(request)
        parsed = mailboxes.parse(address)
        access.require_domain(actor, name=parsed.domain)
        held = access.list_mailboxes(actor).filter(address__domain__name=parsed.domain, address__local=parsed.folded_local)
        if request.method == "GET":
            return self.shown(access.access_mailbox(actor, mailbox_id=getattr(held.first(), "id", 0)))
        wanted = _with_hash(read(MailboxPut, request))
        with transaction.atomic():
            box = held.first()
            if box is not None:
                return self._change(access.access_mailbox(actor, mailbox_id=box.id, to_change=True), wanted)
            new = {key: wanted[key] for key in ("quota_bytes", "shown_name")}
            box = mailboxes.add(mailboxes.prepare(address=address, password_hash=wanted.get("password_hash", ""), **new))
            if wanted["state"] != Mailbox.State.ACTIVE:
                _CHANGES[wanted["state"]](mailbox_id=box.id)
            return self._made(mailboxes.get_by_id(mailbox_id=box.id))

    def _made(self, box: Mailbox) -> Response:
        return self.shown(box, status=201, location=reverse("api:mailbox-detail", args=[box.id]))

    def _changed(self, mailbox_id: int, change: Any) -> Response:
        change(mailbox_id=mailbox_id)
        return self.shown(mailboxes.get_by_id(mailbox_id=mailbox_id))

    def _change(self, box: Mailbox, change: dict[str, Any]) -> Response:
        lock(Address.objects.filter(id=box.address_id))
        self.require_fresh(box)
        if "quota_bytes" in change and change["quota_bytes"] != box.quota_bytes:
            mailboxes.set_quota(mailbox_id=box.id, quota_bytes=change["quota_bytes"])
        if "shown_name" in change and change["shown_name"] != (box.user.shown_name if box.user else ""):
            mailboxes.set_shown_name(mailbox_id=box.id, shown_name=change["shown_name"])
        if "state" in change and change["state"] != box.state:
            _CHANGES[change["state"]](mailbox_id=box.id)
        if change.get("password_hash"):
            mailboxes.set_password_hash(mailbox_id=box.id, password_hash=change["password_hash"])
        return self.shown(mailboxes.get_by_id(mailbox_id=box.id))


def _with_hash(values: dict[str, Any]) -> dict[str, Any]:
    """Hash a password before any transaction is begun."""
    password = values.pop("password", None)
    if password is not None:
        values["password_hash"] = hash_password(users.check_strength(password)).removeprefix("argon2")
    return values
