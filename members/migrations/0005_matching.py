"""Match candidates: who may be whom, for a person to decide; the blocks that find them."""

import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0004_people"), ("units", "0003_partner_key_says_who")]

    operations = [
        migrations.CreateModel(
            name="MatchCandidate",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("score", models.FloatField(verbose_name="score")),
                ("evidence", models.JSONField(default=dict, verbose_name="evidence")),
                (
                    "veto",
                    models.CharField(
                        blank=True, default="", max_length=20, verbose_name="why a person decides"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("same", "One person"),
                            ("different", "Two people"),
                            ("later", "Put off"),
                        ],
                        default="open",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="created")),
                (
                    "decided_by",
                    models.CharField(blank=True, default="", max_length=80, verbose_name="decided by"),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="asked_about",
                        to="members.member",
                        verbose_name="new member",
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="asked_about_as_other",
                        to="members.member",
                        verbose_name="known member",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="units.businessunit",
                        verbose_name="business unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "match candidate",
                "verbose_name_plural": "match candidates",
                "permissions": [("decide_matchcandidate", "Can decide match candidates")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["-score", "id"],
                        name="match_candidate_queue",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("member", models.F("other")), _negated=True),
                        name="match_candidate_is_of_two",
                    ),
                    models.UniqueConstraint(
                        django.db.models.functions.comparison.Least("member", "other"),
                        django.db.models.functions.comparison.Greatest("member", "other"),
                        name="match_candidate_once_a_pair",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "same", "different", "later"])),
                        name="match_candidate_state_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("score__gte", 0), ("score__lte", 1)),
                        name="match_candidate_score_is_a_share",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("decided_by", ""), ("state", "open")),
                            models.Q(
                                models.Q(("state", "open"), _negated=True),
                                ("decided_at__isnull", False),
                                models.Q(("decided_by", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="match_candidate_decision_says_who",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MatchKey",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "member", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "name"),
                            (2, "birth date and an initial"),
                            (3, "name and birth year"),
                            (4, "name and birthday"),
                            (5, "numbers of the address and an initial"),
                            (6, "words of the address and an initial"),
                            (7, "house number, street and an initial"),
                            (8, "mailbox"),
                            (9, "card and name of a linked row"),
                        ]
                    ),
                ),
                ("key", models.BigIntegerField()),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="members.member",
                    ),
                ),
            ],
            options={
                "verbose_name": "match key",
                "verbose_name_plural": "match keys",
                "db_table": "members_matchkey",
                "indexes": [
                    models.Index(fields=["key"], include=("member",), name="match_key_finds_members")
                ],
            },
        ),
    ]
