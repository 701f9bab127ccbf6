#!/usr/bin/env python3
"""Rebuild the books from an exported journal, and say where they differ from what the system wrote.

Plain Python 3.11 in one file; of the system that wrote the journal it knows `docs/export.md` and no code.
Usage: replay_journal.py FILE|- [--json]. Exit 0: all agrees. 1: something disagrees. 2: not a journal.
"""

import argparse
import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHOWN_MAX = 100
KINDS = ("unit", "program", "posting", "entry", "lot", "draw", "wallet")


class NotAJournal(Exception):
    """The file cannot be read as a journal."""


class Books:
    """What the journal says, made again from its lines, and every row found to disagree."""

    def __init__(self) -> None:
        self.units: dict[str, int] = {}
        self.programs: dict[str, int] = {}
        self.postings: dict[str, Row] = {}
        self.legs: dict[int, Row] = {}
        self.lots: dict[str, Row] = {}
        self.draws: set[int] = set()
        self.wallets: dict[int, Row] = {}
        self.references: dict[tuple[str, str, str], str] = {}
        self.sums: Counter[tuple[str, str]] = Counter()
        self.texts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self.moved: Counter[tuple[str, int]] = (
            Counter()
        )  # entries less new lots plus draws, by posting and wallet
        self.balances: Counter[int] = Counter()
        self.remaining: Counter[str] = Counter()
        self.left: Counter[int] = Counter()  # what remains in a wallet's lots
        self.owed: Counter[int] = Counter()
        self.reversed: Counter[str] = Counter()
        self.lines: Counter[str] = Counter()
        self.found: list[tuple[str, str, str]] = []

    def differs(self, check: str, row: object, detail: str) -> None:
        self.found.append((check, str(row), detail))

    def add(self, line: Row) -> None:
        """Take one line in. Lines come in the order that docs/export.md gives."""
        self.lines[line["type"]] += 1
        getattr(self, f"_add_{line['type']}")(line)

    def _add_unit(self, line: Row) -> None:
        self.units[line["code"]] = line["id"]

    def _add_program(self, line: Row) -> None:
        self.programs[line["code"]] = line["id"]

    def _add_posting(self, line: Row) -> None:
        if line["id"] in self.postings:
            self.differs("posting_is_told_once", line["id"], "told twice")
            return
        reference = (line["unit"], line["kind"], line["source_ref"])
        first = self.references.setdefault(reference, line["id"])
        if first != line["id"]:
            self.differs("one_reference_posts_once", line["id"], f"{reference} is also that of {first}")
        if line["points"] <= 0:
            self.differs("points_are_positive", line["id"], f"points {line['points']}")
        if line["reverses"]:
            self.reversed[line["reverses"]] += line["points"]
        elif line["kind"] == "reversal":
            self.differs("reversal_names_its_original", line["id"], "it reverses nothing")
        detail = line["detail"] or {}
        line["text"] = posting_text(line, self.units, self.programs)
        line["owed"] = detail.get("owed", 0)
        line["chosen_at"] = detail.get("held_at", line["occurred_at"])
        for said in ("detail", "source_ref", "actor", "rule", "posted_at", "unit", "type"):
            del line[said]  # a million postings are kept
        self.postings[line["id"]] = line

    def _add_entry(self, line: Row) -> None:
        posting = line["posting"]
        if posting not in self.postings:
            self.differs("nothing_is_orphaned", f"entry {line['id']}", f"no posting {posting}")
            return
        self.sums[posting, line["program"]] += line["points"]
        other = self.legs.pop(line["id"], None)
        if other is None:
            self.legs[line["id"]] = line
        elif {other["leg"], line["leg"]} != {"wallet", "house"} or (
            other["posting"], other["program"], other["points"]
        ) != (posting, line["program"], -line["points"]):  # fmt: skip
            self.differs("entry_has_two_legs", f"entry {line['id']}", "its legs do not mirror each other")
        else:
            wallet, house = (other, line) if line["leg"] == "house" else (line, other)
            self._add_moved(wallet, house)

    def _add_moved(self, wallet: Row, house: Row) -> None:
        self.balances[wallet["wallet"]] += wallet["points"]
        self.moved[wallet["posting"], wallet["wallet"]] += wallet["points"]
        self.texts[wallet["posting"]]["entries"].append(
            joined(wallet["member"], self.programs.get(wallet["program"]), house["account"],
                   self.units.get(house["unit"]), wallet["points"])
        )  # fmt: skip

    def _add_lot(self, line: Row) -> None:
        if line["posting"] not in self.postings or line["id"] in self.lots:
            self.differs("nothing_is_orphaned", f"lot {line['id']}", "told twice, or of no posting")
            return
        self.moved[line["posting"], line["wallet"]] -= line["points"]
        self.remaining[line["id"]] += line["points"]
        self.texts[line["posting"]]["lots"].append(lot_text(line, self.units))
        if line["points"] <= 0:
            self.differs("points_are_positive", f"lot {line['id']}", f"points {line['points']}")
        self.lots[line["id"]] = line

    def _add_draw(self, line: Row) -> None:
        posting, lot = self.postings.get(line["posting"]), self.lots.get(line["lot"])
        if posting is None or lot is None or line["id"] in self.draws or line["member"] != lot["member"]:
            self.differs(
                "nothing_is_orphaned", f"draw {line['id']}",
                "told twice, of no posting, of no lot or of another member's lot",
            )  # fmt: skip
            return
        self.draws.add(line["id"])
        self.remaining[line["lot"]] -= line["points"]
        self.texts[line["posting"]]["draws"].append(joined(line["lot"], line["points"]))
        if lot["posting"] == line["posting"]:
            self.owed[lot["wallet"]] -= line["points"]  # what repays a debt draws on its own new lot
        else:
            self.moved[line["posting"], lot["wallet"]] += line["points"]
        if posting["kind"] == "redemption":
            at = instant(posting["chosen_at"])
            ends = lot["expires_at"]
            if instant(lot["available_at"]) > at or (ends is not None and instant(ends) <= at):
                self.differs("spent_points_were_alive", f"draw {line['id']}", f"lot {line['lot']} at {at}")

    def _add_wallet(self, line: Row) -> None:
        if line["id"] in self.wallets:
            self.differs("nothing_is_orphaned", f"wallet {line['id']}", "told twice")
        self.wallets[line["id"]] = line

    def close(self) -> None:
        """All lines are in: make the totals and compare."""
        for entry in self.legs:
            self.differs("entry_has_two_legs", f"entry {entry}", "only one leg is told")
        for (posting, program), points in self.sums.items():
            if points:
                self.differs("postings_sum_to_zero", posting, f"{points:+d} in {program}")
        self._close_postings()
        for lot in self.lots.values():
            self._close_lot(lot)
        self._close_wallets()

    def _close_postings(self) -> None:
        wallets = {(wallet["member"], wallet["program"]): number for number, wallet in self.wallets.items()}
        for posting in self.postings.values():
            if posting["owed"]:
                self.owed[wallets.get((posting["member"], posting["program"]), 0)] += posting["owed"]
            parts = self.texts.pop(posting["id"], {})
            whole = [posting["text"], *("\n".join(sorted(parts.get(kind, ()), key=str.encode))
                                        for kind in ("entries", "draws", "lots"))]  # fmt: skip
            if hashlib.sha256("\n\n".join(whole).encode()).hexdigest() != posting["digest"]:
                self.differs(
                    "digest_fits", posting["id"], "the posting, its entries, draws or lots were changed"
                )
        for original, points in self.reversed.items():
            if original not in self.postings:
                self.differs("nothing_is_orphaned", original, "reversed, but never posted")
            elif points > self.postings[original]["points"]:
                of = self.postings[original]["points"]
                self.differs("reversals_within_original", original, f"{points} reversed of {of}")
        for (number, wallet), points in self.moved.items():
            if points != -self.postings[number]["owed"]:  # a refund that leaves a debt draws on no lot for it
                self.differs(
                    "entries_are_lots_and_draws", number, f"{points:+d} unexplained in wallet {wallet}"
                )

    def _close_lot(self, lot: Row) -> None:
        remaining, name = self.remaining[lot["id"]], f"lot {lot['id']}"
        self.left[lot["wallet"]] += remaining
        if not 0 <= remaining <= lot["points"]:
            self.differs("lots_within_bounds", name, f"{remaining} of {lot['points']} remain")
        if remaining != lot["remaining"]:
            self.differs("lot_is_its_draws", name, f"remaining {lot['remaining']}, replayed {remaining}")
        if lot["is_open"] != (lot["remaining"] > 0):
            self.differs("lot_is_open_while_points_remain", name, f"open: {lot['is_open']}")
        if not 0 <= lot["held"] <= lot["remaining"]:
            self.differs("held_within_remaining", name, f"held {lot['held']} of {lot['remaining']}")
        wallet = self.wallets.get(lot["wallet"], {})
        if (wallet.get("member"), wallet.get("program")) != (lot["member"], lot["program"]):
            self.differs("nothing_is_orphaned", name, f"not of wallet {lot['wallet']}")

    def _close_wallets(self) -> None:
        for number, wallet in self.wallets.items():
            name, balance, debt = f"wallet {number}", self.balances[number], self.owed[number]
            if (wallet["balance"], wallet["debt"]) != (balance, debt):
                self.differs(
                    "wallet_is_its_postings", name,
                    f"balance {wallet['balance']} and debt {wallet['debt']}, replayed {balance} and {debt}",
                )  # fmt: skip
            if balance != self.left[number] - debt or debt < 0:
                self.differs("wallet_is_its_lots", name, f"{balance} is not {self.left[number]} − {debt}")
        for missing in self.balances.keys() - self.wallets.keys():
            self.differs("nothing_is_orphaned", f"wallet {missing}", "has entries, but is not told")


