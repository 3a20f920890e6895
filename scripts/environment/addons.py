"""The add-ons of this project, found by their manifests."""

import ast
from pathlib import Path

from . import cache

ROOT = Path(__file__).resolve().parents[2]
# What an installed database does not depend on.
LEFT_OUT = {"tests", "readme", "__pycache__", "README.rst", "index.html"}
# The engine works with and without it; the tests and the demonstration need it.
ALWAYS = {"account_payment"}
# Odoo's localizations that the accounting is tested with.
CHARTS = ("l10n_de", "l10n_fr_account", "l10n_us_account")


def names():
    """Return the names of the installable add-ons.

    :rtype: list[str]
    """
    return sorted(name for name, values in _manifests().items() if _installs(values))


def dependencies():
    """Return the names of Odoo's add-ons that ours need.

    :rtype: list[str]
    """
    manifests = _manifests()
    needed = {name for values in manifests.values() for name in values["depends"]}
    return sorted((needed | ALWAYS) - set(manifests))


def state():
    """Return a short name for what the add-ons' files say now.

    :rtype: str
    """
    parts = []
    for name in names():
        for path in sorted((ROOT / name).rglob("*")):
            inner = path.relative_to(ROOT)
            if path.is_file() and not LEFT_OUT.intersection(inner.parts):
                parts += [str(inner), path.read_bytes()]
    return cache.digest(*parts)


def _manifests():
    return {
        path.parent.name: ast.literal_eval(path.read_text(encoding="utf-8"))
        for path in ROOT.glob("*/__manifest__.py")
    }


def _installs(manifest):
    return manifest.get("installable", True)
