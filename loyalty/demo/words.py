"""What `make demo` says on the terminal: chapters as they are told, what happened, how to sign in."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table

from loyalty.demo.overview import Overview, UnitOverview
from loyalty.demo.sign_in import SignIn


def language_of(environment: Mapping[str, str]) -> str:
    """English where the terminal asks for English, else Chinese."""
    asked = next(
        (environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), ""
    )
    return "en" if asked.lower().startswith("en") else "zh-hans"


def say_chapter(console: Console, name: str, outcome: Mapping[str, Any], *, was_told: bool) -> None:
    """One line for a chapter."""
    mark = "[dim]·[/dim]" if was_told else "[green]✓[/green]"
    console.print(f"{mark} {_chapter_in_words(name, outcome)}", highlight=False)


def _chapter_in_words(name: str, outcome: Mapping[str, Any]) -> str:
    what, __, which = name.partition(" ")
    if what == "spending":
        return _("%(month)s: %(redemptions)s redemptions, %(refused)s refused; %(points)s points expired") % {
            "month": which,
            "redemptions": outcome["redemptions"],
            "refused": outcome["refused"],
            "points": f"{outcome['points_expired']:,}",
        }
    if what == "shop":
        return (
            _(
                "%(rewards)s rewards offered, %(orders)s orders, %(vouchers)s vouchers (%(used)s used),"
                " %(usages)s entitlements used: made up"
            )
            % outcome
        )
    if what == "parking":
        return _("%(cars)s cars parked, %(paid)s paid, %(inside)s are still inside") % outcome
    if what == "story":
        return _("%(baskets)s real baskets (Complete Journey), from %(starts)s to %(ends)s") % {
            "baskets": f"{outcome['baskets']:,}",
            "starts": outcome["starts_at"][:10],
            "ends": outcome["ends_at"][:10],
        }
    words = (
        _("%(unit)s: %(rows)s members imported (generated names and phones)")
        if what == "members"
        else _("%(unit)s: %(rows)s activities imported")
        if which == "MALL"
        else _("%(unit)s: %(rows)s activities imported (generated)")
    )
    done = words % {"unit": which, "rows": f"{outcome['read']:,}"}
    pace = outcome["rows"] / max(outcome["seconds"], 1e-9)
    return f"{done} [dim]{outcome['seconds']:.1f} s, {pace:,.0f}/s[/dim]"


def overview_table(overview: Overview) -> Table:
    """One column a unit, one line a figure."""
    table = Table(title=_("What happened"), title_justify="left")
    table.add_column("", overflow="fold")
    # gettext's extraction does not look into f-strings.
    generated = _("generated")
    for unit in overview.units:
        label = f"{unit.unit.name}\n{unit.unit.code}"
        table.add_column(f"{label}\n({generated})" if unit.is_generated else label, justify="right")
    for words, value in _figures():
        table.add_row(words, *(value(unit) for unit in overview.units))
    return table


def _figures() -> list[tuple[str, Any]]:
    def points(name: str) -> Any:
        return lambda unit: f"{getattr(unit, name):,}"

    def money(name: str) -> Any:
        return lambda unit: f"{getattr(unit, name):,.2f}"

    return [
        (_("members"), points("members")),
        (_("activities"), points("activities")),
        (_("sales (CNY)"), money("sales")),
        (_("points issued"), points("issued")),
        (_("redeemed here, own points"), points("own_redeemed_here")),
        (_("redeemed here, others' points"), points("others_redeemed_here")),
        (_("redeemed elsewhere"), points("redeemed_elsewhere")),
        (_("expired"), points("expired")),
        (_("exchanged, net"), points("exchanged")),
        (_("outstanding"), points("outstanding")),
        (_("the others owe it (CNY)"), _owed("owed_by_others")),
        (_("it owes the others (CNY)"), _owed("owed_to_others")),
        (_("net (CNY)"), _net),
    ]


def _owed(name: str) -> Any:
    return lambda unit: exact(getattr(unit, name))


def _net(unit: UnitOverview) -> str:
    return exact(unit.owed_by_others - unit.owed_to_others)


def exact(amount: Decimal) -> str:
    """Every digit but trailing zeros, and at least two decimals: sums between units are not rounded."""
    places = max(2, -int(amount.normalize().as_tuple().exponent))
    return f"{amount:,.{places}f}"


def say_books(console: Console, overview: Overview) -> None:
    """Whether the books agree, and that the debts cancel out."""
    told = {"postings": f"{overview.postings:,}", "sum": exact(overview.sum_owed)}
    console.print(_("What the units owe one another sums to %(sum)s.") % told)
    if overview.is_clean:
        console.print(_("[green]Audit: %(postings)s postings agree.[/green]") % told)
    else:
        console.print(_("[red]Audit: the books disagree: run `manage.py audit_ledger`.[/red]"))


def say_where(console: Console, sign_in: SignIn, *, url: str) -> None:
    """Where to look and how to sign in."""
    title = _("Where to look")
    console.print(f"\n[bold]{title}[/bold]")
    rows = (
        (_("site"), url),
        (_("admin"), f"{url}admin/"),
        (_("user and password"), f"{sign_in.operator} / {sign_in.password}"),
        (_("member API"), f"{url}api/docs/"),
        (_("member number (generated person)"), sign_in.member_number),
        (_("member token"), sign_in.member_token),
        (_("partner API"), f"{url}partner/docs/"),
        (_("partner key"), sign_in.partner_token),
    )
    # Whole lines, never cut or wrapped: they are copied.
    for label, value in rows:
        console.print(f"{label}: {value}", highlight=False, soft_wrap=True)
    command = f"curl -H 'Authorization: Bearer {sign_in.member_token}' {url}api/v1/me/wallets"
    console.print(_("For example: %(command)s") % {"command": command}, highlight=False, soft_wrap=True)
