"""Trust as a Django app: keys, policies and reports."""

from django.apps import AppConfig


class TrustConfig(AppConfig):
    name = "mailcore.trust"
    label = "trust"
    default_auto_field = "django.db.models.BigAutoField"
