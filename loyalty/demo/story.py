"""The story of `make demo`: found the group, import its members and their year, spend, expire, audit.

Each chapter is a `JobRun`, so that a second telling goes on with what is there: a chapter that is done is
skipped, one that was cut off is told again. Every chapter is safe to tell again.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import transaction

from common.idempotency import JobAlreadyClaimed, run_job_once
from common.models import JobRun
from loyalty.demo.files import SEED, Timeline, timeline, write_files
from loyalty.demo.group import HOMES, HOTEL, MALL, OFFICE, found_group
from loyalty.demo.overview import Overview, group_overview
from loyalty.demo.parking import park_cars
from loyalty.demo.shop import open_shop, shop_days
from loyalty.demo.shopping import Basket, baskets, transactions_file
from loyalty.demo.spending import Month, months, spend_month
from members.models import Member
from units.models import BusinessUnit

JOB = "demo"
# The shop opened so long before the story ends: its vouchers are still good.
SHOP_OPEN = timedelta(days=30)
# Whoever holds the demo's lock is the only teller: a chapter without an end was cut off, however young it is.
_CUT_OFF_AT_ANY_AGE = timedelta(days=-36_500)
Chapter = Callable[[], Mapping[str, Any]]


class NotOurDatabase(Exception):
    """The database holds units or members, and no story of ours."""


class RowsRejected(Exception):
    """An import of the demo's own files refused rows. The argument says which file tells why."""


class Story:
    """One telling. `show` hears the chapter's name, its outcome and whether it had been told before."""

    def __init__(
        self,
        *,
        folder: Path,
        at: datetime,
        households: int | None = None,
        show: Callable[[str, Mapping[str, Any], bool], None] = lambda _name, _outcome, _told: None,
    ) -> None:
        self._folder, self._at, self._households, self._show = folder, at, households, show

    def tell(self) -> Overview:
        """Tell what has not been told. Returns what the books say at the end.

        :raises NotOurDatabase: it would mix with somebody's data
        :raises ShoppingDataMissing: the package with the baskets is not installed
        :raises RowsRejected: an import refused rows
        """
        if not self._told("story") and (BusinessUnit.objects.exists() or Member.objects.exists()):
            raise NotOurDatabase
        self._chapter("story", self._begin)
        for unit in (MALL, HOMES, HOTEL, OFFICE):
            self._import("members", unit.code)
        for unit in (MALL, HOMES, HOTEL, OFFICE):
            self._import("activities", unit.code)
        for month in months(self._line.starts_at, self._line.ends_at):
            # The month and the note that it was told are one: told again, other members would be chosen.
            with transaction.atomic():
                self._chapter(f"spending {month}", lambda month=month: self._spend(month))  # type: ignore[misc]  # mypy cannot infer it
        # Before the cars: whoever parks may pay with what the shop gave them.
        self._chapter("shop", self._shop)
        self._chapter("parking", self._park)
        return group_overview()

    def _shop(self) -> dict[str, Any]:
        """Rewards, vouchers and rights, and what members did with them; told whole or not at all."""
        units = {unit.code: unit for unit in BusinessUnit.objects.all()}
        with transaction.atomic():
            rewards = open_shop(units, since=self._at - SHOP_OPEN)
            return {"rewards": rewards, **shop_days(units, at=self._at)}

    def _park(self) -> dict[str, Any]:
        """Cars of the mall's members; told again after it was cut off, nothing is told twice."""
        with transaction.atomic():
            return dict(park_cars(BusinessUnit.objects.get(code=MALL.code), at=self._at))

    def _begin(self) -> dict[str, Any]:
        """Found the group and fix the dates, once: a later telling keeps them."""
        line = timeline(self._baskets, ends_at=self._at)
        found_group(stores=sorted({str(basket.store) for basket in self._baskets}))
        return {
            "days": line.days,
            "starts_at": line.starts_at.isoformat(),
            "ends_at": line.ends_at.isoformat(),
            "households": self._households,
            "baskets": len(self._baskets),
        }

    def _import(self, what: str, code: str) -> None:
        def chapter() -> dict[str, Any]:
            told = io.StringIO()
            path = self._files[code, what]
            generated = what == "members" or code != MALL.code
            options = ["--generated"] if generated else []
            call_command(f"import_{what}", str(path), "--unit", code, "--json", *options, stdout=told)
            report: dict[str, Any] = json.loads(told.getvalue())
            if report["rejected"]:
                raise RowsRejected(report["rejects_path"])
            return report

        self._chapter(f"{what} {code}", chapter)

    def _spend(self, month: Month) -> dict[str, Any]:
        spent = spend_month(month, seed=SEED)
        return {
            "redemptions": spent.redemptions,
            "refused": spent.refused,
            "lots_expired": spent.lots_expired,
            "points_expired": spent.points_expired,
        }

    def _chapter(self, name: str, work: Chapter) -> None:
        try:
            run = run_job_once(job=JOB, period=name, at=self._at, stale_after=_CUT_OFF_AT_ANY_AGE, work=work)
        except JobAlreadyClaimed:
            self._show(name, self._told(name), True)
        else:
            assert run.outcome is not None, "a chapter that ended has an outcome"
            self._show(name, run.outcome, False)

    def _told(self, name: str) -> dict[str, Any]:
        """The outcome of a chapter that is done; empty where it is not."""
        run = JobRun.objects.filter(job=JOB, period=name, finished_at__isnull=False).first()
        outcome: dict[str, Any] = run.outcome if run is not None and run.outcome else {}
        return {} if "failed" in outcome else outcome

    @cached_property
    def _line(self) -> Timeline:
        told = self._told("story")
        starts_at, ends_at = (datetime.fromisoformat(told[name]) for name in ("starts_at", "ends_at"))
        return Timeline(told["days"], starts_at, ends_at)

    @cached_property
    def _baskets(self) -> Sequence[Basket]:
        households = self._told("story").get("households", self._households)
        return baskets(transactions_file(), households=households)

    @cached_property
    def _files(self) -> dict[tuple[str, str], Path]:
        return write_files(self._folder, self._baskets, self._line)
