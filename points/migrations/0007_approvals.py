"""Adjustments and exchange rates that a second person approves."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import common.clock
from common.sql import run_sql_file


class Migration(migrations.Migration):
    dependencies = [
        ("points", "0006_carry"),
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AdjustmentLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('alone_max', models.PositiveIntegerField(default=0, verbose_name='alone, points a request')),
                ('alone_day_max', models.PositiveIntegerField(default=0, verbose_name='alone, points a day')),
                ('approve_max', models.PositiveIntegerField(default=0, verbose_name='may approve, points a request')),
                ('group', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='adjustment_limit', to='auth.group', verbose_name='group of operators')),
            ],
            options={
                'verbose_name': 'adjustment limit',
                'verbose_name_plural': 'adjustment limits',
                'constraints': [models.CheckConstraint(condition=models.Q(('alone_max__lte', 1000000000), ('approve_max__lte', 1000000000), ('alone_day_max__gte', models.F('alone_max'))), name='adjustment_limits_fit_together')],
            },
        ),
        migrations.CreateModel(
            name='AdjustmentRequest',
            fields=[
                ('id', models.UUIDField(default=common.clock.uuid7, editable=False, primary_key=True, serialize=False)),
                ('points', models.BigIntegerField(verbose_name='points')),
                ('category', models.CharField(choices=[('missing', 'Points that were not recorded'), ('service', 'Making up for a bad service'), ('goodwill', 'Goodwill'), ('correction', 'Correcting a mistake'), ('fraud', 'Taking back what was obtained by fraud'), ('other', 'Another reason')], max_length=10, verbose_name='reason')),
                ('reason', models.CharField(max_length=300, verbose_name='what happened')),
                ('state', models.CharField(choices=[('asked', 'Waiting'), ('posted', 'Posted'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn')], default='asked', max_length=9, verbose_name='state')),
                ('asked_at', models.DateTimeField(verbose_name='asked')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided')),
                ('note', models.CharField(blank=True, default='', max_length=300, verbose_name='note')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='adjustments', to='members.member', verbose_name='member')),
                ('posting', models.OneToOneField(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='points.posting', verbose_name='posting')),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='points.program', verbose_name='program')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='units.businessunit', verbose_name='business unit')),
            ],
            options={
                'verbose_name': 'adjustment',
                'verbose_name_plural': 'adjustments',
                'permissions': [('can_ask_adjustment', 'Can adjust points by hand, within the limits of the role'), ('can_approve_adjustment', 'Can approve and reject adjustments that others ask for')],
                'indexes': [models.Index(condition=models.Q(('decided_by', None), ('state', 'posted')), fields=['asked_by', 'decided_at'], name='adjustment_alone_of_a_day'), models.Index(condition=models.Q(('state', 'asked')), fields=['asked_at'], name='adjustment_waiting')],
                'constraints': [models.CheckConstraint(condition=models.Q(('points__range', (-1000000000, 1000000000)), models.Q(('points', 0), _negated=True)), name='adjustment_points_fit_one_operation'), models.CheckConstraint(condition=models.Q(('category__in', ['missing', 'service', 'goodwill', 'correction', 'fraud', 'other']), ('reason__gt', '')), name='adjustment_has_a_reason'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', None), ('posting', None), ('state', 'asked')), models.Q(models.Q(('decided_by', None), models.Q(('decided_by', models.F('asked_by')), _negated=True), _connector='OR'), ('decided_at__isnull', False), ('posting__isnull', False), ('state', 'posted')), models.Q(models.Q(('decided_by', models.F('asked_by')), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False), ('posting', None), ('state', 'rejected')), models.Q(('decided_at__isnull', False), ('decided_by', models.F('asked_by')), ('decided_by__isnull', False), ('posting', None), ('state', 'withdrawn')), _connector='OR'), name='adjustment_is_decided_by_another')],
            },
        ),
        migrations.CreateModel(
            name='RateProposal',
            fields=[
                ('id', models.AutoField(primary_key=True, serialize=False)),
                ('act', models.CharField(choices=[('publish', 'Publish a rate'), ('replan', 'Replan a rate to come'), ('lengthen', 'Let a rate hold longer')], default='publish', max_length=8, verbose_name='act')),
                ('state', models.CharField(choices=[('proposed', 'Waiting'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn')], default='proposed', max_length=9, verbose_name='state')),
                ('numerator', models.PositiveIntegerField(verbose_name='target points')),
                ('denominator', models.PositiveIntegerField(default=1, verbose_name='for source points')),
                ('cap_per_member_day', models.PositiveIntegerField(blank=True, null=True, verbose_name='source points a member may exchange a day (empty: no cap)')),
                ('starts_at', models.DateTimeField(blank=True, null=True, verbose_name='in force from (empty: from the approval on)')),
                ('ends_at', models.DateTimeField(blank=True, null=True, verbose_name='until (empty: until further notice)')),
                ('is_successor', models.BooleanField(default=False, verbose_name='takes the place of the one in force')),
                ('version', models.PositiveIntegerField(null=True, verbose_name='version')),
                ('proposed_at', models.DateTimeField(verbose_name='proposed')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided')),
                ('note', models.CharField(blank=True, default='', max_length=300, verbose_name='note')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='proposed by')),
                ('rate', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='proposals', to='points.exchangerate', verbose_name='exchange rate')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='points.program', verbose_name='from program')),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='points.program', verbose_name='to program')),
            ],
            options={
                'verbose_name': 'rate proposal',
                'verbose_name_plural': 'rate proposals',
                'permissions': [('can_propose_rate', 'Can propose, end and withdraw exchange rates'), ('can_approve_rate', 'Can approve and reject exchange rates that others propose')],
                'constraints': [models.CheckConstraint(condition=models.Q(('act__in', ['publish', 'replan', 'lengthen'])), name='proposal_act_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', None), ('state', 'proposed')), models.Q(models.Q(('decided_by', models.F('proposed_by')), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False), ('state__in', ['approved', 'rejected'])), models.Q(('decided_at__isnull', False), ('decided_by', models.F('proposed_by')), ('decided_by__isnull', False), ('state', 'withdrawn')), _connector='OR'), name='proposal_is_decided_by_another'), models.CheckConstraint(condition=models.Q(models.Q(('source', models.F('target')), _negated=True), ('numerator__range', (1, 1000000)), ('denominator__range', (1, 1000000)), models.Q(('cap_per_member_day__gte', 1), ('cap_per_member_day__isnull', True), _connector='OR')), name='proposal_terms_fit_the_rate_book'), models.CheckConstraint(condition=models.Q(('ends_at__isnull', True), ('starts_at__isnull', True), ('ends_at__gt', models.F('starts_at')), _connector='OR'), name='proposal_ends_after_it_starts')],
            },
        ),
        migrations.AddField(
            model_name='exchangerate',
            name='approved_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='approved by'),
        ),
        migrations.AddField(
            model_name='exchangerate',
            name='proposed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='proposed by'),
        ),
        migrations.AddField(
            model_name='exchangerate',
            name='version',
            field=models.PositiveIntegerField(null=True, verbose_name='version'),
        ),
        migrations.AddConstraint(
            model_name='exchangerate',
            constraint=models.UniqueConstraint(fields=('source', 'target', 'version'), name='rate_version_counts_up'),
        ),
        migrations.AddConstraint(
            model_name='exchangerate',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('approved_by', None), ('proposed_by', None)), models.Q(models.Q(('approved_by', models.F('proposed_by')), _negated=True), ('approved_by__isnull', False), ('proposed_by__isnull', False)), _connector='OR'), name='rate_is_approved_by_another'),
        ),
        run_sql_file("points", "approvals_v1"),
    ]
