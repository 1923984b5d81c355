"""/api/v1/archive: deleted mail, the journal, holds, periods, and the way back to a moment."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.archive import holds, levels, moments, owners, undeleting
from mailcore.archive.holds import NewHold
from mailcore.archive.journal import finding, verifying
from mailcore.archive.journal.finding import Query
from mailcore.archive.owners import Owner
from mailcore.archive.rewinding import applying, planning
from mailcore.audit import log
from mailcore.kernel.errors import NotFound

from ..pages.archive import list_journals
from . import archiveshapes as shapes
from .authentication import actor_of
from .base import Resource, read, read_id
from .parameters import BEFORE, IDEMPOTENT, LIMIT
from .queue import read_window
from .replaying import once

_ADDRESS = OpenApiParameter("address", str, required=True)
_QUERY = [
    OpenApiParameter("domain", str),
    OpenApiParameter("who", str, description="Part of an address among sender and recipients"),
    OpenApiParameter("words", str, description="Words of the subject"),
    OpenApiParameter("since", str, description="A date or a time of ISO 8601"),
    OpenApiParameter("until", str),
]


class Deleted(Resource):
    area = "archive"
    serializer_class = shapes.RemovedShape

    @extend_schema(parameters=[_ADDRESS, OpenApiParameter("search", str), BEFORE, LIMIT], responses=shapes.RemovedPage)
    def list(self, request: Request) -> Response:
        """What can be brought back of one mailbox, newest first. That somebody looked is recorded, and its owner sees it."""
        owner, search = _mailbox(request, request.query_params.get("address", "")), request.query_params.get("search", "")[:200]
        limit, before = read_window(request)
        page = undeleting.list_removed(mailbox_id=owner.mailbox_id, search=search, before=before, limit=limit)
        with transaction.atomic():
            told = {"search": search, "found": len(page.rows)}
            log.record("archive.listed", object_id=owner.mailbox_id, name=owner.shown, domain=owner.domain, after=told)
        following = None if page.older is None else str(page.older)
        return Response({"next": following, "results": self.get_serializer(page.rows, many=True).data})

    @extend_schema(request=shapes.RestoreAsk, responses=shapes.RestoreAnswer, parameters=[IDEMPOTENT])
    def restore(self, request: Request) -> Response:
        """Bring back by ids, or without any all that a search finds; to where it was, or to one folder."""
        wanted = read(shapes.RestoreAsk, request)
        owner = _mailbox(request, wanted["address"])
        about: dict[str, Any] = {
            "mailbox_id": owner.mailbox_id, "folder": wanted["folder"], "name": owner.shown, "domain": owner.domain,
        }  # fmt: skip

        def act() -> Response:
            if wanted["ids"]:
                return Response({"restored": undeleting.restore(removal_ids=wanted["ids"], **about)})
            return Response({"restored": undeleting.restore_all(search=wanted["search"], **about)})

        return once(request, act)


class Journal(Resource):
    area = "archive"
    serializer_class = shapes.RecordShape

    @extend_schema(parameters=[*_QUERY, BEFORE, LIMIT], responses=shapes.RecordPage)
    def list(self, request: Request) -> Response:
        """Newest first. Every search is recorded."""
        typed = request.query_params
        limit, before = read_window(request)
        query = Query(
            domain=typed.get("domain", ""), who=typed.get("who", "")[:200], words=typed.get("words", "")[:200],
            since=moments.read_optional(typed.get("since", "")), until=moments.read_optional(typed.get("until", "")),
        )  # fmt: skip
        found = finding.search(actor_of(request), query, before=before, limit=limit)
        following = None if found.older is None else str(found.older)
        return Response({"next": following, "results": self.get_serializer(found.rows, many=True).data})

    @extend_schema(parameters=[OpenApiParameter("domain", str)], responses=shapes.VerifiedPage)
    def verify(self, request: Request) -> Response:
        """Walk the chains within reach, and name whatever was changed, removed or put in another order."""
        names = [name for name, _, _ in list_journals(actor_of(request))]
        domain = request.query_params.get("domain", "")
        if domain and domain not in names:
            raise NotFound("There is no such journal.")
        found = [verifying.verify(domain=name) for name in ([domain] if domain else names)]
        rows = [
            {"domain": one.domain, "first": one.first, "last": one.last, "head": one.head.hex(), "faults": list(map(str, one.faults))}
            for one in found
        ]
        return Response({"results": rows})


class Holds(Resource):
    area = "archive"
    serializer_class = shapes.HoldShape

    @extend_schema(responses=shapes.HoldPage)
    def list(self, request: Request) -> Response:
        """Those in force first."""
        found = holds.list_all(domains=actor_of(request).domain_names)
        return Response({"results": self.get_serializer(found, many=True).data})

    @extend_schema(request=shapes.HoldAsk, responses={201: shapes.HoldShape}, parameters=[IDEMPOTENT])
    def create(self, request: Request) -> Response:
        wanted = read(shapes.HoldAsk, request)
        times = {name: None if wanted[name] is None else int(wanted[name].timestamp()) for name in ("since", "until")}
        return once(request, lambda: self.shown(holds.place(actor_of(request), NewHold(**{**wanted, **times})), status=201))

    @extend_schema(request=None, responses=shapes.HoldShape)
    def release(self, request: Request, pk: str) -> Response:
        return self.shown(holds.release(actor_of(request), hold_id=read_id(pk)))


class Periods(Resource):
    area = "archive"
    serializer_class = shapes.PeriodShape

    @extend_schema(
        parameters=[OpenApiParameter("owner", str, description="An address, a domain, or nothing for the server")],
        responses=shapes.PeriodPage,
    )
    def list(self, request: Request) -> Response:
        """How long what is kept, and who set it: mailbox, domain, system, or nobody."""
        return self._show(owners.find(actor_of(request), request.query_params.get("owner", "")))

    @extend_schema(request=shapes.PeriodAsk, responses=shapes.PeriodPage)
    def put(self, request: Request) -> Response:
        wanted = read(shapes.PeriodAsk, request)
        owner = owners.find(actor_of(request), wanted["owner"])
        owners.set_period(owner, name=wanted["name"], value=wanted["value"])
        return self._show(owner)

    def _show(self, owner: Owner) -> Response:
        found = levels.list_all(owner=owner.key, domain=owner.domain)
        rows = [{"name": name, "value": one.value, "set_by": one.level} for name, one in found.items()]
        return Response({"results": rows})


class Rewinds(Resource):
    area = "archive"
    serializer_class = shapes.RewindShape

    @extend_schema(request=shapes.RewindAsk, responses=shapes.RewindShape)
    def create(self, request: Request) -> Response:
        """What it takes to have a mailbox as it was at a moment; with `apply` it is done."""
        wanted = read(shapes.RewindAsk, request)
        owner, moment = _mailbox(request, wanted["address"]), int(wanted["moment"].timestamp())
        plan = planning.make_plan(mailbox_id=owner.mailbox_id, moment=moment, folder=wanted["folder"])
        answer: dict[str, Any] = {
            "rewind_id": None, "restored": len(plan.restores), "moved": len(plan.moves), "reflagged": len(plan.reflags),
            "new": len(plan.new), "lost": plan.lost,
        }  # fmt: skip
        if wanted["apply"]:
            done = applying.apply(
                mailbox_id=owner.mailbox_id, moment=moment, folder=wanted["folder"], drop_new=wanted["drop_new"], name=owner.shown,
                domain=owner.domain,
            )  # fmt: skip
            answer |= {"rewind_id": done.rewind_id, "restored": done.restored, "moved": done.moved, "reflagged": done.reflagged}
        return Response(answer)

    @extend_schema(request=shapes.UndoAsk, responses=shapes.RewindShape)
    def undo(self, request: Request) -> Response:
        wanted = read(shapes.UndoAsk, request)
        owner = _mailbox(request, wanted["address"])
        done = applying.undo(mailbox_id=owner.mailbox_id, rewind_id=wanted["rewind_id"], name=owner.shown, domain=owner.domain)
        return Response(
            {"rewind_id": done.rewind_id, "restored": done.restored, "moved": done.moved, "reflagged": done.reflagged, "new": 0, "lost": 0}
        )


def _mailbox(request: Request, address: str) -> Owner:
    if "@" not in address:
        raise NotFound("There is no such mailbox.")
    return owners.find(actor_of(request), address)
