"""What identifies a member; whom WeChat means; what two members have both shown to be theirs."""

from uuid import UUID

from django.db.models import QuerySet

from common.errors import DomainError, NotFound
from members.models import CodeOutcome, Identity, IdentityKind, Member, ProofCode
from members.rules.wechat import openid_value, unionid_value
from members.selectors.members import member_by_identity


class WechatContradicts(DomainError):
    """The openid is one member's and the unionid another's: a person decides."""

    code = "wechat_contradicts"


def identities_of(*, member_id: UUID) -> QuerySet[Identity]:
    """The member's active identities, unordered: the list's door orders its pages."""
    return Identity.objects.filter(member_id=member_id, is_active=True)


def member_by_wechat(*, app_id: str, openid: str, unionid: str | None) -> Member:
    """Whom WeChat means: by the unionid, which is the same in every app, else by the openid of this app.

    :raises BadWechatId: WeChat gives out no such ids
    :raises WechatContradicts: the two are different members'
    :raises NotFound: nobody
    """
    by_openid = _one(openid_value(app_id=app_id, openid=openid))
    by_unionid = None if unionid is None else _one(unionid_value(unionid))
    if by_openid is not None and by_unionid is not None and by_openid != by_unionid:
        raise WechatContradicts
    found = by_unionid or by_openid
    if found is None:
        raise NotFound
    return found


def contested_proofs() -> QuerySet[ProofCode]:
    """Codes that were entered rightly for what another member has on record, newest first.

    Each is evidence that `member` and the active holder of (kind, blind_index) may be one: a person decides.
    """
    return ProofCode.objects.filter(outcome=CodeOutcome.OF_ANOTHER).order_by("-ended_at", "-id")


def _one(value: str) -> Member | None:
    try:
        return member_by_identity(kind=IdentityKind.WECHAT, value=value)
    except NotFound:
        return None
