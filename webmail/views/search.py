"""Search over the whole mailbox, by what is typed into one box."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from ..access.queries import is_empty, parse_query
from ..desk import Desk, frame, is_fragment, with_desk
from ..rows import show_row

LIMIT = 100


@require_GET
@with_desk
def search(request: HttpRequest, desk: Desk) -> HttpResponse:
    typed = request.GET.get("q", "").strip()
    query = parse_query(typed)
    rows = [] if is_empty(query) else desk.mail.search(query, limit=LIMIT)
    context = {
        "typed": typed,
        "query": query,
        "hits": [show_row(row) for row in rows],
        "is_cut": len(rows) == LIMIT,
        "limit": LIMIT,
        "terms": typed.split(),
        "faults": query.faults,
    }
    if is_fragment(request):
        return render(request, "webmail/_hits.html", context)
    return render(request, "webmail/search.html", context | frame(request, desk))
