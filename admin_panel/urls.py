"""/panel/"""

from django.urls import path, re_path

from .pages import (
    administrators,
    aliases,
    archive,
    archiveholds,
    archivemail,
    audit,
    certificates,
    csvfiles,
    dns,
    domains,
    journeys,
    keys,
    mailboxes,
    overview,
    password,
    queue,
    routes,
)

app_name = "panel"

_MESSAGE = r"^queue/(?P<trace_id>[A-Za-z0-9_.-]{1,32})/(?P<action>retry|hold|release|cancel|bounce)$"

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("mailboxes/import", csvfiles.load, name="import"),
    path("mailboxes/export", csvfiles.save, name="export"),
    path("domains/<int:domain_id>/dns", dns.records, name="dns"),
    path("domains/<int:domain_id>/dns/<slug:act>", dns.act, name="dns-act"),
    *domains.LEDGER.urls(),
    *mailboxes.LEDGER.urls(),
    *aliases.LEDGER.urls(),
    path("administrators", administrators.index, name="administrators"),
    path("administrators/<int:user_id>/remove", administrators.remove, name="remove-administrator"),
    path("queue", queue.index, name="queue"),
    path("queue/act", queue.act_on_many, name="queue-act-on-many"),
    re_path(_MESSAGE, queue.act, name="queue-act"),
    path("journey", journeys.find, name="journeys"),
    path("journey/<str:trace_id>", journeys.journey, name="journey"),
    path("route", journeys.route, name="route"),
    path("routes", routes.index, name="routes"),
    path("routes/<slug:what>", routes.act, name="routes-act"),
    path("certificates", certificates.index, name="certificates"),
    path("certificates/<slug:what>", certificates.act, name="certificates-act"),
    path("archive", archive.index, name="archive"),
    path("archive/record/<int:record_id>", archive.record, name="archive-record"),
    path("archive/export", archive.export, name="archive-export"),
    path("archive/verify", archive.verify, name="archive-verify"),
    path("archive/mail", archivemail.index, name="archive-mail"),
    path("archive/mail/<int:mailbox_id>/<slug:action>", archivemail.act, name="archive-mail-act"),
    path("archive/holds", archiveholds.index, name="archive-holds"),
    path("archive/holds/<int:hold_id>/release", archiveholds.release, name="archive-release"),
    path("archive/periods", archiveholds.periods, name="archive-periods"),
    path("audit", audit.index, name="audit"),
    path("password", password.change, name="password"),
    path("keys", keys.index, name="keys"),
    path("keys/<int:key_id>/remove", keys.remove, name="remove-key"),
    path("webhooks", keys.webhooks, name="webhooks"),
    path("webhooks/<int:endpoint_id>/<slug:act>", keys.webhook_act, name="webhook-act"),
]
