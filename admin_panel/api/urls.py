"""/api/v1/"""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny
from rest_framework.routers import SimpleRouter

from . import description
from .administrators import Administrators
from .aliases import Aliases
from .apikeys import Keys
from .archive import Deleted, Holds, Journal, Periods, Rewinds
from .batch import Batch
from .certificates import Certificates
from .collecting import FetchAccounts, Migrations
from .credentials import AppPasswords
from .dns import DkimKeys, DnsRecords
from .domains import Domains
from .elsewhere import nothing
from .events import Events
from .hooks import Webhooks
from .imports import Imports
from .journey import JourneyResource
from .lists import Held, Lists, Members
from .mailboxes import Mailboxes
from .parameters import ANY_ADDRESS
from .policies import Limits, Rules, Suspects
from .quarantine import Quarantine
from .queue import Destinations, Queue
from .records import Audit, Me, Rehearse
from .reports import Reports
from .routing import Relays, Routes, Suppressions, Transports
from .sessions import Sessions

app_name = "api"

__all__ = ["app_name", "description", "urlpatterns"]

router = SimpleRouter(trailing_slash=False)
router.register("domains", Domains, basename="domain")
router.register("mailboxes", Mailboxes, basename="mailbox")
router.register("aliases", Aliases, basename="alias")
router.register("lists", Lists, basename="list")
router.register("administrators", Administrators, basename="administrator")
router.register("keys", Keys, basename="key")
router.register("webhooks", Webhooks, basename="webhook")
router.register("fetch-accounts", FetchAccounts, basename="fetch-account")
router.register("migrations", Migrations, basename="migration")
router.register("queue", Queue, basename="entry")
router.register("destinations", Destinations, basename="destination")
router.register("quarantine", Quarantine, basename="held")
router.register("suspects", Suspects, basename="suspect")
router.register("reports", Reports, basename="report")
router.register("journey", JourneyResource, basename="journey")
router.register("audit", Audit, basename="audit")
router.register("route", Rehearse, basename="route")
router.register("routes", Routes, basename="mail-route")
router.register("transports", Transports, basename="transport")
router.register("relays", Relays, basename="relay")
router.register("suppressions", Suppressions, basename="suppression")
router.register("certificates", Certificates, basename="certificate")
router.register("events", Events, basename="event")
router.register("me", Me, basename="me")
router.register("batch", Batch, basename="batch")
router.register("imports", Imports, basename="import")

_DOMAIN = r"^domains/(?P<domain_id>[0-9]{1,18})"
_APP_PASSWORDS = r"^mailboxes/(?P<mailbox_id>[0-9]{1,18})/app-passwords"
_SESSIONS = r"^mailboxes/(?P<mailbox_id>[0-9]{1,18})/sessions"
_LIST = r"^lists/(?P<list_id>[0-9]{1,18})"
_POLICIES = rf"^policies/(?P<owner>{ANY_ADDRESS})"

urlpatterns = [
    path("schema", SpectacularAPIView.as_view(authentication_classes=(), permission_classes=(AllowAny,)), name="schema"),
    re_path(_APP_PASSWORDS + "$", AppPasswords.as_view({"get": "list", "post": "create"}), name="app-passwords"),
    re_path(_APP_PASSWORDS + r"/(?P<pk>[0-9]{1,18})$", AppPasswords.as_view({"delete": "destroy"}), name="app-password"),
    re_path(_SESSIONS + "$", Sessions.as_view({"get": "list"}), name="sessions"),
    re_path(_SESSIONS + r"/(?P<pk>[0-9]{1,18})$", Sessions.as_view({"delete": "destroy"}), name="session"),
    re_path(_POLICIES + "/limits$", Limits.as_view({"get": "list", "patch": "partial_update"}), name="limits"),
    re_path(_POLICIES + "/rules$", Rules.as_view({"get": "list", "post": "create", "delete": "destroy"}), name="rules"),
    re_path(_LIST + "/members$", Members.as_view({"get": "list", "post": "create"}), name="list-members"),
    re_path(
        _LIST + r"/members/(?P<pk>[0-9]{1,18})$", Members.as_view({"patch": "partial_update", "delete": "destroy"}), name="list-member"
    ),
    re_path(_LIST + "/held$", Held.as_view({"get": "list"}), name="list-held"),
    re_path(_LIST + r"/held/(?P<pk>[0-9]{1,18})$", Held.as_view({"post": "decide"}), name="list-decide"),
    re_path(_DOMAIN + "/dns$", DnsRecords.as_view({"get": "list"}), name="dns"),
    re_path(_DOMAIN + "/dkim-keys$", DkimKeys.as_view({"get": "list", "post": "create"}), name="dkim-keys"),
    re_path(_DOMAIN + r"/dkim-keys/(?P<selector>[A-Za-z0-9._-]{1,63})/activate$", DkimKeys.as_view({"post": "activate"}), name="dkim-key"),
    path("archive/deleted", Deleted.as_view({"get": "list"}), name="archive-deleted"),
    path("archive/deleted/restore", Deleted.as_view({"post": "restore"}), name="archive-restore"),
    path("archive/journal", Journal.as_view({"get": "list"}), name="archive-journal"),
    path("archive/journal/verify", Journal.as_view({"get": "verify"}), name="archive-verify"),
    path("archive/holds", Holds.as_view({"get": "list", "post": "create"}), name="archive-holds"),
    re_path(r"^archive/holds/(?P<pk>[0-9]{1,18})/release$", Holds.as_view({"post": "release"}), name="archive-release"),
    path("archive/periods", Periods.as_view({"get": "list", "put": "put"}), name="archive-periods"),
    path("archive/rewind", Rewinds.as_view({"post": "create"}), name="archive-rewind"),
    path("archive/rewind/undo", Rewinds.as_view({"post": "undo"}), name="archive-undo"),
    path("", include(router.urls)),
    re_path(r"", nothing, name="nothing"),
]
