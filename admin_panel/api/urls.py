"""/api/v1/"""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny
from rest_framework.routers import SimpleRouter

from . import description
from .aliases import Aliases
from .domains import Domains
from .journey import JourneyResource
from .mailboxes import Mailboxes
from .queue import Queue

app_name = "api"

__all__ = ["app_name", "description", "urlpatterns"]

router = SimpleRouter(trailing_slash=False)
router.register("domains", Domains, basename="domain")
router.register("mailboxes", Mailboxes, basename="mailbox")
router.register("aliases", Aliases, basename="alias")
router.register("queue", Queue, basename="entry")
router.register("journey", JourneyResource, basename="journey")

urlpatterns = [
    path("schema", SpectacularAPIView.as_view(authentication_classes=(), permission_classes=(AllowAny,)), name="schema"),
    path("", include(router.urls)),
]
