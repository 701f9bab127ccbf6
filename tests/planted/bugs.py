"""All planted bugs, by what they spoil."""

from tests.planted.bug import Bug
from tests.planted.bugs_earning import EARNING
from tests.planted.bugs_guards import GUARDS
from tests.planted.bugs_python import PYTHON
from tests.planted.bugs_races import RACES
from tests.planted.bugs_spending import SPENDING

BUGS: tuple[Bug, ...] = (*SPENDING, *EARNING, *RACES, *GUARDS, *PYTHON)
BY_NAME = {bug.says: bug for bug in BUGS}
assert len(BY_NAME) == len(BUGS), "two bugs have one name"
