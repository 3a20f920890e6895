"""Odoo 19: the person's own, or Debian's, unpacked into the cache folder."""

import os
import re
import shutil
import sys
from pathlib import Path

from . import cache, debian, system
from .messages import Failure, Step, say

VARIABLE = "ODOO_PATH"
SERIES = 19
INSTALLED = "usr/lib/python3/dist-packages"
# The shared fonts and JavaScript libraries that Odoo's package links to.
LINKED = r"(fonts|libjs)-"
LEFT_OUT = "addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"


class Odoo:
    """An Odoo that can be run.

    :param Path path: the folder that holds the Python package ``odoo``
    """

    def __init__(self, path):
        self.path = path
        self.version = _version(path)

    @property
    def addons_path(self):
        """The folders of Odoo's own add-ons: both, in a source tree."""
        folders = (self.path / "addons", self.path / "odoo" / "addons")
        return [
            str(folder)
            for folder in folders
            if (folder / "base").exists() or (folder / "account").exists()
        ]

    @property
    def command(self):
        """The start of a command line that runs Odoo."""
        return [sys.executable, "-W", "ignore", "-m", "odoo"]


def check():
    """Fail early where ``ODOO_PATH`` is wrong, before anything is fetched."""
    if os.environ.get(VARIABLE):
        named()


def get():
    """Return Odoo: the one named in ``ODOO_PATH``, the kept one, or a new one.

    :rtype: Odoo
    :raise Failure: if there is none
    """
    if os.environ.get(VARIABLE):
        return named()
    kept = [path for path in cache.folder().glob("odoo-*") if path.suffix != ".part"]
    if not kept:
        kept = [_fetch()]
    return Odoo(max(kept, key=os.path.getmtime) / INSTALLED)


def named():
    """Return the Odoo that ``ODOO_PATH`` names: a source tree or an installation.

    :rtype: Odoo
    :raise Failure: if it is not an Odoo 19
    """
    given = Path(os.environ[VARIABLE]).expanduser().absolute()
    for path in (given, given / INSTALLED, given.parent):
        if (path / "odoo" / "release.py").exists():
            odoo = Odoo(path)
            if odoo.version.split(".")[0] != str(SERIES):
                raise Failure(
                    f"{VARIABLE} names an Odoo {odoo.version}, and these add-ons "
                    f"are for Odoo {SERIES}.0"
                )
            return odoo
    raise Failure(f"there is no Odoo in {given}, which {VARIABLE} names")


def _version(path):
    text = (path / "odoo" / "release.py").read_text(encoding="utf-8")
    found = re.search(r"^version_info = \((.*?),\s*(\d+)", text, re.MULTILINE)
    return ".".join(part.strip("'\" ") for part in found.groups()) if found else "?"


def _fetch():
    """Unpack the newest Odoo 19 of Debian's development suite.

    :return: the root below which it stands
    :rtype: Path
    """
    with cache.scratch("apt") as work, Step("Fetching Odoo 19") as step:
        archive = debian.Archive(work)
        step.detail = "reading the archive's lists"
        archive.update("sid")
        step.detail = "downloading"
        (package,) = archive.fetch(f"odoo-{SERIES}")
        version = package.name.split("_")[1]
        root = cache.folder() / f"odoo-{version}"
        with cache.building(root) as part:
            step.detail = "unpacking"
            debian.unpack(package, part)
            names = debian.dependencies(package, LINKED)
            for linked in archive.fetch(*names):
                debian.unpack(linked, part)
            step.detail = "completing"
            _complete(archive, names, part)
            left_out = part / INSTALLED / "odoo" / LEFT_OUT
            if not left_out.exists():
                # The back end's bundle lists it, and logs an error without it.
                left_out.parent.mkdir(parents=True, exist_ok=True)
                left_out.touch()
    return root


def _complete(archive, names, root):
    """See to it that no link leads nowhere.

    Where today's package has moved or dropped a file, an older one still has it:
    that of the machine's own suite, then of the last stable ones. What none of
    them has is replaced by its family's regular file, and last by an empty one.

    :param Archive archive: the Debian archive
    :param list names: the packages that the links lead to
    :param Path root: where everything is unpacked
    """
    tried = {(name, version) for name in names for version in archive.versions(name)}
    for suite in [*archive.suites_of_machine(), "stable", "oldstable"]:
        if not dangling(root):
            return
        try:
            archive.update("sid", suite)
        except Failure:
            continue
        offered = {(name, v) for name in names for v in archive.versions(name)}
        for name, version in sorted(offered - tried):
            (package,) = archive.fetch(f"{name}={version}")
            _unpack_if_missing(package, root, archive.work / "older")
        tried |= offered
    for link in dangling(root):
        _stand_in(link, root)


def _unpack_if_missing(package, root, scratch):
    """Put an older package in the place of the newer one if it has a missing file.

    All of it, for the files of a package belong together.
    """
    shutil.rmtree(str(scratch), ignore_errors=True)
    scratch.mkdir()
    debian.unpack(package, scratch)
    missing = (_target(link).relative_to(root) for link in dangling(root))
    if any((scratch / path).exists() for path in missing):
        debian.unpack(package, root)


def _stand_in(link, root):
    """Put a file of the same family, or an empty one, where a link leads."""
    family = link.stem.split("-")[0]
    alike = [
        path
        for path in sorted((root / "usr" / "share").rglob(f"{family}*{link.suffix}"))
        if path.is_file()
    ]
    regular = [path for path in alike if "Regular" in path.stem]
    target = _target(link)
    target.parent.mkdir(parents=True, exist_ok=True)
    if alike:
        shutil.copyfile(str((regular or alike)[0]), str(target))
    else:
        say(f"warning: no package has {target.name}; an empty file stands in")
        target.touch()


def dangling(root):
    """Return the links below a root that lead nowhere.

    :param Path root: where Odoo is unpacked
    :rtype: list[Path]
    """
    _code, output = system.output_of(["find", root, "-xtype", "l"])
    return [Path(line) for line in output.splitlines()]


def _target(link):
    return Path(os.path.normpath(str(link.parent / os.readlink(str(link)))))
