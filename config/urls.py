"""One origin: webmail at the root, the panel and the API below it."""

from django.urls import include, path

from admin_panel import clientsetup
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
    path("", include("webmail.urls")),
    path("lists/", include("webmail.lists_urls")),
    path("compose/", include("webmail.compose_urls")),
    path("", include("webmail.contacts_urls")),
]
