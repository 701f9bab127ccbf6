"""Every planted bug can still be planted, and its test is there: `make planted` runs them."""

from collections import Counter

import pytest

from tests.planted.bug import NoLongerApplies, planted, spoilt
from tests.planted.bugs import BUGS
from tests.schemas import PROJECT

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_bug_can_still_be_planted(owner_connection):
    owner_connection.autocommit = False
    gone = []
    for bug in BUGS:
        try:
            if bug.is_in_source:
                spoilt((PROJECT / bug.place).read_text(encoding="utf-8"), bug)
            else:
                with planted(owner_connection, bug):
                    pass
        except NoLongerApplies as words:
            gone.append(f"{bug.says}: {words}")
        finally:
            owner_connection.rollback()

    assert not gone, "\n".join(gone)


def test_every_bug_has_its_test_and_its_name():
    missing = []
    for bug in BUGS:
        file, _, name = bug.caught_by.partition("::")
        path = PROJECT / "tests" / file
        if not path.exists() or f"def {name.partition('[')[0].rpartition('::')[2]}(" not in path.read_text(
            encoding="utf-8"
        ):
            missing.append(bug.caught_by)

    assert not missing
    assert [says for says, times in Counter(bug.says for bug in BUGS).items() if times > 1] == []


def test_there_are_sixty():
    assert len(BUGS) >= 60
