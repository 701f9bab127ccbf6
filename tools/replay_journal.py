#!/usr/bin/env python3
"""Rebuild the books from an exported journal, and say where they differ from what the system wrote.

Plain Python 3.11 in one file; of the system that wrote the journal it knows `docs/export.md` and no code.
Usage: replay_journal.py FILE|- [--json]. Exit 0: all agrees. 1: something disagrees. 2: not a journal.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections import Counter, defaultdict, namedtuple
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TextIO

Row = dict[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = 2**63
SHOWN_MAX = 100
KINDS = ("unit", "program", "posting", "entry", "lot", "draw", "wallet")


class NotAJournal(Exception):
    """The file cannot be read as a journal."""


# What later lines ask of a posting and of a lot; instants are microseconds, `lives` a range of them.
Posted = namedtuple("Posted", "kind points chosen_at")  # noqa: PYI024 -- a line each
Lot = namedtuple("Lot", "by wallet member program points remaining held is_open lives")  # noqa: PYI024


class Drawers:
    """What is proved posting by posting, put away on disk by posting, so that millions need no memory."""

    def __init__(self, count: int = 64) -> None:
        self.files: list[TextIO] = [tempfile.TemporaryFile("w+") for _ in range(count)]  # noqa: SIM115 -- below

    def put(self, key: str, *row: object) -> None:
        json.dump([key, *row], file := self.files[hash(key) % len(self.files)])
        file.write("\n")

    def opened(self) -> Iterable[tuple[str, list[list[Any]]]]:
        """One drawer after the other: every key, and all that was put there under it."""
        for file in self.files:
            found: dict[str, list[list[Any]]] = defaultdict(list)
            file.seek(0)
            for line in file:
                key, *row = json.loads(line)
                found[key].append(row)
            file.close()
            yield from found.items()


class Books:
    """What the journal says, made again from its lines, and every row found to disagree."""

    def __init__(self) -> None:
        self.units: dict[str, int] = {}
        self.programs: dict[str, int] = {}
        self.postings: dict[str, Posted] = {}
        self.legs: dict[int, Row] = {}
        self.lots: dict[str, Lot] = {}
        self.draws: set[int] = set()
        self.wallets: dict[int, Row] = {}
        self.drawn: Counter[str] = Counter()
        self.drawers = Drawers()
        self.balances: Counter[int] = Counter()
        self.left: Counter[int] = Counter()  # what remains in a wallet's lots
        self.owed: Counter[tuple[str, str]] = Counter()
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
        {"unit": self.units, "program": self.programs}[line["type"]][line["code"]] = line["id"]

    _add_program = _add_unit

    def _add_posting(self, line: Row) -> None:
        if line["id"] in self.postings:
            self.differs("posting_is_told_once", line["id"], "told twice")
            return
        if line["points"] <= 0:
            self.differs("points_are_positive", line["id"], f"points {line['points']}")
        if line["reverses"]:
            self.reversed[line["reverses"]] += line["points"]
        elif line["kind"] == "reversal":
            self.differs("reversal_names_its_original", line["id"], "it reverses nothing")
        detail = line["detail"] or {}
        at, debt = micros(detail.get("held_at", line["occurred_at"])), detail.get("debt", 0)
        debts = {line["member"]: detail.get("owed", 0) - debt, detail.get("to"): debt}
        self.owed.update({(member, line["program"]): owed for member, owed in debts.items()})
        self.postings[line["id"]] = Posted(sys.intern(line["kind"]), line["points"], at)
        text = posting_text(line, self.units, self.programs)
        self.drawers.put(line["id"], "posting", text, line["digest"], debts)
        self.drawers.put(f"{line['unit']} {line['kind']} {line['source_ref']}", "reference", line["id"])

    def _add_entry(self, line: Row) -> None:
        if (posting := line["posting"]) not in self.postings:
            self.differs("nothing_is_orphaned", f"entry {line['id']}", f"no posting {posting}")
            return
        other = self.legs.pop(line["id"], None)
        if other is None:
            self.legs[line["id"]] = line
        elif {other["leg"], line["leg"]} != {"wallet", "house"} or other["posting"] != posting:
            self.differs("entry_has_two_legs", f"entry {line['id']}", "its legs do not mirror each other")
        elif (other["program"], other["points"]) != (line["program"], -line["points"]):
            self.differs("postings_sum_to_zero", posting, f"{other['points']:+d} and {line['points']:+d}")
        else:
            wallet, house = sorted((line, other), key=lambda leg: leg["leg"], reverse=True)
            self.balances[wallet["wallet"]] += wallet["points"]
            program, unit = self.programs.get(wallet["program"]), self.units.get(house["unit"])
            text = joined(wallet["member"], program, house["account"], unit, wallet["points"])
            self.drawers.put(posting, "entries", text, wallet["wallet"], wallet["points"])

    def _add_lot(self, line: Row) -> None:
        by = self.postings.get(line["posting"])
        if by is None or line["id"] in self.lots:
            self.differs("nothing_is_orphaned", f"lot {line['id']}", "told twice, or of no posting")
            return
        self.drawers.put(line["posting"], "lots", lot_text(line, self.units), line["wallet"], -line["points"])
        if line["points"] <= 0:
            self.differs("points_are_positive", f"lot {line['id']}", f"points {line['points']}")
        lives = range(micros(line["available_at"]), micros(line["expires_at"]))
        whose = (line["wallet"], sys.intern(line["member"]), sys.intern(line["program"]))
        states = (line["points"], line["remaining"], line["held"], line["is_open"])
        self.lots[line["id"]] = Lot(by, *whose, *states, lives)

    def _add_draw(self, line: Row) -> None:
        posting, lot = self.postings.get(line["posting"]), self.lots.get(line["lot"])
        if posting is None or lot is None or line["id"] in self.draws or line["member"] != lot.member:
            self.differs("nothing_is_orphaned", f"draw {line['id']}", "told twice, or of another's lot")
            return
        self.draws.add(line["id"])
        self.drawn[line["lot"]] += line["points"]
        repaid = line["points"] if lot.by is posting else 0  # a debt is repaid from the very lot that is new
        self.owed[lot.member, lot.program] -= repaid
        text = joined(line["lot"], line["points"])
        self.drawers.put(line["posting"], "draws", text, lot.wallet, line["points"] - repaid)
        if posting.kind in ("redemption", "transfer") and posting.chosen_at not in lot.lives:
            self.differs("spent_points_were_alive", f"draw {line['id']}", f"lot {line['lot']} was not")
        if posting.kind == "expiry" and posting.chosen_at < lot.lives.stop:
            self.differs("expired_points_were_dead", f"draw {line['id']}", f"lot {line['lot']} was not")

    def _add_wallet(self, line: Row) -> None:
        if line["id"] in self.wallets:
            self.differs("nothing_is_orphaned", f"wallet {line['id']}", "told twice")
        self.wallets[line["id"]] = line

    def close(self) -> None:
        """All lines are in: make the totals and compare."""
        for entry in self.legs:
            self.differs("entry_has_two_legs", f"entry {entry}", "only one leg is told")
        for key, rows in self.drawers.opened():
            self._close_posting(key, rows)
        for original, points in self.reversed.items():
            if original not in self.postings:
                self.differs("nothing_is_orphaned", original, "reversed, but never posted")
            elif points > (of := self.postings[original].points):
                self.differs("reversals_within_original", original, f"{points} reversed of {of}")
        for identity, lot in self.lots.items():
            self._close_lot(f"lot {identity}", lot, lot.points - self.drawn[identity])
        self._close_wallets()

    def _close_posting(self, key: str, rows: list[list[Any]]) -> None:
        """What was put away under a posting's id, or under a reference."""
        if rows[0][0] == "reference":
            for _kind, identity in rows[1:]:
                self.differs("one_reference_posts_once", identity, f"{key} is also that of {rows[0][1]}")
            return
        (_kind, text, digest, debts), parts = rows[0], rows[1:]
        moved: Counter[int] = Counter()
        for _part, _text, wallet, points in parts:
            moved[wallet] += points
        for part in ("entries", "draws", "lots"):
            text += "\n\n" + "\n".join(sorted((row[1] for row in parts if row[0] == part), key=str.encode))
        if hashlib.sha256(text.encode()).hexdigest() != digest:
            self.differs("digest_fits", key, "the posting, its entries, draws or lots were changed")
        if sum(row[3] for row in parts if "|transfer|" in row[1]):
            self.differs("carried_points_stay", key, "what one member gave, no other got")
        for wallet, points in moved.items():  # a refund that leaves a debt draws on no lot for it
            if points != -debts.get(self.wallets.get(wallet, {}).get("member"), 0):
                self.differs("entries_are_lots_and_draws", key, f"{points:+d} unexplained in wallet {wallet}")

    def _close_lot(self, name: str, lot: Lot, remains: int) -> None:
        self.left[lot.wallet] += remains
        if not 0 <= remains <= lot.points:
            self.differs("lots_within_bounds", name, f"{remains} of {lot.points} remain")
        if remains != lot.remaining:
            self.differs("lot_is_its_draws", name, f"remaining {lot.remaining}, replayed {remains}")
        if lot.is_open != (lot.remaining > 0):
            self.differs("lot_is_open_while_points_remain", name, f"open: {lot.is_open}")
        if not 0 <= lot.held <= lot.remaining:
            self.differs("held_within_remaining", name, f"held {lot.held} of {lot.remaining}")
        wallet = self.wallets.get(lot.wallet, {})
        if (wallet.get("member"), wallet.get("program")) != (lot.member, lot.program):
            self.differs("nothing_is_orphaned", name, f"not of wallet {lot.wallet}")

    def _close_wallets(self) -> None:
        for number, wallet in self.wallets.items():
            name, balance = f"wallet {number}", self.balances[number]
            debt = self.owed[wallet["member"], wallet["program"]]
            if (wallet["balance"], wallet["debt"]) != (balance, debt):
                said = f"balance {wallet['balance']} and debt {wallet['debt']}"
                self.differs("wallet_is_its_postings", name, f"{said}, replayed {balance} and {debt}")
            if balance != self.left[number] - debt or debt < 0:
                self.differs("wallet_is_its_lots", name, f"{balance} is not {self.left[number]} − {debt}")
        for missing in self.balances.keys() - self.wallets.keys():
            self.differs("nothing_is_orphaned", f"wallet {missing}", "has entries, but is not told")


