"""A stay, and the passages through gates that it is made of."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models import Member
from members.models.encrypted_field import EncryptedTextField
from parking.models.car_park import CarPark
from parking.models.tariff import Tariff


class SessionState(models.TextChoices):
    """Where a stay stands. `exit_missing`: the car came in again, so it must have left unseen."""

    INSIDE = "inside", _("Inside")
    LEFT = "left", _("Departed")
    EXIT_MISSING = "exit_missing", _("Exit not on record")
    VOID = "void", _("Joined with another")


class ParkingSession(models.Model):
    """One stay of one plate in one car park: what its passages make (parking/rules/stays.py).

    Whose it is was decided when the car came in; a plate that is bound during the stay may claim it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    car_park = models.ForeignKey(
        CarPark, on_delete=models.PROTECT, related_name="sessions", verbose_name=_("car park")
    )
    plate = EncryptedTextField(_("plate"))
    plate_index = models.BinaryField(max_length=32, editable=False)
    member = models.ForeignKey(
        Member,
        on_delete=models.PROTECT,
        related_name="parking_sessions",
        null=True,
        blank=True,
        verbose_name=_("member"),
    )
    state = models.CharField(
        _("state"), max_length=12, choices=SessionState.choices, default=SessionState.INSIDE
    )
    entered_at = models.DateTimeField(_("entered"), null=True, blank=True)
    exited_at = models.DateTimeField(_("departed"), null=True, blank=True)
    # The first known passage: what lists are ordered by, and never empty.
    began_at = models.DateTimeField(_("began"))
    # As of the exit; empty while inside.
    fee = models.DecimalField(_("fee"), max_digits=12, decimal_places=2, null=True, blank=True)
    tariff = models.ForeignKey(
        Tariff, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("tariff")
    )

    class Meta:
        verbose_name = _("parking session")
        verbose_name_plural = _("parking sessions")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=SessionState.values), name="parking_session_state_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(entered_at__isnull=True)
                | models.Q(exited_at__isnull=True)
                | models.Q(exited_at__gte=models.F("entered_at")),
                name="parking_session_ends_after_its_start",
            ),
            models.CheckConstraint(
                condition=models.Q(state="inside", exited_at__isnull=True)
                | models.Q(state="left", exited_at__isnull=False)
                | models.Q(state="exit_missing", entered_at__isnull=False, exited_at__isnull=True)
                | models.Q(state="void"),
                name="parking_session_has_what_its_state_says",
            ),
            models.CheckConstraint(
                condition=models.Q(fee__isnull=True) | models.Q(fee__gte=0),
                name="parking_session_fee_is_not_negative",
            ),
            # A car is in one place once.
            models.UniqueConstraint(
                fields=["car_park", "plate_index"],
                condition=models.Q(state="inside"),
                name="one_open_session_a_plate_and_car_park",
            ),
        ]
        indexes = [
            models.Index(fields=["car_park", "plate_index", "-began_at"], name="parking_session_of_plate"),
            models.Index(fields=["plate_index", "-began_at"], name="parking_session_by_plate"),
            models.Index(fields=["member", "-began_at", "-id"], name="parking_session_of_member"),
            models.Index(fields=["car_park", "-began_at"], name="parking_session_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.car_park.code} {self.began_at:%Y-%m-%d %H:%M}"


class Passage(models.Model):
    """Append-only: a gate saw a plate pass (parking/sql/passages_v1.sql). Told twice, it is kept once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    car_park = models.ForeignKey(
        CarPark, on_delete=models.PROTECT, related_name="passages", verbose_name=_("car park")
    )
    # What the gate calls this passage: once in the car park, for ever.
    source_ref = models.CharField(_("source reference"), max_length=128)
    is_entry = models.BooleanField(_("entry"))
    plate_index = models.BinaryField(max_length=32, editable=False)
    happened_at = models.DateTimeField(_("happened"))
    lane = models.CharField(_("lane"), max_length=40, blank=True, default="")
    received_at = models.DateTimeField(_("received"))
    by = models.CharField(_("by"), max_length=80)
    # The only thing that may change: what it is part of.
    session = models.ForeignKey(
        ParkingSession,
        on_delete=models.PROTECT,
        related_name="passages",
        null=True,
        verbose_name=_("parking session"),
    )

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        constraints = [
            models.UniqueConstraint(fields=["car_park", "source_ref"], name="passage_told_once"),
            models.CheckConstraint(condition=~models.Q(source_ref=""), name="passage_has_its_reference"),
        ]
        indexes = [
            models.Index(fields=["car_park", "plate_index", "happened_at"], name="passage_of_plate"),
        ]

    def __str__(self) -> str:
        return self.source_ref
