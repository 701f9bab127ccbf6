"""The project as an app, so that its commands and start-up checks are found."""

from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    name = "loyalty"

    def ready(self) -> None:
        """Register the checks that refuse an unsafe start."""
        from loyalty import checks  # noqa: F401, PLC0415 -- checks need a ready app registry
