"""What takes minutes in a process of its own begins with the session."""

import pytest

RUN = pytest.StashKey()


def pytest_collection_finish(session):
    if session.config.option.collectonly:
        return
    if any("charts_run" in item.fixturenames for item in session.items):
        # Add-ons can be imported once pytest-odoo has loaded Odoo, not before.
        from charts import ChartsRun

        from odoo.addons.account_collections.tests.chart_common import (
            COUNTRIES,
            VARIABLE,
        )

        session.stash[RUN] = ChartsRun(VARIABLE, COUNTRIES)
        session.stash[RUN].start()


def pytest_sessionfinish(session):
    if RUN in session.stash:
        session.stash[RUN].stop()


@pytest.fixture
def charts_run(request):
    """The tests on the charts of other countries, which run beside the others."""
    return request.session.stash[RUN]
