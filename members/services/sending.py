"""Short words to a phone or mailbox, through the channel that the settings name.

A channel is a function that takes a Message and raises where it could not hand it on. `file` writes a line
of JSON each (for tests and demos: other programs read the codes there), `console` prints; production refuses
both, since they hold phones and codes in clear. `MESSAGE_CHANNEL=package.module.function` names a
provider's.
"""

import json
import os
import sys
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from common.errors import Unavailable

Channel = Callable[["Message"], None]


class MessageNotSent(Unavailable):
    """No channel is set up, or it did not take the message."""

    code = "message_not_sent"
    title = _("The message could not be sent. Please try again later.")


@dataclass(frozen=True, slots=True)
class Message:
    """`words` to a `phone` (E.164) or `email`. `code`: the one-time code in the words, where there is one."""

    kind: str
    to: str
    words: str
    at: datetime
    code: str = ""


def send_message(message: Message) -> None:
    """Hand `message` on now.

    :raises MessageNotSent: there is no channel, or it failed
    """
    try:
        _channel()(message)
    except OSError as failure:
        # Providers' time-outs and refused connections are OSErrors, a full disk is one too.
        raise MessageNotSent(retry_after=60) from failure


def send_when_committed(message: Message) -> None:
    """Hand `message` on once what it tells of is certain. A failure is logged and undoes nothing."""
    transaction.on_commit(partial(send_message, message), robust=True)


def to_file(message: Message) -> None:
    """A line of JSON in MESSAGE_FILE, which only its owner reads."""
    path = Path(settings.MESSAGE_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({**asdict(message), "at": message.at.isoformat()}, ensure_ascii=False) + "\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        # One write of one line: lines of several processes do not mix.
        os.write(handle, line.encode())
    finally:
        os.close(handle)


def forget_messages(sent_to: Collection[str]) -> int:
    """Take what was sent to these out of MESSAGE_FILE, where that is the channel. How many lines went."""
    path = Path(settings.MESSAGE_FILE)
    if settings.MESSAGE_CHANNEL != "file" or not sent_to or not path.exists():
        return 0
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["to"] not in sent_to]
    if len(kept) < len(lines):
        # For tests and demos only: a line that another process writes meanwhile may be lost.
        path.write_text("".join(kept), encoding="utf-8")
    return len(lines) - len(kept)


def to_console(message: Message) -> None:
    """To standard error, for a developer."""
    sys.stderr.write(f"[{message.kind} to {message.to}] {message.words}\n")


_OURS: Final[dict[str, Channel]] = {"file": to_file, "console": to_console}


def _channel() -> Channel:
    name: str = settings.MESSAGE_CHANNEL
    if name in _OURS and not settings.PRODUCTION:
        return _OURS[name]
    if not name or name in _OURS:
        raise MessageNotSent(retry_after=3600)
    channel: Channel = import_string(name)
    return channel
