"""Who hears of what: every listener of the outbox, as data. Drained each minute by `tell_listeners`."""

from common.outbox import Listener

LISTENERS: tuple[Listener, ...] = ()
