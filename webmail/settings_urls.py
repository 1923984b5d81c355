"""/settings"""

from django.urls import path

from .views import collected, identities, rules, security, session, settings, silenced

urlpatterns = [
    path("general", settings.choices, {"section": "general"}, name="settings-general"),
    path("reading", settings.choices, {"section": "reading"}, name="settings-reading"),
    path("writing", settings.choices, {"section": "writing"}, name="settings-writing"),
    path("identities", identities.index, name="identities"),
    path("identities/new", identities.edit, name="new-identity"),
    path("identities/<int:identity_id>", identities.edit, name="identity"),
    path("identities/<int:identity_id>/remove", identities.remove, name="remove-identity"),
    path("templates", identities.templates, name="letter-templates"),
    path("templates/new", identities.edit_template, name="new-letter-template"),
    path("templates/<int:template_id>", identities.edit_template, name="letter-template"),
    path("templates/<int:template_id>/remove", identities.remove_template, name="remove-letter-template"),
    path("rules", rules.index, name="rules"),
    path("rules/new", rules.edit, name="new-rule"),
    path("rules/<int:number>", rules.edit, name="rule"),
    path("rules/arrange", rules.arrange, name="arrange-rules"),
    path("rules/sieve", rules.script, name="sieve"),
    path("rules/take-over", rules.take_over, name="take-over"),
    path("away", rules.away, name="away"),
    path("forwarding", rules.forwarding, name="forwarding"),
    path("silenced", silenced.show, name="silenced"),
    path("accounts", collected.index, name="accounts"),
    path("accounts/new", collected.edit, name="new-account"),
    path("accounts/<int:account_id>", collected.edit, name="account"),
    path("accounts/<int:account_id>/<slug:verb>", collected.act, name="account-act"),
    path("security", security.show, name="security"),
    path("prove", security.prove, name="prove"),
    path("second-step", security.set_up, name="second-step"),
    path("second-step/codes", security.renew_codes, name="renew-codes"),
    path("second-step/off", security.switch_off, name="second-step-off"),
    path("programs", security.app_passwords, name="app-passwords"),
    path("programs/<int:app_password_id>/remove", security.remove_app_password, name="remove-app-password"),
    path("sessions", security.sessions, name="sessions"),
    path("sessions/others", security.end_session, name="end-other-sessions"),
    path("sessions/<int:place_id>", security.end_session, name="end-session"),
    path("code", session.code, name="login-code"),
    path("password", security.set_password, name="settings-password"),
]
