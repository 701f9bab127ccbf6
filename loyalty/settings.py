"""Settings: one file for every setting; the environment says which.

`LOYALTY_ENV` is `development` (default), `test` or `production`. Secrets may come from files:
`NAME_FILE=/run/secrets/name` wins over `NAME`. `loyalty/checks.py` refuses an unsafe production.
"""

from pathlib import Path

import django_stubs_ext
import environ

from loyalty.theme import UNFOLD as _UNFOLD

# Admin classes, forms and querysets may name their model as a type argument.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env: environ.Env = environ.FileAwareEnv()  # type: ignore[no-untyped-call]  # the library's constructor has no types

LOYALTY_ENV = env.str("LOYALTY_ENV", default="development")
PRODUCTION = LOYALTY_ENV == "production"
DEBUG = False

# Keys known to everyone: good for a demo, refused in production.
DEMO_KEY = "demo-only-" + "not-a-secret-" * 4
SECRET_KEY = env.str("SECRET_KEY", default="") or DEMO_KEY
# Personal fields: the key ring (newest first, base64 of 32 bytes each) and the blind-index key.
FIELD_KEYS = env.list("FIELD_KEYS", default=["ZGVtby1vbmx5LWtleS1ub3QtYS1zZWNyZXQtMzJieXQ="])
BLIND_INDEX_KEY = env.str("BLIND_INDEX_KEY", default=DEMO_KEY)
# Signs the daily seals over the journal (docs/proof.md): an Ed25519 seed, base64 of 32 bytes, which the
# database never sees. Old keys' public halves (base64 as well) stay listed, to verify what they signed.
LEDGER_SEAL_KEY = env.str("LEDGER_SEAL_KEY", default="ZGVtby1vbmx5LXNlYWwta2V5LW5vdC1hLXNlY3JldCE=").strip()
LEDGER_SEAL_PUBLIC_KEYS = [
    key.strip() for key in env.list("LEDGER_SEAL_PUBLIC_KEYS", default=[]) if key.strip()
]

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "common",
    "units",
    "members",
    "points",
    "activities",
    "benefits",
    "parking",
    "loyalty",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "loyalty.urls"
WSGI_APPLICATION = "loyalty.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- PostgreSQL: two logins to one database ---
# `default` is the app role (what the web and the workers use); `owner` runs migrations only.
_CONNECTION = {
    "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
    "CONN_HEALTH_CHECKS": True,
    "DISABLE_SERVER_SIDE_CURSORS": env.bool("PGBOUNCER", default=False),
    "ATOMIC_REQUESTS": False,
}
# Behind PgBouncer (transaction mode) session settings belong to the role; see provision_database.
_TIMEOUTS = {
    "options": "-c lock_timeout=3s -c statement_timeout=60s -c idle_in_transaction_session_timeout=15s"
    # Only where the clock may be moved (tests, demos) does the sweep take an instant that is yet to come.
    + ("" if PRODUCTION else " -c loyalty.clock=free")
}


def _database(variable: str, *, timeouts: bool) -> dict[str, object]:
    """Connection settings of the URL in `variable`."""
    # A secret file may end with a newline.
    url = env.str(variable, default="").strip() or "postgresql://unset@127.0.0.1:1/unset"
    # manage.py, gunicorn and Celery set or refuse the variable; type checkers import this file without it.
    parsed = environ.Env.db_url_config(url)  # type: ignore[no-untyped-call]  # the library has no types here
    database = {**parsed, **_CONNECTION}
    if timeouts and not env.bool("PGBOUNCER", default=False):
        database["OPTIONS"] = {**database.get("OPTIONS", {}), **_TIMEOUTS}
    return database


DATABASES = {"default": _database("DATABASE_URL", timeouts=True)}
if env.str("DATABASE_OWNER_URL", default=""):
    DATABASES["owner"] = _database("DATABASE_OWNER_URL", timeouts=False)
# Each seal is also a file outside the database: whoever rewrites the one does not reach the other.
LEDGER_SEAL_DIR = Path(
    env.str("LEDGER_SEAL_DIR", default="")
    or Path(env.str("LOYALTY_LOCAL_DIR", default="") or BASE_DIR / ".local").absolute()
    / "seals"
    / str(DATABASES["default"]["NAME"])
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Celery ---
CELERY_BROKER_URL = env.str("BROKER_URL", default="").strip() or "memory://"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Longer than the longest task, or the broker hands a running task to a second worker.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 6 * 3600}
CELERY_TASK_TIME_LIMIT = 3 * 3600
CELERY_BEAT_SCHEDULER = "loyalty.beat:BeatingScheduler"
CELERY_WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=2)
CELERY_TIMEZONE = "Asia/Shanghai"

# --- sign-in of operators ---
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_AGE = 8 * 3600
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^(livez|readyz)$"]
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
X_FRAME_OPTIONS = "DENY"

