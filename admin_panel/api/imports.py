"""/api/v1/imports: people and aliases from a CSV file, with a dry run and a report of every line."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from admin_panel import csvimport

from .authentication import actor_of
from .base import Resource, read
from .parameters import IDEMPOTENT
from .replaying import once
from .shapes import ImportAsk, ImportReport


class Imports(Resource):
    area = "mailboxes"
    serializer_class = ImportReport

    @extend_schema(request=ImportAsk, responses=ImportReport, parameters=[IDEMPOTENT])
    def create(self, request: Request) -> Response:
        """Make the mailboxes of a CSV file. `dry_run` only says what would happen; a bad line holds up no other."""
        wanted = read(ImportAsk, request)

        def do() -> Response:
            report = csvimport.load(actor_of(request), data=wanted["csv"].encode(), is_dry=wanted["dry_run"])
            lines = [{"line": one.number, "address": one.address, "outcome": one.outcome, "detail": one.text} for one in report.lines]
            return Response({"made": report.made, "there": report.there, "failed": report.failed, "lines": lines})

        return once(request, do)
