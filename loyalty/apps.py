"""The project as an app, so that its commands and start-up checks are found."""

from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    name = "loyalty"

    def ready(self) -> None:
        """Register the checks, and end this process if production is unsafe."""
        from loyalty import checks  # noqa: PLC0415 -- checks need a ready app registry

        checks.refuse_unsafe_start()
