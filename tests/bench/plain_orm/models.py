"""Wallets, lots, entries and a unique reference, in ordinary Django models."""

from django.db import models


class Wallet(models.Model):  # noqa: DJ008 -- nobody reads these rows by name
    """A member's points, with the balance kept beside."""

    member = models.IntegerField(unique=True)
    balance = models.BigIntegerField(default=0)


class Transaction(models.Model):  # noqa: DJ008 -- nobody reads these rows by name
    """One movement; its reference may come once."""

    reference = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=12)
    created_at = models.DateTimeField(auto_now_add=True)


class Lot(models.Model):  # noqa: DJ008 -- nobody reads these rows by name
    """Points that expire together."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT)
    points = models.BigIntegerField()
    remaining = models.BigIntegerField()
    expires_at = models.DateTimeField(db_index=True)


class Entry(models.Model):  # noqa: DJ008 -- nobody reads these rows by name
    """One side of a movement."""

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, null=True)
    points = models.BigIntegerField()
