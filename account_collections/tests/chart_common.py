"""Tests that run on several charts of accounts.

A class with `@on_charts` runs on the generic chart as any other. Where the variable
ACCOUNT_COLLECTIONS_CHARTS names other charts, there is one more class for each of them,
named `<class>OnChart_<chart>`; their modules must be installed in the database.
`tests/test_charts.py` does that in a second database. By hand:

    ACCOUNT_COLLECTIONS_CHARTS=de_skr03,fr,us \
        pytest --odoo-database=… account_collections/tests -k OnChart
"""

import os
import sys

from odoo.tests import tagged

VARIABLE = "ACCOUNT_COLLECTIONS_CHARTS"
# The country of a company with the chart.
COUNTRIES = {"de_skr03": "DE", "fr": "FR", "us": "US"}


def on_charts(cls):
    """Run the tests of a class on other charts of accounts too.

    The class finds its accounts, journals and taxes in `company_data`, or by their
    type; amounts of tax come from taxes that it makes by itself. Its company is new,
    in the currency of the country, at the frozen day of the common class: a foreign
    currency is one that none of the countries has, such as CHF.

    :param cls: a class that inherits `AccountTestInvoicingCommon`
    """
    for chart in filter(None, os.environ.get(VARIABLE, "").split(",")):
        name = f"{cls.__name__}OnChart_{chart}"
        values = {
            "__module__": cls.__module__,
            "__doc__": cls.__doc__,
            "chart_template": chart,
            "country_code": COUNTRIES[chart],
        }
        setattr(
            sys.modules[cls.__module__],
            name,
            tagged("post_install", "-at_install")(type(cls)(name, (cls,), values)),
        )
    return cls
