"""One origin: webmail at the root, the panel and the API below it."""

from django.urls import include, path

urlpatterns = [
    path("panel/", include("admin_panel.urls")),
    path("api/v1/", include("admin_panel.api.urls")),
    path("", include("webmail.urls")),
]
