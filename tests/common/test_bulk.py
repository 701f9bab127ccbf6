"""The bulk driver: every row once, whatever dies when, and a report that adds up."""

import io
import json

import pytest
from django.core.management import CommandError
from django.db import OperationalError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext

from common.bulk import BulkCommand, BulkError, BulkTask, Outcome, RowRejected, import_file
from common.models import ImportRun, JobRun
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def path(tmp_path):
    """Rows 2 to 26; rows 5 and 20 are bad, row 11 is known to be refused late."""
    path = tmp_path / "file.csv"
    words = {5: "bad", 20: "bad", 11: "late"}
    path.write_text("name\n" + "".join(f"{words.get(n, f'n{n}')}\n" for n in range(2, 27)))
    return path


class Notebook:
    """A task that writes each name down once, in the database; `strike` is called after each chunk's work."""

    def __init__(self, strike=lambda chunk: None):
        self.strike, self.chunks = strike, []

    @property
    def task(self):
        return BulkTask("notes", "U", frozenset({"name"}), self.read, self.record)

    def read(self, row):
        if row.values["name"] == "bad":
            raise RowRejected("bad_name", gettext("no"))
        return row.values["name"]

    def record(self, items, watch):
        self.chunks.append([row.number for row, _name in items])
        late = [row.refused("late", "=late") for row, name in items if name == "late"]
        new = 0
        for _row, name in items:
            if name != "late":
                new += JobRun.objects.get_or_create(job="note", period=name, defaults={"started_at": NOW})[1]
        self.strike(len(self.chunks))
        return Outcome({"recorded": new, "already_there": len(items) - len(late) - new}, late)


def take_in(path, notebook, **options):
    return import_file(path, task=notebook.task, at=NOW, chunk_rows=10, **options)


def rejected_rows(path):
    lines = path.with_name(path.name + ".rejects.csv").read_text().splitlines()
    return [line.split(",")[:2] for line in lines[1:]]


ALL_REJECTS = [["5", "bad_name"], ["11", "late"], ["20", "bad_name"]]


def test_every_row_is_counted_once(path):
    report = take_in(path, Notebook())

    assert (report.read, report.counts, report.rejected) == (
        25,
        {"recorded": 22},
        {"bad_name": 2, "late": 1},
    )
    assert rejected_rows(path) == ALL_REJECTS
    assert JobRun.objects.count() == 22
    assert ImportRun.objects.get().finished_at >= NOW


def test_a_finished_file_goes_through_again_and_changes_nothing(path):
    take_in(path, Notebook())

    report = take_in(path, Notebook())

    assert report.counts == {"already_there": 22}
    assert rejected_rows(path) == ALL_REJECTS
    assert ImportRun.objects.count() == 1


@pytest.mark.parametrize("fatal_chunk", [1, 2, 3])
def test_a_run_that_died_goes_on_after_its_last_chunk(path, fatal_chunk):
    def die(chunk):
        if chunk == fatal_chunk:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        take_in(path, Notebook(die))
    again = Notebook()
    report = take_in(path, again)

    assert report.counts == {"recorded": 22}
    assert report.rows == 25 - 10 * (fatal_chunk - 1)
    assert rejected_rows(path) == ALL_REJECTS


def test_lost_rejects_make_a_run_begin_again(path):
    def die(chunk):
        if chunk == 3:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        take_in(path, Notebook(die))
    path.with_name("file.csv.rejects.csv").unlink()

    report = take_in(path, Notebook())

    assert report.counts == {"recorded": 5, "already_there": 17}
    assert rejected_rows(path) == ALL_REJECTS


def test_a_lost_race_is_run_again_with_its_rejects_written_once(path):
    class LostRace(Exception):
        pgcode = "40P01"

    def lose(chunk):
        if chunk == 1:
            raise OperationalError from LostRace()

    report = take_in(path, Notebook(lose))

    assert report.counts == {"recorded": 22}
    assert rejected_rows(path) == ALL_REJECTS


def cut(chunk_to_cut):
    def strike(chunk):
        if chunk == chunk_to_cut:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    return strike


