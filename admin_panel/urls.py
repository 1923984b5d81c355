"""/panel/"""

from django.urls import path, re_path

from .pages import aliases, domains, keys, mailboxes, overview, password, queue

app_name = "panel"

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("domains", domains.index, name="domains"),
    path("domains/new", domains.new, name="new-domain"),
    path("domains/<int:domain_id>", domains.one, name="domain"),
    path("domains/<int:domain_id>/standing", domains.set_standing, name="domain-standing"),
    path("domains/<int:domain_id>/remove", domains.remove, name="remove-domain"),
    path("mailboxes", mailboxes.index, name="mailboxes"),
    path("mailboxes/new", mailboxes.new, name="new-mailbox"),
    path("mailboxes/<int:mailbox_id>", mailboxes.one, name="mailbox"),
    path("mailboxes/<int:mailbox_id>/password", mailboxes.set_password, name="mailbox-password"),
    path("mailboxes/<int:mailbox_id>/role", mailboxes.set_role, name="mailbox-role"),
    path("mailboxes/<int:mailbox_id>/standing", mailboxes.set_standing, name="mailbox-standing"),
    path("mailboxes/<int:mailbox_id>/remove", mailboxes.remove, name="remove-mailbox"),
    path("aliases", aliases.index, name="aliases"),
    path("aliases/new", aliases.new, name="new-alias"),
    path("aliases/<int:alias_id>", aliases.one, name="alias"),
    path("aliases/<int:alias_id>/standing", aliases.set_standing, name="alias-standing"),
    path("aliases/<int:alias_id>/remove", aliases.remove, name="remove-alias"),
    path("queue", queue.index, name="queue"),
    re_path(r"^queue/(?P<trace_id>[A-Za-z0-9_.-]{1,32})/(?P<action>retry|hold|release|cancel)$", queue.act, name="queue-act"),
    path("journey", queue.find, name="journeys"),
    path("journey/<str:trace_id>", queue.journey, name="journey"),
    path("password", password.change, name="password"),
    path("keys", keys.index, name="keys"),
    path("keys/<int:key_id>/remove", keys.remove, name="remove-key"),
]
