"""Identities with their proof, guardians, residencies, corporate accounts, the history of memberships."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.functions
import django.db.models.deletion
from django.db import migrations, models

import common.clock
import members.models.encrypted_field
import members.models.guardianship
from common.sql import run_sql_file


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0003_household"),
        ("units", "0003_partner_key_says_who"),
    ]

    operations = [
        migrations.CreateModel(
            name='CorporateAccount',
            fields=[
                ('id', models.UUIDField(default=common.clock.uuid7, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=40, verbose_name='code')),
                ('company_name', models.CharField(max_length=120, verbose_name='company')),
                ('seats', models.PositiveIntegerField(help_text='Occupants at a time, at most.', verbose_name='seats')),
                ('contact', members.models.encrypted_field.EncryptedTextField(blank=True, default='', editable=True, verbose_name='contact')),
                ('starts_on', models.DateField(verbose_name='from')),
                ('ends_on', models.DateField(blank=True, help_text='The first day without; empty: open.', null=True, verbose_name='until')),
                ('recorded_by', models.CharField(max_length=80, verbose_name='recorded by')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded')),
                ('venue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='corporate_accounts', to='units.venue', verbose_name='venue')),
            ],
            options={
                'verbose_name': 'corporate account',
                'verbose_name_plural': 'corporate accounts',
                'constraints': [models.UniqueConstraint(fields=('venue', 'code'), name='corporate_code_unique_at_its_venue'), models.CheckConstraint(condition=models.Q(('code', ''), _negated=True), name='corporate_code_is_not_empty'), models.CheckConstraint(condition=models.Q(('company_name', ''), _negated=True), name='a_company_has_a_name'), models.CheckConstraint(condition=models.Q(('ends_on__isnull', True), ('ends_on__gt', models.F('starts_on')), _connector='OR'), name='corporate_account_ends_after_its_start')],
            },
        ),
        migrations.CreateModel(
            name='Guardianship',
            fields=[
                ('id', models.UUIDField(default=common.clock.uuid7, editable=False, primary_key=True, serialize=False)),
                ('since', models.DateField(verbose_name='since')),
                ('until', models.DateField(verbose_name='until')),
                ('evidence', models.CharField(max_length=200, verbose_name='evidence')),
                ('recorded_by', models.CharField(max_length=80, verbose_name='recorded by')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded')),
                ('child', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='guardianships', to='members.member', verbose_name='child')),
                ('guardian', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='wards', to='members.member', verbose_name='guardian')),
            ],
            options={
                'verbose_name': 'guardianship',
                'verbose_name_plural': 'guardianships',
                'constraints': [models.CheckConstraint(condition=models.Q(('child', models.F('guardian')), _negated=True), name='nobody_is_their_own_guardian'), models.CheckConstraint(condition=models.Q(('until__gte', models.F('since'))), name='guardianship_ends_after_its_start'), models.CheckConstraint(condition=models.Q(('evidence', ''), _negated=True), name='guardianship_has_its_evidence'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('child', '='), ('guardian', '='), (members.models.guardianship.DateRange('since', 'until', django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='one_guardianship_a_pair_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='MemberEvent',
            fields=[
                ('id', models.UUIDField(default=common.clock.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('frozen', 'Frozen'), ('unfrozen', 'Unfrozen'), ('closed', 'Closed'), ('reopened', 'Reopened'), ('bound', 'Identity bound'), ('unbound', 'Identity unbound'), ('guarded', 'Guardian recorded'), ('guard_ended', 'Guardian ended')], max_length=12, verbose_name='what happened')),
                ('cause', models.CharField(choices=[('by_hand', 'By hand'), ('no_guardian', 'Under 14 without a guardian')], default='by_hand', max_length=12, verbose_name='cause')),
                ('reason', models.CharField(blank=True, default='', max_length=200, verbose_name='reason')),
                ('by', models.CharField(max_length=80, verbose_name='by')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='members.member', verbose_name='member')),
            ],
            options={
                'verbose_name': 'event of a membership',
                'verbose_name_plural': 'events of memberships',
                'indexes': [models.Index(fields=['member', '-at'], name='member_event_newest_first')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['frozen', 'unfrozen', 'closed', 'reopened', 'bound', 'unbound', 'guarded', 'guard_ended'])), name='member_event_kind_is_known'), models.CheckConstraint(condition=models.Q(('cause__in', ['by_hand', 'no_guardian'])), name='member_event_cause_is_known'), models.CheckConstraint(condition=models.Q(('by', ''), _negated=True), name='member_event_says_who')],
            },
        ),
        migrations.CreateModel(
            name='ProofCode',
            fields=[
                ('id', models.UUIDField(default=common.clock.uuid7, editable=False, primary_key=True, serialize=False)),
                ('purpose', models.CharField(choices=[('bind', 'Bind an identity')], max_length=8, verbose_name='purpose')),
                ('kind', models.CharField(choices=[('phone', 'Phone'), ('email', 'E-mail'), ('wechat', 'WeChat'), ('plate', 'Licence plate')], max_length=8, verbose_name='kind')),
                ('value', members.models.encrypted_field.EncryptedTextField(editable=True, verbose_name='value')),
                ('blind_index', models.BinaryField(max_length=32)),
                ('code_digest', models.BinaryField(max_length=32)),
                ('tries_left', models.PositiveSmallIntegerField(verbose_name='tries left')),
                ('outcome', models.CharField(choices=[('open', 'Open'), ('bound', 'Bound'), ('of_another', "Another member's"), ('spent', 'Too many tries')], default='open', max_length=10, verbose_name='outcome')),
                ('sent_at', models.DateTimeField(verbose_name='sent')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='proof_codes', to='members.member', verbose_name='member')),
            ],
            options={
                'verbose_name': 'one-time code',
                'verbose_name_plural': 'one-time codes',
                'indexes': [models.Index(fields=['kind', 'blind_index', 'sent_at'], name='proof_code_by_value'), models.Index(fields=['member', 'sent_at'], name='proof_code_by_member')],
                'constraints': [models.CheckConstraint(condition=models.Q(('outcome__in', ['open', 'bound', 'of_another', 'spent'])), name='proof_code_outcome_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('outcome', 'open')), models.Q(models.Q(('outcome', 'open'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='proof_code_ends_once'), models.CheckConstraint(condition=models.Q(('tries_left__lte', 5)), name='proof_code_has_five_tries_at_most')],
            },
        ),
        migrations.CreateModel(
            name='Residency',
            fields=[
                ('id', models.UUIDField(default=common.clock.uuid7, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('tenant', 'Tenant'), ('family', 'Family'), ('office_occupant', 'Office occupant'), ('hotel_guest', 'Hotel guest')], max_length=16, verbose_name='role')),
                ('starts_on', models.DateField(verbose_name='from')),
                ('ends_on', models.DateField(blank=True, help_text='The first day without; empty: open.', null=True, verbose_name='until')),
                ('source_ref', models.CharField(max_length=128, verbose_name='source reference')),
                ('recorded_by', models.CharField(max_length=80, verbose_name='recorded by')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded')),
                ('changed_at', models.DateTimeField(verbose_name='changed')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='withdrawn')),
                ('withdrawn_by', models.CharField(blank=True, default='', max_length=80, verbose_name='withdrawn by')),
                ('account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='occupants', to='members.corporateaccount', verbose_name='corporate account')),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='residencies', to='members.member', verbose_name='member')),
                ('principal', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='family', to='members.residency', verbose_name='family of')),
                ('venue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='residencies', to='units.venue', verbose_name='venue')),
            ],
            options={
                'verbose_name': 'residency',
                'verbose_name_plural': 'residencies',
                'constraints': [models.UniqueConstraint(condition=models.Q(('withdrawn_at__isnull', True)), fields=('venue', 'source_ref'), name='residency_reference_once'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('withdrawn_at__isnull', True)), expressions=[('member', '='), ('venue', '='), ('role', '='), (members.models.guardianship.DateRange('starts_on', 'ends_on', django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='one_role_a_venue_and_member_at_a_time'), models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'tenant', 'family', 'office_occupant', 'hotel_guest'])), name='residency_role_is_known'), models.CheckConstraint(condition=models.Q(('ends_on__isnull', True), ('ends_on__gt', models.F('starts_on')), _connector='OR'), name='residency_ends_after_its_start'), models.CheckConstraint(condition=models.Q(models.Q(('principal__isnull', False), ('role', 'family')), models.Q(models.Q(('role', 'family'), _negated=True), ('principal__isnull', True)), _connector='OR'), name='family_is_of_somebody'), models.CheckConstraint(condition=models.Q(models.Q(('account__isnull', False), ('role', 'office_occupant')), models.Q(models.Q(('role', 'office_occupant'), _negated=True), ('account__isnull', True)), _connector='OR'), name='an_occupant_is_of_a_company'), models.CheckConstraint(condition=models.Q(models.Q(('withdrawn_at__isnull', True), ('withdrawn_by', '')), models.Q(('withdrawn_at__isnull', False), ('withdrawn_by__gt', '')), _connector='OR'), name='residency_says_who_withdrew_it'), models.CheckConstraint(condition=models.Q(('source_ref', ''), _negated=True), name='residency_has_its_reference')],
            },
        ),
        migrations.AddField(
            model_name='identity',
            name='ended_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='ended'),
        ),
        migrations.AddField(
            model_name='identity',
            name='key',
            field=models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False),
        ),
        migrations.AddConstraint(
            model_name='identity',
            constraint=models.CheckConstraint(condition=models.Q(('ended_at__isnull', False), ('is_active', True), _negated=True), name='an_active_identity_has_not_ended'),
        ),
        run_sql_file("members", "member_event_v1"),
    ]
