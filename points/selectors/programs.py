"""Programs by their codes."""

from django.utils.translation import gettext as _

from common.errors import NotFound
from points.models import Program


def programs_by_code() -> dict[str, Program]:
    """Every program of the group by its code. They are few: one query names a price and all its shares."""
    return {program.code: program for program in Program.objects.all()}


def program_among(programs: dict[str, Program], code: str, *, field: str = "program") -> Program:
    """The program called `code`.

    :raises NotFound: there is none; names the `field` that asked for it
    """
    program = programs.get(code)
    if program is None:
        raise NotFound(_("There is no program with this code."), field=field)
    return program
