"""Django for the peers: the ORM ledger and, where installed, django-hordak, in a database of their own."""

from importlib.util import find_spec

from loyalty.settings import DATABASES, LOGGING, SECRET_KEY, USE_TZ

HORDAK = ["mptt", "hordak"] if find_spec("hordak") else []
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    *HORDAK,
    "tests.bench.plain_orm",
]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "tests.bench.peer_urls"
ALLOWED_HOSTS = ["127.0.0.1"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DEFAULT_CURRENCY = "CNY"
HORDAK_CURRENCIES = CURRENCIES = ["CNY"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}

__all__ = ["DATABASES", "LOGGING", "SECRET_KEY", "USE_TZ"]
