"""A property group to look at: real shopping, generated stays, fees and rents, one year of points.

`make demo` tells the story (`story.py`); `manage.py seed` fills a database of any size (`seeding.py`).
Neither is needed by the product, and production runs neither.
"""
