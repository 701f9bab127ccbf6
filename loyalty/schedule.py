"""The schedule as data: what runs by itself, when, and why. `manage.py sync_schedule` takes it to beat.

Nightly jobs fire every hour of the night and claim their day: the first run that succeeds is the day's only
one, and the later firings are what takes up a run that failed or was killed. `time_out_holds` claims nothing:
each minute's run takes up what the one before left.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext_noop as _

from activities.tasks import review_tiers
from benefits.tasks import end_orders_and_vouchers
from loyalty.tasks import (
    end_entitlements,
    erase_members,
    forget_uploads,
    mind_members,
    prune_answers,
    tell_listeners,
    work_on_uploads,
)
from parking.tasks import forget_plates, settle_parking
from points.tasks import audit_ledger, expire_points, make_coming_parts, seal_ledger, time_out_holds

GROUP_TIME_ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Crontab:
    """When: the five fields of a crontab line, read in `time_zone`."""

    minute: str
    hour: str
    day_of_month: str = "*"
    month_of_year: str = "*"
    day_of_week: str = "*"
    time_zone: str = GROUP_TIME_ZONE

    def __str__(self) -> str:
        return (
            f"{self.minute} {self.hour} {self.day_of_month} {self.month_of_year} {self.day_of_week} "
            f"{self.time_zone}"
        )


@dataclass(frozen=True, slots=True)
class Job:
    """One line of the schedule. `name` is also what `manage.py run_job` calls it."""

    name: str
    task: Callable[..., dict[str, Any]]
    when: Crontab
    why: str
    args: tuple[Any, ...] = ()

    @property
    def task_name(self) -> str:
        """The task as messages name it."""
        name: str = self.task.name  # type: ignore[attr-defined]  # shared_task hands out a task, typed as a function
        return name


SCHEDULE = (
    Job(
        name="expire_points",
        task=expire_points,
        when=Crontab(minute="5", hour="0-6"),
        why=_(
            "Points end at midnight after their last day; balances and liability should say so by morning."
        ),
    ),
    Job(
        name="time_out_holds",
        task=time_out_holds,
        when=Crontab(minute="*", hour="*"),
        why=_(
            "Points held for a sale that nobody finished can be used again within a minute of their end. Runs"
            " that overlap time out each hold once."
        ),
    ),
    Job(
        name="end_entitlements",
        task=end_entitlements,
        when=Crontab(minute="15", hour="0-6"),
        why=_(
            "What was given for a time is over at its instant; by morning the books say what nobody used of"
            " it, and what was held and never used is let go."
        ),
    ),
    Job(
        name="end_orders_and_vouchers",
        task=end_orders_and_vouchers,
        when=Crontab(minute="*", hour="*"),
        why=_(
            "Rewards that nobody picked up are back in stock within a minute, and vouchers that a till kept"
            " can be used again."
        ),
    ),
    Job(
        name="tell_listeners",
        task=tell_listeners,
        when=Crontab(minute="*", hour="*"),
        why=_("What one part of the house must tell another arrives within a minute of its being committed."),
    ),
    Job(
        name="work_on_uploads",
        task=work_on_uploads,
        when=Crontab(minute="*", hour="*"),
        why=_("An uploaded list is taken up at once; where that message was lost, within a minute."),
    ),
    Job(
        name="settle_parking",
        task=settle_parking,
        when=Crontab(minute="*", hour="*"),
        why=_(
            "Parking that was paid while we were away is known within a minute, orders that nobody paid let"
            " go of what stood ready, and refunds reach their provider. Runs that overlap do each once."
        ),
    ),
    Job(
        name="seal_ledger",
        task=seal_ledger,
        when=Crontab(minute="25", hour="0-6"),
        why=_("A signed seal over each day's postings leaves the house: nobody can rewrite a day unseen."),
    ),
    Job(
        name="audit_ledger",
        task=audit_ledger,
        when=Crontab(minute="35", hour="1-7"),
        why=_("After the sweep the books are quiet: a row changed behind our back is found within a day."),
    ),
    Job(
        name="make_coming_parts",
        task=make_coming_parts,
        when=Crontab(minute="50", hour="3-6"),
        why=_("A journal in parts by year has the next years' ready before their first posting."),
    ),
    Job(
        name="prune_answers",
        task=prune_answers,
        when=Crontab(minute="20", hour="3-6"),
        why=_("Answers kept for retries are of no use after a week, and their table would only grow."),
    ),
    Job(
        name="forget_uploads",
        task=forget_uploads,
        when=Crontab(minute="15", hour="3-6"),
        why=_("Uploaded lists hold people's data: after a week their figures stay and the files go."),
    ),
    Job(
        name="forget_plates",
        task=forget_plates,
        when=Crontab(minute="25", hour="3-6"),
        why=_("A car of nobody's is known by its plate for as long as somebody may ask about its stay."),
    ),
    Job(
        name="mind_members",
        task=mind_members,
        when=Crontab(minute="10", hour="0-6"),
        why=_(
            "Who turned 14 needs no guardian from this day on, and whose guardian left needs another."
            " Old codes are forgotten."
        ),
    ),
    Job(
        name="review_tiers",
        task=review_tiers,
        when=Crontab(minute="15", hour="0-6"),
        why=_(
            "A level ends, and begins, with its day: whose review is due, whose role began or ended, and"
            " everybody when a new scheme starts."
        ),
    ),
    Job(
        name="erase_members",
        task=erase_members,
        when=Crontab(minute="40", hour="*"),
        why=_("Who asked to be erased is, within the hour in which the waiting period ends."),
    ),
)


def job_named(name: str) -> Job:
    """The job of that name.

    :raises KeyError: there is none; `SCHEDULE` knows which there are
    """
    return {job.name: job for job in SCHEDULE}[name]


def shipped_fields(job: Job) -> dict[str, Any]:
    """What an operator may change about `job`, as this release ships it."""
    return {
        "task": job.task_name,
        "when": str(job.when),
        "args": list(job.args),
        "enabled": True,
        "why": job.why,
    }


def crontab_fields(when: Crontab) -> dict[str, str]:
    """`when` by the names of its fields, without the zone."""
    fields = asdict(when)
    fields.pop("time_zone")
    return fields
