"""OCA's `account_credit_control`, from the package registry."""

import sys
from pathlib import Path

from environment import cache, python

NAME = "account_credit_control"
REQUIREMENTS = Path(__file__).with_name("requirements-credit-control.txt")


def get():
    """Return the folder of add-ons that holds it.

    :rtype: Path
    :raise Failure: if it cannot be fetched
    """
    folder = cache.folder() / f"{NAME}-{cache.digest(REQUIREMENTS.read_bytes())}"
    with cache.lock("set-up"):
        if not folder.exists():
            with cache.building(folder) as part:
                python.install(
                    Path(sys.executable),
                    *("--no-deps", "--target", part, "-r", REQUIREMENTS),
                )
    return folder / "odoo" / "addons"