def instant(text: str) -> datetime:
    """An instant as the journal writes it."""
    return datetime.fromisoformat(text)


def seconds(text: str | None) -> str:
    """An instant as digests write it: seconds since 1970, six decimals."""
    if text is None:
        return "Infinity"
    since = instant(text) - EPOCH
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return f"{'-' if micros < 0 else ''}{abs(micros) // 1_000_000}.{abs(micros) % 1_000_000:06d}"


def joined(*fields: object) -> str:
    """Fields joined by a bar, nulls left out."""
    return "|".join(str(field) for field in fields if field is not None)


def posting_text(line: Row, units: dict[str, int], programs: dict[str, int]) -> str:
    detail = line["detail"]
    return joined(
        line["id"], line["kind"], units.get(line["unit"]), line["member"], programs.get(line["program"]),
        line["points"], seconds(line["occurred_at"]), seconds(line["posted_at"]), line["reverses"],
        len(line["source_ref"]), line["source_ref"], len(line["actor"]), line["actor"], len(line["rule"]),
        line["rule"], None if detail is None else json.dumps(detail, ensure_ascii=False),
    )  # fmt: skip


def lot_text(line: Row, units: dict[str, int]) -> str:
    cost = format(Decimal(line["unit_cost"]), "f")
    cost = cost.rstrip("0").rstrip(".") if "." in cost else cost
    return joined(
        line["id"], units.get(line["issuer"]), line["points"], cost, seconds(line["earned_at"]),
        seconds(line["available_at"]), seconds(line["expires_at"]),
    )  # fmt: skip


