"""Parameters that many calls share, and the patterns of natural keys in paths."""

from drf_spectacular.utils import OpenApiParameter

ANY_ADDRESS = r"[^/\s]{3,330}"
ANY_HOST = r"[^/\s]{1,255}"

IDEMPOTENT = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Sent again with the same key, the request is answered as before and not done again.",
)
MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag that the caller saw; 412 where the object has changed since."
)
BEFORE = OpenApiParameter("before", int, description="`next` of the page above")
LIMIT = OpenApiParameter("limit", int, description="At most 200")
