"""Tables of the ground floor: answers kept for retries, runs of jobs, progress of imports, the outbox."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7

__all__ = [
    "IdempotencyRecord", "ImportRun", "ImportUpload", "JobRun", "OutboxDelivery", "OutboxEvent",
    "UploadState", "uuid7",
]  # fmt: skip


class IdempotencyRecord(models.Model):
    """The answer given to one request, kept so that a retry hears it again and does nothing.

    A row without an answer exists only inside the transaction that is making the answer.
    """

    caller = models.TextField(_("caller"))
    route = models.TextField(_("route"), help_text=_("Method, route and the ids in the path."))
    key = models.TextField(_("key"))
    body_hash = models.BinaryField(_("SHA-256 of the request"))
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    response = models.BinaryField(_("answer"), null=True, help_text=_("The very bytes that were sent."))
    headers = models.JSONField(_("headers"), default=dict)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("idempotency record")
        verbose_name_plural = _("idempotency records")
        constraints = [
            models.UniqueConstraint(fields=["caller", "route", "key"], name="idempotency_once"),
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("key"), 128), name="idempotency_key_length"
            ),
            models.CheckConstraint(
                condition=Q(status__isnull=True, response__isnull=True)
                | Q(status__isnull=False, status__range=(200, 299), response__isnull=False),
                name="idempotency_keeps_successes",
            ),
        ]
        # Rows arrive in time order and leave by age: a few kilobytes of BRIN find the old ones.
        indexes = [BrinIndex(fields=["created_at"], name="idempotency_by_age")]

    def __str__(self) -> str:
        return f"{self.route} {self.key}"


class JobRun(models.Model):
    """One run of a periodic job for one period: two beats, one run."""

    job = models.TextField(_("job"))
    period = models.TextField(_("period"), help_text=_("What the run covers, such as 2026-11-23."))
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)
    outcome = models.JSONField(_("outcome"), null=True)

    class Meta:
        verbose_name = _("job run")
        verbose_name_plural = _("job runs")
        constraints = [
            models.UniqueConstraint(fields=["job", "period"], name="job_run_once"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(finished_at__gte=models.F("started_at")),
                name="job_run_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.period}"


class ImportRun(models.Model):
    """How far the import of one file's content has come: advanced in the transaction of each chunk."""

    kind = models.TextField(_("kind"))
    unit_code = models.TextField(_("business unit"), blank=True, default="")
    content_sha256 = models.TextField(_("SHA-256 of the file"))
    file_name = models.TextField(_("file"))
    last_row = models.BigIntegerField(_("last row done"), default=1, help_text=_("Row 1 is the header."))
    counts = models.JSONField(_("counts"), default=dict)
    rejected = models.JSONField(_("rejected, by reason"), default=dict)
    rejects_bytes = models.BigIntegerField(_("length of the rejects file"), default=0)
    rejects_sha256 = models.TextField(_("SHA-256 of the rejects file"), blank=True, default="")
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("import run")
        verbose_name_plural = _("import runs")
        constraints = [
            models.UniqueConstraint(fields=["kind", "unit_code", "content_sha256"], name="import_run_once"),
            models.CheckConstraint(condition=Q(last_row__gte=1), name="import_run_begins_at_the_header"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.file_name}"


class UploadState(models.TextChoices):
    """How far an uploaded file has come."""

    CHECK = "check", _("To be checked")
    CHECKED = "checked", _("Checked")
    IMPORT = "import", _("To be imported")
    DONE = "done", _("Imported")
    FAILED = "failed", _("Stopped")
    DISCARDED = "discarded", _("Discarded")


class ImportUpload(models.Model):
    """A file that an operator uploaded: checked first (a dry run), then imported.

    File and refused rows hold personal data: they are kept sealed, and forgotten after some days
    (loyalty/workflows/uploads.py). The figures stay.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.TextField(_("kind"))
    unit_code = models.TextField(_("business unit"), blank=True, default="")
    program_code = models.TextField(_("points program"), blank=True, default="")
    file_name = models.TextField(_("file"))
    size_bytes = models.PositiveIntegerField(_("bytes"))
    content = models.BinaryField(_("the file, sealed"), null=True)
    state = models.CharField(_("state"), max_length=9, choices=UploadState.choices, default=UploadState.CHECK)
    uploaded_by = models.TextField(_("uploaded by"))
    uploaded_at = models.DateTimeField(_("uploaded"))
    asked_by = models.TextField(_("import asked by"), blank=True, default="")
    # A worker has it since then; one that was killed loses it after a while.
    worked_since = models.DateTimeField(_("being worked on since"), null=True)
    share = models.FloatField(_("done"), default=0)
    check_report = models.JSONField(_("what the check found"), null=True)
    report = models.JSONField(_("what the import did"), null=True)
    rejects = models.BinaryField(_("refused rows, sealed"), null=True)
    problem = models.TextField(_("why it stopped"), blank=True, default="")
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("uploaded list")
        verbose_name_plural = _("uploaded lists")
        permissions = [("download_rejects", _("Can download the refused rows of an uploaded list"))]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=UploadState.values), name="upload_state_is_known"),
            models.CheckConstraint(condition=~Q(uploaded_by=""), name="upload_says_who"),
            models.CheckConstraint(
                condition=~Q(state__in=["check", "import"]) | Q(content__isnull=False),
                name="upload_to_be_worked_on_has_its_file",
            ),
        ]
        indexes = [
            models.Index(
                fields=["uploaded_at"],
                condition=Q(state__in=["check", "import"]),
                name="upload_to_be_worked_on",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class OutboxEvent(models.Model):
    """Something that happened, told if and only if its change was committed (common/outbox.py).

    It carries ids and codes only, never personal data: it outlives the person's.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.TextField(_("what happened"), help_text=_("Such as members.tier_changed."))
    subject = models.TextField(_("to whom or what"), help_text=_("An id, mostly a member's."))
    payload = models.JSONField(_("facts"), default=dict)
    occurred_at = models.DateTimeField(_("happened"))
    is_addressed = models.BooleanField(_("addressed to its listeners"), default=False)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.CheckConstraint(condition=~Q(kind="") & ~Q(subject=""), name="outbox_event_says_what"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(is_addressed=False), name="outbox_to_be_addressed"),
            models.Index(fields=["subject", "-occurred_at"], name="outbox_of_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class OutboxDelivery(models.Model):
    """One event on its way to one listener: done, due again, or dead after too many failures."""

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(
        OutboxEvent, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("event")
    )
    listener = models.TextField(_("listener"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"))
    done_at = models.DateTimeField(_("done"), null=True)
    dead_at = models.DateTimeField(_("given up"), null=True)
    error = models.TextField(_("last error"), blank=True, default="")

    class Meta:
        verbose_name = _("delivery of an event")
        verbose_name_plural = _("deliveries of events")
        constraints = [
            models.UniqueConstraint(fields=["event", "listener"], name="outbox_delivered_once"),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(dead_at__isnull=True), name="outbox_done_or_dead"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(done_at__isnull=True, dead_at__isnull=True),
                name="outbox_to_be_delivered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.listener}"
