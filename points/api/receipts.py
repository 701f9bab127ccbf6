"""Receipts as tills hear them: records of the ledger, with the programs' codes."""

from typing import Any

from points.api.partner_messages import Receipt, ReversalReceipt
from points.api.serializers import shares_told
from points.selectors.redemptions import RedemptionRecord, program_codes, record_id_of
from points.services.reversal import PutBack


def receipt_of(record: RedemptionRecord, codes: dict[int, str] | None = None) -> Any:
    """The receipt of a price; `codes` are the programs' by id, where the door knows them already."""
    known = codes or program_codes([record.program_id, *(share.program_id for share in record.shares)])
    record_told = {name: getattr(record, name) for name in record.__slots__}
    told = {"program": known[record.program_id], "shares": shares_told(record.shares, known)}
    return Receipt({**record_told, **told, "unit": record.unit.code}).data


def reversal_receipt_of(back: PutBack) -> Any:
    """The receipt of a reversal."""
    posting, original = back.posting, back.original
    codes = program_codes([original.program_id, *(share.program_id for share in back.shares)])
    told = {
        "id": posting.pk,
        "redemption": record_id_of(original),
        "unit": original.unit.code,
        "source_ref": posting.source_ref,
        "member": original.member,
        "program": codes[original.program_id],
        "points": posting.points,
        "shares": shares_told(back.shares, codes),
        "occurred_at": posting.occurred_at,
    }
    return ReversalReceipt(told).data
