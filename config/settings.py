"""Writ's settings: one file; everything that differs between machines comes from the environment.

WRIT_ENV is `local` (the default: secrets and services live in `.writ/`) or `production` (secrets come from outside).
"""

import os
from pathlib import Path
from typing import Any

import psycopg
import structlog
from csp.constants import NONE, SELF
from psycopg.conninfo import conninfo_to_dict

from config.embedded import urls
from config.embedded.state import secret, state_folder
from config.environment import Environment
from config.mail import MailServer, read_mail_url

ROOT = Path(__file__).resolve().parent.parent
_env = Environment()

WRIT_ENV = _env.choice("WRIT_ENV", "local", among=("local", "production"))
IS_PRODUCTION = WRIT_ENV == "production"
DEBUG = _env.flag("WRIT_DEBUG") and not IS_PRODUCTION
WRIT_STATE = state_folder()

# --- Writ's own settings -----------------------------------------------------------------------------------------
WRIT_TTL_MS = _env.integer("WRIT_TTL_MS", 20_000, low=1_000, high=600_000)
WRIT_GRACE_MS = _env.integer("WRIT_GRACE_MS", 8_000, low=100, high=600_000)
WRIT_MARGIN_MS = _env.integer("WRIT_MARGIN_MS", 10_000, low=0, high=600_000)
WRIT_RENEW_MS = _env.integer("WRIT_RENEW_MS", 2_000, low=50, high=60_000)
if WRIT_GRACE_MS >= WRIT_TTL_MS:
    _env.faults.append(f"WRIT_GRACE_MS={WRIT_GRACE_MS} must be smaller than WRIT_TTL_MS={WRIT_TTL_MS}.")
if WRIT_RENEW_MS * 2 > WRIT_TTL_MS - WRIT_GRACE_MS:
    _env.faults.append("WRIT_RENEW_MS must leave two renewals before WRIT_TTL_MS - WRIT_GRACE_MS.")
WRIT_DATA = _env.path("WRIT_DATA", ROOT.parent / "shared" / "data")
WRIT_MEDIA = _env.path("WRIT_MEDIA", WRIT_STATE / "documents")
WRIT_KEYS = _env.path("WRIT_KEYS", WRIT_STATE / "keys")
WRIT_WITNESS = _env.text("WRIT_WITNESS", "" if IS_PRODUCTION else str(WRIT_STATE / "witness" / "heads.jsonl"))
WRIT_METRICS = _env.flag("WRIT_METRICS")
WRIT_SCREENING_THRESHOLD = _env.integer("WRIT_SCREENING_THRESHOLD", 0, low=0, high=1000) or None
WRIT_SCREENING_PROCESSES = _env.integer("WRIT_SCREENING_PROCESSES", 0, low=0, high=64)
WRIT_LISTS_FETCH_EVERY_H = _env.integer("WRIT_LISTS_FETCH_EVERY_H", 24 if IS_PRODUCTION else 0, low=0, high=168)
WRIT_LIST_SOURCES = dict(
    item.partition("=")[::2]
    for item in _env.text(
        "WRIT_LIST_SOURCES",
        "csl=https://data.trade.gov/downloadable_consolidated_screening_list/v1/consolidated.json "
        "un=https://scsanctions.un.org/resources/xml/en/consolidated.xml",
    ).split()
)
_RULES = _env.text("WRIT_RULES")
WRIT_RULES = str(Path(_RULES).expanduser().absolute()) if _RULES else ""

# --- Django ------------------------------------------------------------------------------------------------------
SECRET_KEY = _env.text("WRIT_SECRET_KEY", required=True) if IS_PRODUCTION else secret("django-secret-key")
_LOCAL_HOSTS = () if IS_PRODUCTION else ("127.0.0.1", "localhost", "[::1]")
ALLOWED_HOSTS = _env.words("WRIT_ALLOWED_HOSTS", _LOCAL_HOSTS, required=True)
CSRF_TRUSTED_ORIGINS = _env.words("WRIT_TRUSTED_ORIGINS")
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
APPEND_SLASH = True

