"""The scripts: what they would install, as tests/README.md says, and what tests/lint.sh makes of other versions."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
LINTERS = {"clang-format": "14.0.6", "clang-tidy": "14.0.6", "cppcheck": "2.10", "shellcheck": "0.9.0", "gcc": "12.2.0",
           "clang": "14.0.6"}


def is_debian_12():
    try:
        with open("/etc/os-release", encoding="utf-8") as file:
            facts = dict(re.findall(r'^(\w+)="?(.*?)"?$', file.read(), re.M))
    except OSError:
        return False
    return (facts.get("ID"), facts.get("VERSION_ID")) == ("debian", "12")


class Scripts(unittest.TestCase):
    """A copy of the scripts, and stand-ins for the programs that they call."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree, self.bin = os.path.join(folder.name, "tree"), os.path.join(folder.name, "bin")
        for name in ("examples/install-packages.sh", "examples/quickstart.sh", "tests/run.sh", "tests/lint.sh"):
            copy = os.path.join(self.tree, name)
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copy(os.path.join(ROOT, name), copy)
        os.mkdir(self.bin)
        self.program("sudo", 'exec "$@"')
        self.program("dpkg-query", "printf installed")

    def program(self, name, *lines):
        path = os.path.join(self.bin, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(("#!/bin/sh", *lines, "")))
        os.chmod(path, 0o755)

    def linter(self, name, version, *lines):
        self.program(name, f'[ "$*" != --version ] || {{ echo "{name} (of a test) {version}"; exit; }}', *lines)

    def run_script(self, name):
        return subprocess.run([os.path.join(self.tree, name)], env={"PATH": self.bin + ":/usr/bin:/bin"}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                              check=False)

    def installed_by(self, name):
        """The packages that the script asks for where none is installed; apt-get fails, which ends it."""
        self.program("dpkg-query", "printf not-installed")
        self.program("apt-get", "echo no network; exit 100")
        result = self.run_script(name)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("no network", result.stdout)
        return re.search(r"^Installing: (.*)$", result.stdout, re.M)[1].split()

    def test_what_is_installed_is_what_is_said(self):
        with open(os.path.join(ROOT, "tests", "README.md"), encoding="utf-8") as file:
            rows = dict(re.findall(r"^\| `\./((?:examples|tests)/\w+\.sh)` \|.*\| (.*?) \|$", file.read(), re.M))
        quick = self.installed_by("examples/quickstart.sh")
        self.assertEqual(sorted(quick), sorted(rows["examples/quickstart.sh"].split()))
        tests = self.installed_by("tests/run.sh")
        build, more = re.fullmatch("(the build packages above), and (.*)", rows["tests/run.sh"]).groups()
        self.assertEqual(sorted(tests), sorted([package for package in quick if package not in ("curl", "sqlite3")]
                                               + more.split()), build)
        self.assertFalse(set(tests) & {"clang-format", "clang-tidy", "cppcheck", "shellcheck"})

    @unittest.skipUnless(is_debian_12(), "lint.sh installs on Debian 12 only")
    def test_lint_installs_its_tools(self):
        self.assertLessEqual(set(LINTERS), set(self.installed_by("tests/lint.sh")))

    def test_lint_skips_other_versions(self):
        for name in LINTERS:
            self.linter(name, "99.1.2", 'echo "ran as $0"', "exit 1")
        result = self.run_script("tests/lint.sh")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("== clang-format: skipped, made for clang-format-14, found 99.1\n", result.stdout)
        self.assertNotIn("ran as", result.stdout)
        self.assertRegex(result.stdout, r"\n== 0 checks passed, 0 failed, 6 skipped\n$")

    def test_lint_runs_its_own_versions(self):
        """What they find is shown, fails, and keeps none of the others from running; so does a build that fails."""
        for name, version in LINTERS.items():
            self.linter(name, version, 'echo "ran as $0"', "exit 1" if name == "cppcheck" else "exit 0")
        self.program("cmake", 'echo "cmake $*"', "exit 1")
        result = self.run_script("tests/lint.sh")
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertRegex(result.stdout, r"ran as .*/cppcheck\n")
        self.assertNotRegex(result.stdout, r"ran as .*/clang-format\n")
        builds = re.findall("^cmake -S.*$", result.stdout, re.M)
        self.assertEqual(len(builds), 2)
        for build in builds:
            self.assertIn("-DHBRSYNC_WERROR=ON", build)
        self.assertRegex(result.stdout, r"\n== 3 checks passed, 3 failed, 0 skipped\n$")

    def test_only_lint_makes_errors_of_warnings(self):
        for name in ("tests/run.sh", "tests/fuzz/run.sh", "examples/quickstart.sh"):
            with open(os.path.join(ROOT, name), encoding="utf-8") as file:
                self.assertNotIn("WERROR", file.read(), name)


if __name__ == "__main__":
    unittest.main()
