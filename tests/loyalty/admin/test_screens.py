"""Every screen of the admin opens, asks the database a constant number of times, and speaks one language."""

import re
from html.parser import HTMLParser

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from members.models import ConsentText
from points.models import AdjustmentRequest, RateProposal
from tests.operators import DATA_ZH, ask_a_second_person, make_operator, tell_story

LIST, ADD = "changelist", "add"
# Codes, names of formats and of data: the same in every language.
SAME_EVERYWHERE = {
    *("admin", "API", "Asia", "audit", "ledger", "activities", "beat", "bad", "celery", "CNY", "csv", "cron"),
    *(
        "date",
        "en",
        "English",
        "Parquet",
        "expire",
        "hans",
        "IMPORT",
        "JSON",
        "manage",
        "OpenAPI",
        "points",
        "py",
    ),
    *("recorded", "SHA", "Shanghai", "staff", "tasks", "user", "zh", "true", "clean", "postings", "argon2"),
    *("argon2id", "system", "prune", "answers", "UTC", "esc", "Control", "Command", "Mac", "expiry"),
    # The first letters of codes are made large where they are titles.
    *("Audit", "Activities", "Expire"),
    # What a tariff is written with.
    *("every", "workday", "weekend", "after", "min"),
    # django-celery-beat's Chinese names Python's words.
    *("all", "False", "None", "enabled", "proj", "import", "contacts"),
}
# Hundreds of names of time zones, and Django's list of permissions, which is named by models.
NOT_WORDS = re.compile(
    r"\w+\*{3,}|[A-Za-z_]+/[A-Za-z_/]+|[\w.+-]+@[\w.]+|[\w*./-]*\d[\w*./:+-]*|\b[A-Z][A-Z0-9_]+\b"
)


DATA = re.compile("|".join(map(re.escape, (*DATA_ZH, "简体中文"))))
# What a rule's form takes is written in codes, whatever the language.
CODES = re.compile(r"owner, tenant, family, office_occupant, hotel_guest|\bfood/")


class Words(HTMLParser):
    """Collects what a reader sees or hears: text, and the attributes that show."""

    SHOWN = {"title", "placeholder", "aria-label", "data-label", "alt"}
    SILENT = {"script", "style", "code", "pre", "option"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.texts, self._open = [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        icon = "material-symbols-outlined" in (attributes.get("class") or "")
        if tag not in {"br", "img", "input", "link", "meta", "hr", "path", "circle", "rect"}:
            self._open.append((tag, icon or tag in self.SILENT or "x-text" in attributes))
        self.texts += [attributes[name] for name in self.SHOWN & attributes.keys() if attributes[name]]
        if tag == "input" and attributes.get("type") == "submit":
            self.texts.append(attributes.get("value") or "")

    def handle_endtag(self, tag):
        while self._open:
            if self._open.pop()[0] == tag:
                return

    def handle_data(self, data):
        if data.strip() and not any(silent for _tag, silent in self._open):
            self.texts.append(" ".join(data.split()))


def words_of(html):
    reader = Words()
    reader.feed(html)
    return reader.texts


def addresses(client):
    """Every list, every form to add, and a page of every model that has rows."""
    request = client.get(reverse("admin:index")).wsgi_request
    yield reverse("admin:index")
    yield reverse("admin:password_change")
    yield reverse("admin:units_partnerkey_issue")
    yield reverse("admin:points_adjustmentrequest_ask")
    for model in (AdjustmentRequest, RateProposal):
        waiting = model.objects.first()
        for act in ("approve", "reject") if waiting else ():
            yield reverse(f"admin:points_{model._meta.model_name}_{act}", args=[waiting.pk])
    for model, screen in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_{LIST}")
        if screen.has_add_permission(request):
            yield reverse(f"{name}_{ADD}")
        row = model._default_manager.order_by("pk").first()
        if row is not None:
            yield reverse(f"{name}_change", args=[row.pk])


@pytest.fixture
def told(db, client):
    story = tell_story()
    ask_a_second_person(story, by=make_operator(name="MAKER"))
    client.force_login(make_operator())
    return story


def spoken_in(client, language):
    client.cookies["django_language"] = language
    pages = [*addresses(client), "/"]
    # Texts that members agree to are data: each is written in both languages, and both are shown.
    agreed = {
        " ".join(str(words).split())
        for row in ConsentText.objects.values_list(
            "title_zh", "title_en", "words_zh", "words_en", "published_by"
        )
        for words in row
    }
    assert len(pages) > 40
    for address in pages:
        answer = client.get(address)
        assert answer.status_code == 200, address
        yield address, [text for text in words_of(answer.content.decode()) if text not in agreed]


def test_no_screen_is_half_translated_into_chinese(client, told):
    leftovers = []
    for address, texts in spoken_in(client, "zh-hans"):
        for text in texts:
            words = (
                set(re.findall(r"[A-Za-z][A-Za-z]+", NOT_WORDS.sub(" ", CODES.sub(" ", text))))
                - SAME_EVERYWHERE
            )
            if words:
                leftovers.append((address, text, sorted(words)))

    assert leftovers == [], "\n".join(map(str, leftovers))


def test_no_screen_leaves_chinese_in_english(client, told):
    leftovers = []
    for address, texts in spoken_in(client, "en"):
        chinese = [text for text in texts if re.search(r"[\u4e00-\u9fff]", DATA.sub("", text))]
        leftovers += [(address, text) for text in chinese]

    assert leftovers == [], "\n".join(map(str, leftovers))


def test_lists_ask_as_often_for_many_rows_as_for_few(client, db):
    tell_story(members=2)
    client.force_login(make_operator())
    lists = [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{LIST}")
        for model in admin.site._registry
    ]
    client.get(lists[0])
    few = {address: queries_of(client, address) for address in lists}

    add_members(8)
    many = {address: queries_of(client, address) for address in lists}

    assert {a: (few[a], many[a]) for a in lists if few[a] != many[a]} == {}
    assert max(few.values()) <= 16


def test_the_first_page_asks_as_often_for_many_members_as_for_few(client, db):
    tell_story(members=2)
    client.force_login(make_operator())
    client.get(reverse("admin:index"))
    few = queries_of(client, reverse("admin:index"))

    add_members(8)

    assert queries_of(client, reverse("admin:index")) == few


def queries_of(client, address):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def add_members(count):
    from points.models import Program
    from tests.operators import _member, _year_of
    from units.models import BusinessUnit

    mall, hotel = BusinessUnit.objects.get(code="MALL"), BusinessUnit.objects.get(code="HOTEL")
    mall_points, hotel_points = Program.objects.get(code="MALLPT"), Program.objects.get(code="HOTELPT")
    for number in range(100, 100 + count):
        _year_of(_member(number), number, mall, hotel, mall_points, hotel_points)
