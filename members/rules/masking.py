"""What a list may show of a person: enough to recognise, too little to use."""

from datetime import date


def masked_phone(phone: str) -> str:
    """`+8613812345678` is shown as `138****5678`, `+85291234567` as `+852****4567`."""
    if phone.startswith("+86") and len(phone) == 14:
        return f"{phone[3:6]}****{phone[-4:]}"
    return f"{phone[:4]}****{phone[-4:]}" if len(phone) >= 11 else f"{phone[:3]}****"


def masked_name(name: str) -> str:
    """`张三丰` is shown as `张**`, `Ann Lee` as `A** L**`: of each word its first character."""
    return " ".join(f"{word[0]}{'*' * min(2, max(1, len(word) - 1))}" for word in name.split())


def masked_email(email: str) -> str:
    """`zhang.san@example.com` is shown as `z***@example.com`."""
    box, _at, domain = email.rpartition("@")
    return f"{box[:1]}***@{domain}"


def masked_plate(plate: str) -> str:
    """`沪A12345` is shown as `沪A***45`."""
    return f"{plate[:2]}***{plate[-2:]}" if len(plate) >= 6 else f"{plate[:1]}***"


def masked_address(address: str) -> str:
    """`上海市浦东新区世纪大道88弄3号` is shown as `上海市浦东新***`: the area, never the door."""
    return f"{address[:6]}***" if address else ""


def masked_birth_date(day: date | None) -> str:
    """`1985-06-17` is shown as `1985-**-17`: enough to see a digit that was mistyped."""
    return "" if day is None else f"{day.year}-**-{day.day:02d}"


def masked_identity(kind: str, value: str) -> str:
    """`value` of an identity of `kind`, masked in its own way."""
    masks = {"phone": masked_phone, "email": masked_email, "plate": masked_plate}
    mask = masks.get(kind)
    return mask(value) if mask else f"{value[:2]}***"
