"""Exact identities say whose row it is; a row that points at two people is refused."""

import uuid

import pytest

from members.rules.matching import CardOfAnother, EmailOfAnother, Person, whose


def person(name="", *, has_phone=False):
    return Person(uuid.uuid4(), "active", name, has_phone)


def decide(*, by_card=None, by_phone=None, by_email=None, has_phone=False, name=""):
    return whose(
        by_card=by_card,
        by_phone=by_phone,
        by_email=by_email,
        has_phone=has_phone or by_phone is not None,
        name=name,
    )


def test_nobody_known_is_somebody_new():
    assert decide(has_phone=True, name="张三") is None


def test_each_identity_alone_decides():
    known = person(has_phone=True)

    assert decide(by_phone=known) is decide(by_email=known) is decide(by_card=known) is known


def test_a_phone_proves_a_card_whatever_the_name_says():
    known = person("张三", has_phone=True)

    assert decide(by_card=known, by_phone=known, name="Zhang San") is known


def test_an_email_proves_a_card_whatever_the_name_says():
    known = person("张三")

    assert decide(by_card=known, by_email=known, name="Zhang San") is known


def test_a_card_without_a_proof_is_held_against_the_name():
    known = person("Ann Lee")

    assert decide(by_card=known, name="ANN  LEE".replace("  ", " ")) is known
    assert decide(by_card=known) is known
    with pytest.raises(CardOfAnother):
        decide(by_card=known, name="Bob")


def test_a_card_whose_holder_has_another_phone_is_anothers():
    with pytest.raises(CardOfAnother):
        decide(by_card=person("Ann", has_phone=True), has_phone=True, name="Ann")
    with pytest.raises(CardOfAnother):
        decide(by_card=person(), by_phone=person(has_phone=True))


def test_a_card_holder_without_a_phone_may_bring_one():
    known = person("Ann")

    assert decide(by_card=known, has_phone=True, name="Ann") is known


def test_an_email_does_not_outvote_a_phone():
    with pytest.raises(EmailOfAnother):
        decide(by_email=person(has_phone=True), has_phone=True)
    with pytest.raises(EmailOfAnother):
        decide(by_phone=person(has_phone=True), by_email=person())
    with pytest.raises(EmailOfAnother):
        decide(by_card=person(), by_email=person())


def test_an_email_decides_where_no_phone_contradicts_it():
    known = person()

    assert decide(by_email=known, has_phone=True) is known
