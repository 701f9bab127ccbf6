"""Operators' screens of parking."""

from parking.admin import car_park, member_panel, order, parking_pass, session, tariff, vehicle

__all__ = ["car_park", "member_panel", "order", "parking_pass", "session", "tariff", "vehicle"]
