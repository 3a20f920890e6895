"""Measurements as tables, and against their budgets."""

from statistics import mean, median

# What planning may take, as a multiple of the bare statements.
BUDGET_DECIDING = 3
BUDGET_WRITING = 2
# From this many open items on, the fixed cost of planning some statements is small.
MANY_ITEMS = 100_000
# How much faster than that of the bare statements the time may grow: they too take
# longer for an item of a ledger that no cache holds any more.
BUDGET_GROWTH = 1.1
# How much faster than account_credit_control planning and writing should be.
BUDGET_PLANNING_SPEED = 50
BUDGET_LETTER_SPEED = 10
# How much longer registering a payment may take with the add-ons.
BUDGET_PAYMENT = 1.1
# What a change of the machine's mood may add before a budget counts as missed.
MARGIN = 1.5
RUNS = (
    ("first", "first run"),
    ("steady", "a week later"),
    ("history", "after many letters"),
)


class Budgets:
    """Budgets, and whether they were kept."""

    def __init__(self):
        self.lines = []
        self.is_missed = False

    def at_most(self, title, value, limit):
        """Compare a ratio that should be small with its budget."""
        self._add(title, value, limit, "at most", value <= limit, value / limit)

    def at_least(self, title, value, limit):
        """Compare a ratio that should be large with its budget."""
        self._add(title, value, limit, "at least", value >= limit, limit / value)

    def _add(self, title, value, limit, word, is_kept, excess):
        verdict = "kept" if is_kept else "MISSED"
        self.is_missed |= not is_kept and excess > MARGIN
        self.lines.append(
            [
                title,
                f"{value:.{2 if limit < 2 else 1}f}x",
                f"{word} {limit:g}x",
                verdict,
            ],
        )

    def table(self):
        """Show them all.

        :rtype: str
        """
        return table(["budget", "measured", "allowed", ""], self.lines)


