"""Packages: what is in them, the same bytes when made again, and what installing and removing one does."""
import gzip
import os
import re
import shutil
import stat
import subprocess
import tarfile
import tempfile
import unittest

import harness

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PACKAGING = os.path.join(ROOT, "src", "packaging")
BUILD = os.path.dirname(os.path.abspath(os.environ.get("HBRSYNC_PLAIN", harness.HBRSYNC)))
TOOLS = ("cpack", "dpkg-deb", "dpkg-shlibdeps", "file")


def text_of(*names):
    with open(os.path.join(ROOT, *names), encoding="utf-8") as file:
        return file.read()


def output(*command, **options):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=True,
                          **options).stdout


class Declared(unittest.TestCase):
    """What CMakeLists.txt says is said everywhere, and warnings are errors for nobody who did not ask."""

    def test_minimum_versions(self):
        least = dict(re.findall(r"^set\(HBRSYNC_(\w+)_MINIMUM ([0-9.]+)\)$", text_of("CMakeLists.txt"), re.M))
        self.assertEqual(set(least), {"CURL", "SQLITE", "JSONC", "OPENSSL"})
        for page in ("README.md", "README.zh-CN.md"):
            wanted = (f"libcurl {least['CURL']}", f"SQLite {least['SQLITE']}", f"json-c {least['JSONC']}",
                      f"OpenSSL {least['OPENSSL']}")
            for text in wanted:
                self.assertIn(text, text_of(page))
        script = text_of("examples", "install-packages.sh")
        for version in least.values():
            self.assertIn(f"({version}+", script)
        numbers = [int(part) for part in least["CURL"].split(".")]
        self.assertIn("LIBCURL_MIN 0x%02X%02X%02X " % tuple(numbers), text_of("src", "acs", "setup.c"))
        numbers = [int(part) for part in least["SQLITE"].split(".")]
        self.assertIn("SQLITE_VERSION_FLOOR %d%03d%03d " % tuple(numbers), text_of("src", "store", "open.c"))
        for name in ("CURL", "SQLITE"):
            self.assertIn(f"{least[name]} is needed", text_of("src", "acs", "setup.c") + text_of("src", "store", "open.c"))

    def test_warnings_are_no_errors(self):
        self.assertRegex(text_of("CMakeLists.txt"), r"option\(HBRSYNC_WERROR .* OFF\)")

    def test_the_lines_of_the_containerfile(self):
        """Everything that the build reads is copied, and it does not run as root."""
        text = text_of("Containerfile")
        copied = re.findall(r"^COPY (.*) /source", text, re.M)
        needed = {"CMakeLists.txt", "CMakePresets.json", "README.md", "README.zh-CN.md", "CHANGELOG.md", "LICENSE", "src",
                  "sql", "examples"}
        self.assertEqual(set(" ".join(copied).split()), needed)
        self.assertLess(text.index("USER hbrsync"), text.index("ENTRYPOINT"))
        self.assertIn("untested", text.split("\n")[0].lower())


