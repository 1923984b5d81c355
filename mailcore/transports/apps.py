from django.apps import AppConfig


class TransportsConfig(AppConfig):
    name = "mailcore.transports"
    label = "transports"
    default_auto_field = "django.db.models.BigAutoField"
