"""The accounting comes out the same on the charts of other countries.

The tests marked with `on_charts` (see `account_collections/tests/chart_common.py`) run
once more, in a process of their own, in a database with Odoo's own localizations.
"""


def test_flows_on_the_charts_of_other_countries(charts_run):
    cases = charts_run.join()
    problems = [
        f"{case.get('classname')}.{case.get('name')}\n{problem.text}"
        for case in cases
        for problem in (*case.findall("failure"), *case.findall("error"))
    ]
    assert not problems, "\n\n".join(problems)
    assert cases, charts_run.output[-4000:]
