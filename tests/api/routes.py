"""Only the API, so that these tests stand on their own."""

from django.urls import include, path

urlpatterns = [path("api/v1/", include("admin_panel.api.urls"))]