def test_a_lost_database_is_said_in_one_sentence_and_nothing_is_lost(path):
    with pytest.raises(BulkError, match=r"after 10 rows\. Run this again") as refusal:
        take_in(path, Notebook(cut(2)))
    assert "\n" not in str(refusal.value)

    assert take_in(path, Notebook()).counts == {"recorded": 22}
    assert rejected_rows(path) == ALL_REJECTS


def test_a_lost_database_is_waited_for_if_asked(path):
    notebook = Notebook(cut(2))

    report = take_in(path, notebook, wait_seconds=20)

    assert report.counts == {"recorded": 22}
    assert len(notebook.chunks) == 4


def test_a_commit_whose_answer_was_lost_is_not_done_again(path):
    commits = []

    class Deaf:
        """Commits, then loses the connection before it can say so."""

        def __init__(self, link):
            self._link = link

        def __getattr__(self, name):
            return getattr(self._link, name)

        def commit(self):
            self._link.commit()
            commits.append(1)
            if len(commits) == 2:
                self._link.close()
                raise OperationalError("server closed the connection unexpectedly")

    def deafen(_chunk):
        if not isinstance(connection.connection, Deaf):
            connection.connection = Deaf(connection.connection)

    report = take_in(path, notebook := Notebook(deafen), wait_seconds=20)

    assert report.counts == {"recorded": 22}
    assert [len(chunk) for chunk in notebook.chunks] == [9, 9, 5]


def test_two_processes_on_one_file_do_not_both_record_it(path):
    with pytest.raises(BulkError, match="Another process"):
        take_in(path, Notebook(), on_progress=lambda _p: ImportRun.objects.update(last_row=20))


def test_progress_counts_rows_and_the_share_read(path):
    seen = []
    take_in(path, Notebook(), on_progress=seen.append)

    assert [(p.read, p.rows) for p in seen] == [(10, 10), (20, 20), (25, 25)]
    assert seen[-1].share == 1


def test_messages_of_the_reading_thread_speak_the_operators_language(path):
    languages = set()
    notebook = Notebook()
    real = notebook.read
    notebook.read = lambda row: (languages.add(translation.get_language()), real(row))[1]

    take_in(path, notebook)

    assert languages == {"en"}


def test_an_unwritable_folder_is_said_before_anything_is_recorded(path, tmp_path):
    with pytest.raises(BulkError, match="cannot be written"):
        take_in(path, Notebook(), rejects_path=tmp_path / "absent" / "rejects.csv")

    assert not JobRun.objects.exists()
    assert not ImportRun.objects.exists()


def test_a_missing_column_is_said_before_anything_is_recorded(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("other\n1\n")

    with pytest.raises(BulkError, match="lacks these columns: name"):
        take_in(path, Notebook())


def command_of(notebook):
    command = BulkCommand(stdout=io.StringIO(), stderr=io.StringIO())
    command.task = lambda _options, _at: notebook.task
    return command


def run_command(command, path, **options):
    defaults = {"rejects": None, "timings": False, "json": False, "wait": 0, "chunk_rows": 10}
    command.handle(file=path, **defaults | options)
    return command.stdout.getvalue()


def test_the_report_adds_up_in_words_and_in_json(path):
    words = run_command(command_of(Notebook()), path, timings=True)
    told = json.loads(run_command(command_of(Notebook()), path, json=True))

    for line in ("read: 25", "recorded: 22", "rejected: 3", "  bad_name: 2", "rows/s", "  read: "):
        assert line in words
    assert told["read"] == sum(told["counts"].values()) + sum(told["rejected"].values())


def test_a_refusal_of_the_command_is_its_exit(path):
    with pytest.raises(CommandError, match="cannot be read"):
        run_command(command_of(Notebook()), path.with_name("absent.csv"))


def test_chunks_are_transactions(path):
    seen = []
    take_in(path, Notebook(lambda _chunk: seen.append(transaction.get_connection().in_atomic_block)))

    assert seen == [True, True, True]