def replay(lines: Iterable[str]) -> Books:
    """The books of a journal.

    :raises NotAJournal: a line is not of a journal, or out of order
    """
    books, reached = Books(), 0
    for number, text in enumerate(lines, 1):
        try:
            line = json.loads(text)
            place = KINDS.index(line["type"])
            if place < reached:
                raise NotAJournal(f"line {number}: {line['type']} after {KINDS[reached]}")
            reached = place
            books.add(line)
        except (ValueError, KeyError, TypeError) as error:
            raise NotAJournal(f"line {number}: {type(error).__name__}: {error}") from error
    books.close()
    return books


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", help="what export_journal wrote; - is standard input")
    parser.add_argument("--json", action="store_true", help="say it as one JSON object")
    asked = parser.parse_args(arguments)
    try:
        source = 0 if asked.file == "-" else asked.file
        with open(source, encoding="utf-8", newline="\n", closefd=source != 0) as lines:
            books = replay(lines)
    except (OSError, NotAJournal) as error:
        print(f"not a journal: {error}", file=sys.stderr)
        return 2
    if asked.json:
        rows = [{"check": check, "row": row, "detail": detail} for check, row, detail in books.found]
        print(json.dumps({"lines": books.lines, "disagreements": rows[:SHOWN_MAX], "count": len(rows)}))
    else:
        for check, row, detail in books.found[:SHOWN_MAX]:
            print(f"{check}: {row}: {detail}")
        told = ", ".join(f"{count} {kind}" for kind, count in books.lines.items())
        print(f"{len(books.found)} disagreements in {told or 'an empty journal'}")
    return 1 if books.found else 0


if __name__ == "__main__":
    sys.exit(main())
