"""Django's settings, made from `config.environment`."""

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from .environment import BASE, load
from .logs import logging_settings

FACTEUR = load()
FACTEUR.data.mkdir(parents=True, exist_ok=True, mode=0o700)


def _secret_key(path: Path) -> str:
    """The key that signs sessions, made once and kept outside the database."""
    try:
        with path.open("x", encoding="ascii") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text("ascii")


def _database(url: str) -> dict[str, Any]:
    if not url:
        return {
            "ENGINE": "config.sqlite",
            "NAME": FACTEUR.data / "facteur.sqlite3",
            "TEST": {"NAME": FACTEUR.data / "test.sqlite3"},
            "OPTIONS": {"timeout": 30},
        }
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }


SECRET_KEY = _secret_key(FACTEUR.data / "secret.key")
DEBUG = FACTEUR.debug
ALLOWED_HOSTS = list(FACTEUR.allowed_hosts)
ROOT_URLCONF = "config.urls"
DATABASES = {"default": _database(FACTEUR.database_url) | ({} if FACTEUR.database_url else {"CONN_MAX_AGE": None})}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "mailcore",
    "mailcore.audit",
    "mailcore.webhooks",
    "mailcore.history",
    "mailcore.directory",
    "mailcore.store",
    "mailcore.archive",
    "mailcore.queue",
    "mailcore.trust",
    "mailcore.certificates",
    "mailcore.transports",
    "mailcore.filtering",
    "mailcore.lists",
    "mailcore.retrieval",
    "webmail",
    "admin_panel",
]

MIDDLEWARE = [
    "webmail.wellknown.ProofOfNames",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "webmail.security.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "webmail.person.Person",
    "webmail.two_steps.SecondFactorFirst",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "config.templating.Loader",
                    ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

AUTH_USER_MODEL = "directory.User"
AUTHENTICATION_BACKENDS = ["mailcore.directory.backends.DirectoryBackend"]
PASSWORD_HASHERS = ["mailcore.directory.passwords.Argon2Hasher"]
LOGIN_URL = "/login"
SESSION_ENGINE = "webmail.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = FACTEUR.secure_cookies
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_REFERRER_POLICY = "same-origin"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE / "static"]
STATIC_ROOT = FACTEUR.data / "static"
WHITENOISE_USE_FINDERS = True

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English"), ("fr", "Français")]
LANGUAGE_COOKIE_NAME = "language"
LOCALE_PATHS = [BASE / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"
DATA_UPLOAD_MAX_MEMORY_SIZE = FACTEUR.max_message_bytes
FILE_UPLOAD_TEMP_DIR = None

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["admin_panel.api.authentication.KeyAuthentication"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "admin_panel.api.problems.handle",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Facteur",
    "DESCRIPTION": "Everything the panel can do: domains, people, aliases, keys, webhooks, the queue, journeys and the audit log.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "MailboxStates": "mailcore.directory.models.Mailbox.State",
        "AdministratorRoles": "admin_panel.api.shapes.ROLES",
        "QueueActions": "admin_panel.waiting.ACTIONS",
        "QueueStates": "mailcore.queue.entries.STATES",
        "DeliveryStates": "mailcore.webhooks.models.State",
        "SettableStates": "admin_panel.api.shapes.SET_STATES",
    },
    "SERVE_INCLUDE_SCHEMA": False,
}

LOGGING = logging_settings(FACTEUR.log_format)
