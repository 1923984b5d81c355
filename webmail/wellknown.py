"""What other servers fetch by HTTPS: the MTA-STS policy of our domains. RFC 8461 §3.2."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from mailcore.trust import publishing


@require_safe
def mta_sts(request: HttpRequest) -> HttpResponse:
    return HttpResponse(publishing.own_policy(), content_type="text/plain; charset=utf-8")
