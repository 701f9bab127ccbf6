"""The product's settings with one more route: an empty DRF view, the floor of HTTP."""

from loyalty.settings import *  # noqa: F403 -- all of them

ROOT_URLCONF = "tests.bench.urls"