def table(header, rows):
    """Lay out a table: the first column to the left, the others to the right.

    :param list header: the titles of the columns
    :param list rows: the cells of each row, as strings
    :rtype: str
    """
    rows = [header, ["-" * len(title) for title in header], *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def plan(results):
    """Report on planning.

    :param list results: what `plan.measure` returned, for each number of items
    :return: the text, and whether a budget was missed by a clear margin
    :rtype: tuple[str, bool]
    """
    rows = []
    budgets = Budgets()
    for result in results:
        for key, title in RUNS:
            rows.append(_plan_row(result["items"], title, result[key]))
        if result["items"] >= MANY_ITEMS:
            _plan_budgets(budgets, result)
    growth = _growth_budgets(budgets, results)
    statements = {
        result[key]["whole"]["statements"] for result in results for key, _title in RUNS
    }
    header = ["open items", "run", "lines", "deciding", "bare", "ratio"]
    header += ["writing", "bare", "ratio", "statements", "Python", "PostgreSQL"]
    text = table(header, rows)
    if budgets.lines:
        text += "\n\n" + budgets.table() + "\n" + growth
    text += "\n\nThe number of statements is " + (
        "the same throughout."
        if len(statements) == 1
        else "NOT constant: " + ", ".join(map(str, sorted(statements)))
    )
    return text, budgets.is_missed or len(statements) > 1


def _plan_row(items, title, run):
    deciding, writing, whole = run["deciding"], run["writing"], run["whole"]
    return [
        f"{items:,}",
        title,
        f"{whole['customers']:,}",
        seconds(deciding["planning"]),
        seconds(deciding["bare"]),
        f"{ratio(deciding):.1f}x",
        seconds(writing["planning"]),
        seconds(writing["bare"]),
        f"{ratio(writing):.1f}x",
        str(whole["statements"]),
        megabytes(whole["memory"], "+"),
        megabytes(whole["server_memory"]),
    ]


def _plan_budgets(budgets, result):
    for key, title in RUNS:
        suffix = f"{result['items']:,} items, {title}"
        run = result[key]
        budgets.at_most(f"deciding, {suffix}", ratio(run["deciding"]), BUDGET_DECIDING)
        budgets.at_most(f"writing, {suffix}", ratio(run["writing"]), BUDGET_WRITING)


def _growth_budgets(budgets, results):
    """Compare the growth of the time with that of the bare statements.

    :return: how much both grow when the items do, in words
    :rtype: str
    """
    text = ""
    for smaller, larger in zip(results, results[1:], strict=False):
        if smaller["items"] < MANY_ITEMS:
            continue
        text += f"\n{larger['items'] / smaller['items']:g} times the items take"
        for key, title in RUNS:
            planning, bare = (
                _whole_time(larger[key], side) / _whole_time(smaller[key], side)
                for side in ("planning", "bare")
            )
            budgets.at_most(
                f"growth of time by that of the bare statements, {title}",
                planning / bare,
                BUDGET_GROWTH,
            )
            text += f"\n  {planning:.1f} times as long, bare {bare:.1f} ({title})"
    return text


def _whole_time(run, side):
    """Return how long one side takes to decide and to write."""
    return run["deciding"][side] + run["writing"][side]


def ratio(times):
    """Return how much longer planning takes than the bare statements."""
    return times["planning"] / times["bare"]


def seconds(value):
    """Show a time."""
    return f"{value:.1f} s" if value >= 10 else f"{value * 1000:,.0f} ms"


def megabytes(value, sign=""):
    """Show an amount of memory, or that it cannot be seen."""
    return "?" if value is None else f"{sign}{value:,.0f} MB"


def execute(result):
    """Report on contacting customers.

    :param dict result: what `execute.measure` returned
    :return: the text, and whether a budget was missed by a clear margin
    :rtype: tuple[str, bool]
    """
    ours, theirs = result["ours"], result["theirs"]
    budgets = Budgets()
    budgets.at_least(
        "planning, times as fast",
        sum(theirs["planning"].values()) / sum(ours["planning"].values()),
        BUDGET_PLANNING_SPEED,
    )
    budgets.at_least(
        "letters a second, times as many",
        _letters_a_second(ours) / _letters_a_second(theirs),
        BUDGET_LETTER_SPEED,
    )
    header = [f"{result['customers']:,} customers", "planning", "letters", "writing"]
    header += ["letters a second", "statements a letter"]
    rows = [
        [
            title,
            seconds(sum(side["planning"].values())),
            f"{side['letters']:,}",
            seconds(side["seconds"]),
            f"{_letters_a_second(side):,.0f}",
            f"{side['statements'] / side['letters']:.1f}",
        ]
        for title, side in (
            ("account_collections", ours),
            ("account_credit_control", theirs),
        )
    ]
    return table(header, rows) + "\n\n" + budgets.table(), budgets.is_missed


def _letters_a_second(side):
    return side["letters"] / side["seconds"]


def payment(without, installed):
    """Report on registering payments, of customers who owe late money and of those who
    have promised to pay.

    :param dict without: what `payment.measure` returned without the add-ons
    :param dict installed: what it returned with them
    :return: the text, and whether a budget was missed by a clear margin
    :rtype: tuple[str, bool]
    """
    bare = median(without["late"]["seconds"])
    rows = [["without", seconds(bare), f"{without['late']['statements']:.0f}", ""]]
    titles = {"late": "overdue", "promised": "overdue and promised"}
    for kind in sorted(installed):
        title = titles[kind]
        own = median(installed[kind]["seconds"])
        statements = f"{installed[kind]['statements']:.0f}"
        rows.append([title, seconds(own), statements, f"{own / bare:.2f}x"])
    half = [median(one["seconds"]) for one in installed.values()]
    budgets = Budgets()
    budgets.at_most(
        "registering a payment, half of them promised",
        mean(half) / bare,
        BUDGET_PAYMENT,
    )
    header = ["", "a payment", "statements", "ratio"]
    return table(header, rows) + "\n\n" + budgets.table(), budgets.is_missed


def replay(months, expected):
    """Report on a replayed year.

    :param list months: what `replay.measure` returned
    :param list expected: the figures (`history.Figures`) by the file, for each month
    :return: the text, and whether Odoo's figures differ from those of the file
    :rtype: tuple[str, bool]
    """
    differences = replay_differences(months, expected)
    parts = [
        "Contacts, by step",
        _count_table(months, "contacts"),
        "Customers left alone on a day, by reason",
        _count_table(months, "silences"),
        "The ledger, at the end of each month (collected: in the month)",
        table(
            ["month", "collected", "overdue", "open items", "late items"],
            [
                [
                    month["month"],
                    f"{month['collected']:,.2f}",
                    f"{month['overdue']:,.2f}",
                    str(month["open_items"]),
                    str(month["late_items"]),
                ]
                for month in months
            ],
        ),
        "\n".join(differences)
        or "These figures are the same when worked out from the file alone.",
    ]
    return "\n\n".join(parts), bool(differences)


def replay_differences(months, expected):
    """Compare what Odoo says with what follows from the file.

    :return: a line for each difference
    :rtype: list[str]
    """
    return [
        f"DIFFERENT: {name} of {month['month']} is {month[name]} in Odoo, "
        f"{getattr(figures, name)} by the file"
        for month, figures in zip(months, expected, strict=True)
        for name in figures._fields
        if round(float(getattr(figures, name)), 2) != round(float(month[name]), 2)
    ]


def _count_table(months, key):
    """Lay out counts by month: a column for each name that occurs, and their sum."""
    names = list(dict.fromkeys(name for month in months for name in month[key]))
    counts = [[month[key].get(name, 0) for name in names] for month in months]
    totals = [sum(column) for column in zip(*counts, strict=True)]
    rows = [
        [month["month"], *map(str, row)]
        for month, row in zip(months, counts, strict=True)
    ]
    return table(["month", *names], [*rows, ["total", *map(str, totals)]])
