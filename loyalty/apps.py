"""The project as an app, so that its commands and start-up checks are found."""

from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    name = "loyalty"

    def ready(self) -> None:
        """Register checks, audits and explainers, and end this process if production is unsafe."""
        from loyalty import auditing, checks, explaining  # noqa: PLC0415 -- they need a ready app registry

        auditing.tell_the_audit()
        explaining.tell_the_grounds()
        checks.refuse_unsafe_start()
