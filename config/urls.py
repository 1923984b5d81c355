"""One origin: webmail at the root, the panel and the API below it."""

from django.urls import include, path, re_path

from admin_panel import clientsetup
from admin_panel.api.elsewhere import nothing
from webmail import wellknown

urlpatterns = [
    path("mail/config-v1.1.xml", clientsetup.autoconfig),
    path(".well-known/autoconfig/mail/config-v1.1.xml", clientsetup.autoconfig),
    path("autodiscover/autodiscover.xml", clientsetup.autodiscover),
    path("Autodiscover/Autodiscover.xml", clientsetup.autodiscover),
    path("mail.mobileconfig", clientsetup.mobileconfig),
    path(".well-known/mta-sts.txt", wellknown.mta_sts),
    path("favicon.ico", wellknown.icon),
    path("panel/", include("admin_panel.urls")),
    path("api/v1/", include("admin_panel.api.urls")),
    re_path(r"^api(?:/|$)", nothing),
    path("", include("webmail.urls")),
    path("lists/", include("webmail.lists_urls")),
    path("compose/", include("webmail.compose_urls")),
    path("", include("webmail.contacts_urls")),
]

# Errors under /api/ are problem+json; elsewhere these are Django's own pages.
handler400 = "admin_panel.api.elsewhere.bad_request"
handler403 = "admin_panel.api.elsewhere.denied"
handler404 = "admin_panel.api.elsewhere.missing"
handler500 = "admin_panel.api.elsewhere.broken"