def micros(text: str | None) -> int:
    """An instant as the journal writes it, in microseconds since 1970."""
    return NEVER if text is None else (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def seconds(text: str | None) -> str:
    """An instant as digests write it: seconds since 1970, six decimals."""
    whole, part = divmod(abs(at := micros(text)), 1_000_000)
    return "Infinity" if at == NEVER else f"{'-' if at < 0 else ''}{whole}.{part:06d}"


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
    cost = format(Decimal(line["unit_cost"]).normalize(), "f")
    return joined(
        line["id"], units.get(line["issuer"]), line["points"], cost, seconds(line["earned_at"]),
        seconds(line["available_at"]), None if line["rolls"] else seconds(line["expires_at"]),
    )  # fmt: skip


def replay(lines: Iterable[str]) -> Books:
    """The books of a journal.

    :raises NotAJournal: a line is not of a journal, or out of order
    """
    books, reached = Books(), 0
    for number, text in enumerate(lines, 1):
        try:
            line = json.loads(text)
            if (place := KINDS.index(line["type"])) < reached:
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
        rows = [dict(zip(("check", "row", "detail"), row, strict=True)) for row in books.found[:SHOWN_MAX]]
        print(json.dumps({"lines": books.lines, "disagreements": rows, "count": len(books.found)}))
    else:
        for check, row, detail in books.found[:SHOWN_MAX]:
            print(f"{check}: {row}: {detail}")
        told = ", ".join(f"{count} {kind}" for kind, count in books.lines.items())
        print(f"{len(books.found)} disagreements in {told or 'an empty journal'}")
    return 1 if books.found else 0


if __name__ == "__main__":
    sys.exit(main())
