"""Odoo's own checks of source code, ``test_lint``, on our add-ons alone.

Left out are eslint and the conflict markers, which pre-commit looks at, and the
tests of the checks themselves.
"""

import contextlib
import logging
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from environment import addons

from odoo.modules import Manifest
from odoo.tools import config

from odoo.addons.test_lint.tests import (
    test_docstring,
    test_dunderinit,
    test_i18n,
    test_index,
    test_jstranslate,
    test_manifests,
    test_naming,
    test_onchange_domains,
    test_orm_import,
    test_pofile,
    test_pylint,
    test_routes,
    test_test_holes,
)
from odoo.addons.test_lint.tests import test_override_signatures as signatures

NAMES = tuple(addons.names())


@pytest.fixture(autouse=True)
def only_ours(caplog):
    """Show the checks no other add-ons, and take their warnings for failures."""
    manifests = [Manifest.for_addon(name) for name in NAMES]
    with (
        patch.object(Manifest, "all_addon_manifests", lambda: manifests),
        patch.object(test_pofile, "get_modules", lambda: list(NAMES)),
        patch.object(test_docstring, "MODULES_TO_LINT", NAMES),
        # What pylint reads besides the add-ons: one of them, for Odoo itself.
        patch.dict(vars(config), root_path=manifests[0].path),
        caplog.at_level(logging.WARNING),
    ):
        yield
    assert not [record.getMessage() for record in caplog.records]


class Whole:
    """Count a check as one test, not as one for each method of Odoo."""

    @contextlib.contextmanager
    def subTest(self, *_message, **parameters):
        self._subtest = SimpleNamespace(params=parameters)
        try:
            yield
        except Exception as error:
            raise self.failureException(f"{parameters}: {error}") from error


class TestDocstring(Whole, test_docstring.TestDocstring):
    pass


class TestInit(test_dunderinit.TestDunderinit):
    pass


class TestI18n(test_i18n.TestI18n):
    pass


class TestIndex(test_index.TestIndex):
    pass


class TestJsTranslations(test_jstranslate.TestJsTranslations):
    pass


class TestManifest(Whole, test_manifests.ManifestLinter):
    pass


class TestNaming(Whole, test_naming.TestNaming):
    pass


class TestOnchangeDomains(test_onchange_domains.TestOnchangeDomains):
    pass


class TestOrmImport(test_orm_import.TestDunderinit):
    pass


class TestOverrideSignatures(Whole, signatures.TestLintOverrideSignatures):
    pass


class TestPofile(test_pofile.PotLinter):
    pass


class TestPylint(test_pylint.TestPyLint):
    pass


class TestRoutes(test_routes.RoutesLinter):
    pass


class TestTestHoles(test_test_holes.TestTestHoles):
    pass
