"""/api/v1/lists, their members and held posts"""

from typing import Any

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.directory import access, mailboxes
from mailcore.kernel.addresses import fold_domain
from mailcore.kernel.errors import NotFound
from mailcore.lists import fanning, holding, register, roster
from mailcore.lists.models import MailingList, Member, Post

from .authentication import actor_of
from .base import Resource, lock, read, read_id
from .listshapes import Decision, HeldPostShape, ListPatch, ListShape, MemberPatch, MemberShape, NewList, NewMember
from .parameters import IDEMPOTENT, MATCH
from .replaying import once


class Lists(Resource):
    area = "lists"
    queryset = MailingList.objects.none()
    serializer_class = ListShape

    @extend_schema(parameters=[OpenApiParameter("domain", str)])
    def list(self, request: Request) -> Response:
        found = register.within(actor_of(request))
        if domain := request.query_params.get("domain"):
            found = found.filter(address__domain__name=fold_domain(domain))
        return self.page(found)

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.shown(register.access(actor_of(request), list_id=read_id(pk)))

    @extend_schema(request=NewList, responses={201: ListShape}, parameters=[IDEMPOTENT])
    def create(self, request: Request) -> Response:
        wanted = read(NewList, request)
        access.require_domain(actor_of(request), name=mailboxes.parse(wanted["address"]).domain)
        return once(request, lambda: self._create(request, wanted))

    @extend_schema(request=ListPatch, responses=ListShape, parameters=[MATCH])
    def partial_update(self, request: Request, pk: str) -> Response:
        actor, change = actor_of(request), read(ListPatch, request)
        with transaction.atomic():
            row = register.access(actor, list_id=read_id(pk))
            lock(MailingList.objects.filter(id=row.pk))
            self.require_fresh(row)
            if "is_enabled" in change:
                register.set_enabled(list_id=row.pk, is_enabled=change.pop("is_enabled"))
            if change:
                register.change(list_id=row.pk, **change)
            return self.shown(register.access(actor, list_id=row.pk))

    @extend_schema(responses={204: None}, parameters=[MATCH])
    def destroy(self, request: Request, pk: str) -> Response:
        with transaction.atomic():
            row = register.access(actor_of(request), list_id=read_id(pk))
            self.require_fresh(row)
            register.remove(list_id=row.pk)
        return Response(status=204)

    def _create(self, request: Request, wanted: dict[str, Any]) -> Response:
        is_enabled = wanted.pop("is_enabled", True)
        row = register.create(**wanted)
        if not is_enabled:
            register.set_enabled(list_id=row.pk, is_enabled=False)
        made = register.access(actor_of(request), list_id=row.pk)
        return self.shown(made, status=201, location=reverse("api:list-detail", args=[row.pk]))


class Members(Resource):
    area = "lists"
    queryset = Member.objects.none()
    serializer_class = MemberShape

    @extend_schema(parameters=[OpenApiParameter("q", str, description="Part of the address or name")])
    def list(self, request: Request, list_id: str) -> Response:
        return self.page(roster.search(_find_list(request, list_id), request.query_params.get("q", "")))

    @extend_schema(request=NewMember, responses={201: MemberShape}, parameters=[IDEMPOTENT])
    def create(self, request: Request, list_id: str) -> Response:
        """Without a confirmation: the caller answers for it that the person wants it."""
        row, wanted = _find_list(request, list_id), read(NewMember, request)

        def make() -> Response:
            member = roster.add(row=row, **wanted)
            return self.shown(member, status=201, location=reverse("api:list-member", args=[row.pk, member.pk]))

        return once(request, make)

    @extend_schema(request=MemberPatch, responses=MemberShape, parameters=[MATCH])
    def partial_update(self, request: Request, list_id: str, pk: str) -> Response:
        change = read(MemberPatch, request)
        with transaction.atomic():
            member = self._find(request, list_id, pk)
            lock(Member.objects.filter(id=member.pk))
            self.require_fresh(member)
            roster.change(member_id=member.pk, **change)
            member.refresh_from_db()
        return self.shown(member)

    @extend_schema(responses={204: None}, parameters=[MATCH])
    def destroy(self, request: Request, list_id: str, pk: str) -> Response:
        with transaction.atomic():
            member = self._find(request, list_id, pk)
            self.require_fresh(member)
            roster.remove(member_id=member.pk, why="removed by the API")
        return Response(status=204)

    def _find(self, request: Request, list_id: str, pk: str) -> Member:
        member = Member.objects.filter(mailing_list=_find_list(request, list_id), id=read_id(pk)).first()
        if member is None:
            raise NotFound("There is no such member.")
        return member


class Held(Resource):
    area = "lists"
    queryset = Post.objects.none()
    serializer_class = HeldPostShape

    def list(self, request: Request, list_id: str) -> Response:
        return self.page(holding.held(_find_list(request, list_id)))

    @extend_schema(request=Decision, responses={204: None})
    def decide(self, request: Request, list_id: str, pk: str) -> Response:
        """A post that was decided about already is a conflict."""
        row, wanted, by = _find_list(request, list_id), read(Decision, request), actor_of(request).name
        post = holding.get(row=row, post_id=read_id(pk))
        if wanted["decision"] == "approve":
            holding.approve(post, by=by)
            fanning.run(rounds=1)
        elif wanted["decision"] == "reject":
            holding.reject(post, by=by, reason=wanted["reason"])
        else:
            holding.discard(post, by=by)
        return Response(status=204)


def _find_list(request: Request, list_id: str) -> MailingList:
    return register.access(actor_of(request), list_id=read_id(list_id))
