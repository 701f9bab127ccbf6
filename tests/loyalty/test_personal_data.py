"""No column of the project is there of which nobody has said what an erasure does to it."""

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db.models import BinaryField, CharField, FileField, GenericIPAddressField, JSONField, TextField

from loyalty.workflows.export_member import LEFT_OUT, exported_models, paths_to_member
from members.models import Member
from members.models.encrypted_field import EncryptedField
from tests.loyalty.personal_data import COLUMNS, EMPTIED, OWN_KEY, RING, STAND_IN

WORDY = (
    ArrayField, BinaryField, CharField, FileField, GenericIPAddressField, JSONField, TextField,
)  # fmt: skip


def wordy_columns():
    """By table: its columns that can hold words."""
    found = {}
    for model in apps.get_models():
        names = {field.name for field in model._meta.concrete_fields if isinstance(field, WORDY)}
        if names:
            found[model._meta.label_lower] = names
    return found


def test_every_column_that_can_hold_words_is_on_the_list():
    assert {label: set(names) for label, names in COLUMNS.items()} == wordy_columns()


def test_what_is_said_to_be_sealed_is_sealed():
    for label, columns in COLUMNS.items():
        for name, what in columns.items():
            field = apps.get_model(label)._meta.get_field(name)
            is_sealed, owner = isinstance(field, EncryptedField), getattr(field, "owner", None)
            if what == OWN_KEY:
                assert is_sealed, f"{label}.{name}"
                assert owner, f"{label}.{name} has its member's key"
            if what == RING:
                assert is_sealed, f"{label}.{name}"
                assert owner is None, f"{label}.{name}"


def test_every_table_that_tells_of_a_member_is_in_their_copy_or_left_out_for_a_reason():
    told = {model._meta.label_lower for model, _paths in exported_models()}
    tables = {model._meta.label_lower for model in paths_to_member()}

    assert told | LEFT_OUT.keys() == tables
    assert not told & LEFT_OUT.keys()
    assert all(LEFT_OUT.values())
    # The parts of the house, named once: who leaves one of them out by mistake sees it here.
    assert {
        "activities.activityline", "activities.tiergrant", "benefits.entitlemententry", "benefits.grantend",
        "benefits.grantrequest", "benefits.rewardorder", "benefits.rewardorderevent", "benefits.voucher",
        "benefits.voucherevent", "members.memberunmerge", "members.tierchange", "members.tierheld",
        "parking.orderpart", "parking.parkingorder", "parking.parkingpass", "parking.parkingsession",
        "parking.passage", "parking.payment", "parking.vehicle", "points.adjustmentrequest",
    } <= told  # fmt: skip


def test_what_an_erasure_changes_belongs_to_a_member():
    reached = {model._meta.label_lower for model in paths_to_member()} | {"members.memberkey"}
    for label, columns in COLUMNS.items():
        if {EMPTIED, STAND_IN, OWN_KEY} & set(columns.values()):
            assert label in reached, label
    assert exported_models()[0][0] is Member
