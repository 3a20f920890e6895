"""Debian packages, unpacked into a folder without touching the machine.

apt gets a state of its own, so that no root is needed. It checks each list with
the installed keyring of the Debian archive, and each package with its list.
"""

import re
import shutil
import subprocess
from pathlib import Path

from . import system
from .messages import Failure

KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
)


class Archive:
    """A Debian mirror, as seen through an isolated apt.

    :param Path work: a folder for apt's state, thrown away by the caller
    """

    def __init__(self, work):
        self.work = work
        self.keyring = next(filter(Path.exists, map(Path, KEYRINGS)), None)
        missing = [name for name in ("apt-get", "dpkg") if not shutil.which(name)]
        if missing or not self.keyring:
            raise Failure(
                "Odoo 19 is fetched as a Debian package, which needs apt, dpkg and "
                "debian-archive-keyring: name an Odoo 19 of yours in ODOO_PATH instead"
            )
        for part in ("lists/partial", "cache/archives/partial"):
            (work / part).mkdir(parents=True, exist_ok=True)
        (work / "status").touch()

    def update(self, *suites):
        """Read the lists of these suites, from the first mirror that has them.

        The mirror is one that the machine itself uses.

        :param suites: names of Debian suites, as in "sid"
        :raise Failure: if no mirror offers them with a valid signature
        """
        reasons = []
        for site in self._sites():
            (self.work / "sources.list").write_text(
                "".join(
                    f"deb [signed-by={self.keyring}] {site} {suite} main\n"
                    for suite in suites
                )
            )
            code, output = self._apt("get", "update", "--error-on=any")
            if not code:
                return
            reasons.append(f"{site}: {system.last_line(output, 'E:')}")
        raise Failure(
            "the Debian archive cannot be read (%s); name an Odoo 19 of yours in "
            "ODOO_PATH instead" % (reasons[0] if reasons else "no mirror is known")
        )

    def versions(self, package):
        """Return the versions of a package on offer, newest first."""
        _code, output = self._apt("cache", "madison", package)
        found = [
            line.split("|")[1].strip() for line in output.splitlines() if "|" in line
        ]
        return list(dict.fromkeys(found))

    def fetch(self, *packages):
        """Download packages.

        :param packages: names, or ``name=version``
        :return: their files
        :rtype: list[Path]
        :raise Failure: if one cannot be had, or is not what its list says
        """
        target = self.work / "packages"
        shutil.rmtree(str(target), ignore_errors=True)
        target.mkdir()
        code, output = self._apt("get", "download", *packages, cwd=str(target))
        if code:
            reason = system.last_line(output, "E:")
            raise Failure(f"a Debian package could not be fetched: {reason}")
        return sorted(target.glob("*.deb"))

    def suites_of_machine(self):
        """Return the suites that the machine is set up with, as in "bookworm"."""
        return list(dict.fromkeys(suite for _site, suite in self._sources()))

    def _sites(self):
        sites = list(dict.fromkeys(site for site, _suite in self._sources()))
        return sorted(sites, key=lambda site: "security" in site)

    def _sources(self):
        """Return the sites and suites of the machine's own sources.

        What an update would read tells them, even where none has ever been done.
        """
        _code, output = system.output_of(
            [
                *("apt-get", "update", "--print-uris"),
                *("-o", f"Dir::State::Lists={self.work / 'lists'}"),
            ]
        )
        return re.findall(r"^'(\S+?)/dists/(\S+)/InRelease'", output, re.MULTILINE)

    def _apt(self, program, *arguments, **options):
        settings = {
            "Dir::Etc::SourceList": self.work / "sources.list",
            "Dir::Etc::SourceParts": "-",
            "Dir::State": self.work,
            "Dir::State::Lists": self.work / "lists",
            "Dir::State::Status": self.work / "status",
            "Dir::Cache": self.work / "cache",
            "APT::Sandbox::User": "",
            "APT::Get::AllowUnauthenticated": "false",
            "Acquire::AllowInsecureRepositories": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        command = [f"apt-{program}", "--quiet=2"]
        for name, value in settings.items():
            command += ["-o", f"{name}={value}"]
        return system.output_of([*command, *arguments], **options)


def unpack(package, root):
    """Unpack a package's files below a root.

    :param Path package: a ``.deb`` file
    :param Path root: an existing folder
    """
    subprocess.run(["dpkg", "-x", str(package), str(root)], check=True)


def dependencies(package, pattern):
    """Return the names of the packages that a package needs.

    :param Path package: a ``.deb`` file
    :param str pattern: the names wanted, as a regular expression
    :rtype: list[str]
    """
    _code, output = system.output_of(["dpkg-deb", "-f", package, "Depends"])
    names = (part.split()[0] for part in output.split(",") if "|" not in part)
    return [name for name in names if re.match(pattern, name)]