class Folder(unittest.TestCase):
    """A folder that goes with the test."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hbrsync-packages-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)


@unittest.skipUnless(all(map(shutil.which, TOOLS)), f"needs {', '.join(TOOLS)}")
class Debian(Folder):
    def make(self, name):
        folder = self.path(name)
        output("cpack", "--config", os.path.join(BUILD, "CPackConfig.cmake"), "-B", folder, cwd=BUILD,
               env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
        (package,) = [file for file in os.listdir(folder) if file.endswith(".deb")]
        return os.path.join(folder, package)

    def test_the_package(self):
        package = self.make("first")
        with open(package, "rb") as first, open(self.make("second"), "rb") as second:
            self.assertEqual(first.read(), second.read(), "the same bytes")
        self.check_fields(package)
        tree = self.path("tree")
        output("dpkg-deb", "-x", package, tree)
        self.check_files(tree)
        self.check_units(tree)
        if shutil.which("lintian"):
            self.assertNotRegex(output("lintian", "--allow-root", package), r"(?m)^[EW]:")

    def check_fields(self, package):
        fields = dict(line.split(": ", 1) for line in output("dpkg-deb", "-f", package).splitlines()
                      if re.match(r"\S+: ", line))
        self.assertEqual(fields["Package"], "hbrsync")
        depends = fields["Depends"].split(", ")
        for library, least in (("libcurl4", "7.88.1"), ("libsqlite3-0", "3.40.1"), ("libjson-c5", "0.16"),
                               ("libssl3", "3.0")):
            self.assertTrue([entry for entry in depends if entry.endswith(f"{library} (>= {least})")], (library, depends))
        self.assertTrue([entry for entry in depends if entry.startswith("libc6 (>= ")], depends)
        self.assertIn("adduser", depends)

    def check_files(self, tree):
        found = {}
        for folder, _, names in os.walk(tree):
            for name in names:
                path = os.path.join(folder, name)
                found[os.path.relpath(path, tree)] = stat.S_IMODE(os.stat(path).st_mode)
                self.assertEqual(os.stat(path).st_mtime, 1700000000, path)
        programs = {"usr/bin/hbrsync", "usr/libexec/hbrsync/archive.sh", "usr/libexec/hbrsync/complete"}
        self.assertEqual({path for path, mode in found.items() if mode != 0o644}, programs)
        self.assertEqual({found[path] for path in programs}, {0o755})
        for path in ("man/man1/hbrsync.1.gz", "bash-completion/completions/hbrsync", "zsh/vendor-completions/_hbrsync",
                     "fish/vendor_completions.d/hbrsync.fish", "doc/hbrsync/copyright", "doc/hbrsync/changelog.gz",
                     "doc/hbrsync/README.Debian", "doc/hbrsync/README.md", "doc/hbrsync/examples/cron/hbrsync.env",
                     "doc/hbrsync/examples/sql/open-longest.sql"):
            self.assertIn("usr/share/" + path, found)
        self.assertFalse([path for path in found if path.startswith("etc/") or path.startswith("var/")],
                         "nothing in the way of what users put there")
        with gzip.open(os.path.join(tree, "usr/share/doc/hbrsync/changelog.Debian.gz"), "rt") as file:
            self.assertRegex(file.read(), r"^hbrsync \(0[0-9.]+-1\) unstable.*\n -- \S.*  Tue, 14 Nov 2023 22:13:20 \+0000\n$"
                             .replace(".*\\n --", "(?s:.*)\\n --"))
        for line in text_of("src", "packaging", "lintian-overrides").splitlines():
            self.assertRegex(line, r"^(# .*\.|hbrsync: [a-z -]+( \*)?)$")
        self.assertTrue(text_of("src", "packaging", "lintian-overrides").startswith("# "))

    def check_units(self, tree):
        system = os.path.join(tree, "usr/lib/systemd/system")
        self.assertEqual(sorted(os.listdir(system)), ["hbrsync.service", "hbrsync.timer"])
        for name in os.listdir(system):
            with open(os.path.join(system, name), encoding="utf-8") as file:
                text = file.read()
            self.assertNotIn("/usr/local/lib", text)
            for path in re.findall(r"^(?:ExecStart=|Documentation=file://)(\S+)", text, re.M):
                self.assertTrue(os.path.exists(tree + path) or os.path.exists(tree + path + ".gz"), path)

    def run_script(self, name, *arguments):
        """A script of the package on a root of its own; what it calls besides is written down."""
        tools = self.path("tools")
        if not os.path.exists(tools):
            os.mkdir(tools)
            for tool in ("adduser", "deb-systemd-helper", "deb-systemd-invoke", "systemctl", "chown"):
                with open(os.path.join(tools, tool), "w", encoding="utf-8") as file:
                    file.write(f'#!/bin/sh\necho {tool} "$@" >>"{self.path("calls")}"\n'
                               '[ "$1" != debian-installed ] && [ "$2" != was-enabled ]\n')
                os.chmod(file.name, 0o755)
            with open(os.path.join(tools, "install"), "w", encoding="utf-8") as file: # the user is not there
                file.write('#!/bin/sh\nfor last; do :; done\nmkdir -m 0700 "$last"\n')
            os.chmod(file.name, 0o755)
        return subprocess.run([os.path.join(PACKAGING, name), *arguments], text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=True,
                              env={"PATH": tools + ":/usr/bin:/bin", "DPKG_ROOT": self.path("root")}).stdout

    def test_install_remove_and_purge(self):
        os.makedirs(self.path("root/var/lib"))
        os.makedirs(self.path("root/etc/hbrsync"))
        self.run_script("postinst", "configure", "")
        with open(self.path("calls"), encoding="utf-8") as file:
            calls = file.read()
        self.assertIn("adduser --system --group", calls)
        self.assertNotRegex(calls, r"(?m)^deb-systemd-helper enable|^deb-systemd-invoke start")
        for path in ("root/var/lib/hbrsync/jobs.db", "root/etc/hbrsync/hbrsync.env"):
            with open(self.path(path), "w", encoding="utf-8") as file:
                file.write("mine")
        self.run_script("postinst", "configure", "0.1.0-1")
        for order in (("prerm", "upgrade", "2"), ("postrm", "upgrade", "2"), ("prerm", "remove"), ("postrm", "remove"),
                      ("postrm", "purge")):
            self.assertEqual(self.run_script(*order), "", order)
            for path in ("root/var/lib/hbrsync/jobs.db", "root/etc/hbrsync/hbrsync.env"):
                self.assertTrue(os.path.exists(self.path(path)), (order, path))
        os.remove(self.path("root/var/lib/hbrsync/jobs.db"))
        self.run_script("postrm", "purge")
        self.assertFalse(os.path.exists(self.path("root/var/lib/hbrsync")), "an empty folder goes")
        self.assertTrue(os.path.exists(self.path("root/etc/hbrsync/hbrsync.env")))


@unittest.skipUnless(shutil.which("cpack") and shutil.which("git") and os.path.exists(os.path.join(ROOT, ".git")),
                     "needs cpack and a clone")
class Sources(Folder):
    def test_the_tarball(self):
        """Made twice of one commit it has the same bytes, of all files that git knows and no other."""
        clone = self.path("clone")
        output("git", "clone", "-q", "--no-hardlinks", ROOT, clone)
        archives = []
        for name in ("first", "second"):
            with open(os.path.join(clone, "not-in-git"), "w", encoding="utf-8") as file:
                file.write(name)
            with open(os.path.join(BUILD, "CPackSourceConfig.cmake"), encoding="utf-8") as file:
                text = file.read().replace(f'CPACK_HBRSYNC_SOURCE "{ROOT}"', f'CPACK_HBRSYNC_SOURCE "{clone}"')
            self.assertIn(clone, text)
            with open(self.path("config.cmake"), "w", encoding="utf-8") as file:
                file.write(text)
            output("cpack", "--config", self.path("config.cmake"), "-B", self.path(name))
            (archive,) = [file for file in os.listdir(self.path(name)) if file.endswith(".tar.gz")]
            archives.append(os.path.join(self.path(name), archive))
        with open(archives[0], "rb") as first, open(archives[1], "rb") as second:
            self.assertEqual(first.read(), second.read())
        date = output("git", "-C", clone, "log", "-1", "--format=%ct").strip()
        with tarfile.open(archives[0]) as archive:
            files = {member.name for member in archive if not member.isdir()}
            (top,) = {name.split("/")[0] for name in files}
            self.assertEqual(top, os.path.basename(archives[0])[:-len(".tar.gz")])
            self.assertEqual({member.mtime for member in archive}, {int(date)})
            self.assertEqual(archive.extractfile(f"{top}/src/packaging/commit-date").read().decode().strip(), date)
        known = output("git", "-C", clone, "ls-files").splitlines()
        self.assertEqual(files, {f"{top}/{name}" for name in known})


if __name__ == "__main__":
    unittest.main()
