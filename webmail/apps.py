from django.apps import AppConfig


class WebmailConfig(AppConfig):
    name = "webmail"
    label = "webmail"

    def ready(self) -> None:
        from mailcore.directory import browsers

        from . import signed_in

        browsers.install(signed_in)
