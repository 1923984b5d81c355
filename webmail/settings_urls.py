"""/settings"""

from django.urls import path

from .views import identities, security, settings

urlpatterns = [
    path("general", settings.choices, {"section": "general"}, name="settings-general"),
    path("writing", settings.choices, {"section": "writing"}, name="settings-writing"),
    path("identities", identities.index, name="identities"),
    path("identities/new", identities.edit, name="new-identity"),
    path("identities/<int:identity_id>", identities.edit, name="identity"),
    path("identities/<int:identity_id>/remove", identities.remove, name="remove-identity"),
    path("templates", identities.templates, name="letter-templates"),
    path("templates/new", identities.edit_template, name="new-letter-template"),
    path("templates/<int:template_id>", identities.edit_template, name="letter-template"),
    path("templates/<int:template_id>/remove", identities.remove_template, name="remove-letter-template"),
    path("security", security.show, name="security"),
    path("password", security.set_password, name="settings-password"),
]
