"""What a single column of a journal row may say becomes its type's to refuse."""

from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from common.sql import run_sql_file

_TYPED = [
    ("posting", "posting_kind_is_known"),
    ("posting", "posting_points_are_positive"),
    ("entry", "entry_house_account_is_known"),
    ("entry", "entry_moves_something"),
    ("draw", "draw_moves_something"),
    ("lot", "lot_points_are_positive"),
    ("lot", "lot_remaining_within_its_points"),
    ("lot", "lot_holds_what_it_has"),
    ("lot", "lot_is_open_while_points_remain"),
    ("lot", "lot_cost_is_not_negative"),
    ("wallet", "wallet_debt_is_not_negative"),
]
_STATE: list[Operation] = [migrations.RemoveConstraint(model_name=model, name=name) for model, name in _TYPED]
_STATE.append(
    migrations.AddConstraint(
        model_name="lot",
        constraint=models.CheckConstraint(
            condition=models.Q(remaining__range=(0, models.F("points")))
            & models.Q(held__range=(0, models.F("remaining")))
            & models.Q(is_open=models.Q(remaining__gt=0)),
            name="lot_amounts_fit",
        ),
    )
)


class Migration(migrations.Migration):
    dependencies = [("points", "0009_growth")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[run_sql_file("points", "domains_v1")], state_operations=_STATE
        ),
    ]
