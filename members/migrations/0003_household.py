"""Households: a head, and members who were invited and accepted."""

import common.clock
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0002_says_who"),
    ]

    operations = [
        migrations.CreateModel(
            name='Household',
            fields=[
                ('id', models.UUIDField(default=common.clock.uuid7, editable=False, primary_key=True, serialize=False)),
                ('founded_at', models.DateTimeField(verbose_name='founded')),
                ('dissolved_at', models.DateTimeField(blank=True, null=True, verbose_name='dissolved')),
                ('head', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.member', verbose_name='head of the household')),
            ],
            options={
                'verbose_name': 'household',
                'verbose_name_plural': 'households',
                'constraints': [models.UniqueConstraint(condition=models.Q(('dissolved_at__isnull', True)), fields=('head',), name='head_of_one_household_at_a_time'), models.CheckConstraint(condition=models.Q(('dissolved_at__isnull', True), ('dissolved_at__gte', models.F('founded_at')), _connector='OR'), name='household_is_dissolved_after_it_is_founded')],
            },
        ),
        migrations.CreateModel(
            name='HouseholdMember',
            fields=[
                ('id', models.UUIDField(default=common.clock.uuid7, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('invited', 'Invited'), ('accepted', 'In the household'), ('declined', 'Declined'), ('left', 'Left'), ('removed', 'Removed')], max_length=8, verbose_name='state')),
                ('shares_points', models.BooleanField(default=False, verbose_name='shares points')),
                ('invited_at', models.DateTimeField(verbose_name='invited')),
                ('accepted_at', models.DateTimeField(blank=True, null=True, verbose_name='accepted')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('household', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='places', to='members.household', verbose_name='household')),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='household_places', to='members.member', verbose_name='member')),
            ],
            options={
                'verbose_name': 'place in a household',
                'verbose_name_plural': 'places in households',
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'accepted')), fields=('member',), name='one_household_at_a_time'), models.UniqueConstraint(condition=models.Q(('state__in', ['invited', 'accepted'])), fields=('household', 'member'), name='one_open_place_a_household_and_member'), models.CheckConstraint(condition=models.Q(('state__in', ['invited', 'accepted', 'declined', 'left', 'removed'])), name='household_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['accepted', 'left', 'removed']), _negated=True), ('accepted_at__isnull', False), _connector='OR'), name='who_was_in_a_household_accepted'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state__in', ['invited', 'accepted'])), models.Q(('ended_at__isnull', False), ('state__in', ['declined', 'left', 'removed'])), _connector='OR'), name='a_place_ends_once')],
            },
        ),
    ]