INSTALLED_APPS = [
    "config",
    "accounts",
    "ledger",
    "procurement",
    "allocation",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_filters",
    "django_htmx",
    "template_partials",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_prometheus",
    "django.forms",
]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.errors.ApiErrorMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.errors.RefusalMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "accounts.context.navigation",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = ["bootstrap5"]
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Databases, cache, queue -------------------------------------------------------------------------------------
# WRIT_DATABASE_NAME sends a process to another database of the same server (tests do).
# WRIT_DATABASE_ROLE=owner is set by `manage.py migrate` alone; everything that serves signs in as writ_app.
WRIT_DATABASE_ROLE = _env.choice("WRIT_DATABASE_ROLE", "app", among=("app", "owner"))
WRIT_DATABASE_POOL = _env.integer("WRIT_DATABASE_POOL", 0, low=0, high=200)
if IS_PRODUCTION:
    _env.text("DATABASE_URL", required=True)
    _env.text("REDIS_URL", required=True)


def _database(url: str) -> dict[str, Any]:
    """Django's view of a PostgreSQL URL; a malformed one becomes a fault."""
    try:
        parts: dict[str, Any] = dict(conninfo_to_dict(url))
    except psycopg.ProgrammingError as error:
        _env.faults.append(f"DATABASE_URL is not a PostgreSQL URL ({str(error).strip()}).")
        parts = {}
    options: dict[str, Any] = {"connect_timeout": 10}
    if WRIT_DATABASE_POOL:
        options["pool"] = {"min_size": 1, "max_size": WRIT_DATABASE_POOL, "timeout": 10}
    named = {key: str(parts.pop(key, "") or "") for key in ("dbname", "user", "password", "host", "port")}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _env.text("WRIT_DATABASE_NAME", named["dbname"] or "writ"),
        "USER": named["user"],
        "PASSWORD": named["password"],
        "HOST": named["host"],
        "PORT": named["port"],
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**parts, **options},
    }


_is_owner = WRIT_DATABASE_ROLE == "owner"
if _is_owner and not urls.owner_url():
    _env.faults.append("No role that may migrate is known: set WRIT_OWNER_DATABASE_URL (docs/operations.md).")
DATABASES = {"default": _database(urls.owner_url() if _is_owner else urls.app_url())}
REDIS_URL = urls.redis_url()
# Where GPU hosts reach Redis, each under a user of its own; a local agent is given the embedded one's socket.
WRIT_BELL_URL = _env.text("WRIT_BELL_URL", "" if urls.is_redis_embedded() else REDIS_URL)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"serializer": "config.cache.JsonSerializer"},
    }
}

CELERY_BROKER_URL = urls.broker_url()
CELERY_TASK_DEFAULT_QUEUE = "control"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 120
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_ENABLE_UTC = True

# --- Sign-in -----------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "config.signin.InvitedOnly"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/300s/key"}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "today"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"


def _mail_server(url: str) -> MailServer:
    try:
        return read_mail_url(url)
    except ValueError as error:
        _env.faults.append(str(error))
        return MailServer()


_mail = _mail_server(_env.text("WRIT_MAIL_URL", required=IS_PRODUCTION))
EMAIL_BACKEND = _mail.backend
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.starttls, _mail.tls
DEFAULT_FROM_EMAIL = _env.text("WRIT_MAIL_FROM", "writ@localhost")

# --- Headers and cookies -----------------------------------------------------------------------------------------
SESSION_COOKIE_NAME = "writ_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_SECURE = IS_PRODUCTION
CSRF_COOKIE_NAME = "writ_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = IS_PRODUCTION
SECURE_SSL_REDIRECT = IS_PRODUCTION
SECURE_HSTS_SECONDS = 31_536_000 if IS_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_PRODUCTION
SECURE_HSTS_PRELOAD = IS_PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
if _env.flag("WRIT_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
FILE_UPLOAD_PERMISSIONS = 0o600

# --- Static files ------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = _env.path("WRIT_STATIC", WRIT_STATE / "static")
STATICFILES_DIRS = [ROOT / "assets"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if DEBUG:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
MEDIA_ROOT = WRIT_MEDIA
MEDIA_URL = ""  # documents are served by views that check who asks, never by address

# --- Logs --------------------------------------------------------------------------------------------------------
# Plain tracebacks: the usual ones print every local variable, secrets too, and take half a second for each 403.
_log_renderer: Any = (
    structlog.processors.JSONRenderer()
    if IS_PRODUCTION
    else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
)
_log_chain: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "writ": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _log_renderer],
            "foreign_pre_chain": _log_chain,
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "writ"}},
    "root": {"handlers": ["stderr"], "level": _env.text("WRIT_LOG_LEVEL", "INFO")},
    "loggers": {"django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False}},
}
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_log_chain,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)

os.environ.setdefault("OMP_NUM_THREADS", "2")
_env.stop_if_faulty()