# --- words and time ---
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["loyalty.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="Asia/Shanghai")
SEAL_TIME_ZONE = env.str("SEAL_TIME_ZONE", default=TIME_ZONE)
GROUP_CURRENCY = "CNY"
# Moves the doors' clock in tests and demos (ISO 8601 with offset). Production refuses it.
LOYALTY_FAKE_NOW = env.str("LOYALTY_FAKE_NOW", default="")

# --- static files ---
STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION

# --- messages to members: `file` or `console` (production refuses both), or a provider's function by path ---
MESSAGE_CHANNEL = env.str("MESSAGE_CHANNEL", default="" if PRODUCTION else "file")
MESSAGE_FILE = env.str("MESSAGE_FILE", default="") or str(
    Path(env.str("LOYALTY_LOCAL_DIR", default="") or BASE_DIR / ".local").absolute() / "messages.jsonl"
)

# --- money: who takes it (parking/services/providers.py); production refuses the sandbox ---
PAYMENT_PROVIDERS = {
    "sandbox": "parking.services.sandbox.SandboxProvider",
    **env.dict("PAYMENT_PROVIDERS", default={}),
}
PAYMENT_PROVIDER = env.str("PAYMENT_PROVIDER", default="" if PRODUCTION else "sandbox")

# --- the two REST surfaces ---
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.input.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "loyalty.openapi.ApiSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "common.api.CursorPages",
    "PAGE_SIZE": 50,
    "EXCEPTION_HANDLER": "common.errors.problem_response",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Unified membership",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    # Several messages have a `kind` or a `status`: each set of words has one name in the contracts.
    "ENUM_NAME_OVERRIDES": {
        "EntitlementEntryKind": "benefits.api.rights_shapes.ENTRY_KINDS",
        "Measure": "benefits.models.Measure",
        "QuotaPeriod": "benefits.models.QuotaPeriod",
        "ActivityKind": "activities.api.serializers.REPORTABLE",
        "RecordedKind": "activities.models.ActivityKind",
        "BatchOutcome": "activities.api.partner_batch.OUTCOMES",
        "DailyTotalOutcome": "activities.api.serializers.TOTAL_OUTCOMES",
        "RefundState": "activities.api.partner_refunds.STATES",
        "LotState": "points.api.explaining_shapes.LOT_STATES",
        "OpenLotState": "points.api.serializers.LOT_STATES",
        "AccessKind": "members.models.AccessKind",
        "BindableKind": "members.api.identities.BINDABLE",
        "BindingState": "members.api.identities.STATES",
        "ConsentPurpose": "members.models.ConsentPurpose",
        "IdentityKind": "members.models.IdentityKind",
        "MemberStatus": "members.models.MemberStatus",
        "AutoPay": "parking.models.AutoPay",
        "ParkingDecision": "parking.api.serializers.DECISIONS",
        "ParkingOrderState": "parking.models.OrderState",
        "ParkingPartKind": "parking.models.PartKind",
        "ParkingSessionState": "parking.models.SessionState",
        "PaymentState": "parking.models.PaymentState",
        "PostingKind": "points.models.PostingKind",
        "RedemptionStatus": "points.selectors.redemptions.RedemptionStatus",
        "ResidencyRole": "members.models.ResidencyRole",
        "RewardOrderStatus": "benefits.models.OrderState",
        "VoucherStatus": "benefits.models.VoucherState",
        "VoucherKind": "benefits.models.VoucherKind",
        "RewardKind": "benefits.models.RewardKind",
    },
}

# --- who is who (docs/imports.md tells the measured effect) ---
# A row that is at least so surely a known member is linked; nobody asks.
MATCH_LINK_ABOVE = env.float("MATCH_LINK_ABOVE", default=0.95)
# From here on a person is asked.
MATCH_ASK_ABOVE = env.float("MATCH_ASK_ABOVE", default=0.05)
# Whether differing Western given names (Bob, Robert) may be one person's where birth date and the rest agree.
# Twins of one address differ in nothing else: a group that has Western families leaves it off.
MATCH_LINK_CALL_NAMES = env.bool("MATCH_LINK_CALL_NAMES", default=False)

# --- privacy (docs/privacy.md) ---
# How many members one operator may see in full within 24 hours.
REVEALS_PER_DAY = env.int("REVEALS_PER_DAY", default=100)
# Days between a member's wish to be erased and the erasure; meanwhile the membership is closed. 0: at once.
ERASURE_WAIT_DAYS = env.int("ERASURE_WAIT_DAYS", default=0)
# Days for which a car park knows the plate of a car of nobody's after its stay: long enough to answer a
# complaint about a fee or a refund. The stay and its money stay on the books.
STRANGER_PLATES_KEPT_DAYS = env.int("STRANGER_PLATES_KEPT_DAYS", default=180)

# --- the admin's look ---
UNFOLD = _UNFOLD

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
