"""README.md and README.zh-CN.md: what they say to run is run, they keep in step, and what they link to is there.

The queries of their ```sql blocks are run by test_examples, which also runs the script for cron.
"""
import json
import os
import re
import shutil
import struct
import subprocess
import unittest

import harness

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BUILD = os.path.dirname(os.path.abspath(harness.HBRSYNC))
PAGES = ("README.md", "README.zh-CN.md")
LONGEST = 220  # lines
MANUALS = ("hbrsync.1", "hbrsync-output.5", "hbrsync-messages.7")


def text_of(*names):
    with open(os.path.join(ROOT, *names), encoding="utf-8") as file:
        return file.read()


def blocks(page, language):
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```", text_of(page))


def console(page):
    """(command, what is printed) of every ```console block; a command goes on until its quotation marks are closed."""
    for block in blocks(page, "console"):
        for part in re.split(r"(?m)^\$ ", block)[1:]:
            lines = part.split("\n")
            count = 1
            while "\n".join(lines[:count]).count('"') % 2:
                count += 1
            yield "\n".join(lines[:count]), "\n".join(lines[count:]).strip()


class Commands(harness.TestCase):
    """In a folder of its own, with stand-ins for what installs, and the simulator as the endpoint."""

    def setUp(self):
        super().setUp()
        self.bin = self.path("bin")
        os.mkdir(self.bin)
        self.program("sudo", 'exec "$@"')
        self.program("dpkg-query", "printf installed")
        self.database = self.path("hbrsync.db")

    def program(self, name, *lines):
        with open(os.path.join(self.bin, name), "w", encoding="utf-8") as file:
            file.write("\n".join(("#!/bin/sh", *lines, "")))
        os.chmod(file.name, 0o755)

    def against_the_simulator(self):
        self.start("--jobs", 300, "--basic-jobs", 20)
        self.program("hbrsync", 'case " $* " in',
                     f'*" sync "* | *" doctor "*) set -- "$@" --endpoint {self.simulator.endpoint()} ;;', "esac",
                     f'exec "{os.path.abspath(harness.HBRSYNC)}" "$@"')
        self.sync()
        self.simulator.move(create=4, finish=9, vanish_old=2)

    def shell(self, script, statuses=(0,), **more):
        environment = self.environment(**more)
        environment["PATH"] = self.bin + ":" + environment["PATH"]
        run = subprocess.run(["/bin/sh", "-euc", script], cwd=self.directory, env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=harness.TIMEOUT, check=False)
        output = run.stdout.decode()
        self.assertIn(run.returncode, statuses, f"{script}\n{output}")
        self.assertNotIn("Sanitizer", output)
        return output

    def run_page(self, page):
        """Every command of a page but for what installs, and cron's script; what each block printed."""
        with_keys = [re.sub(r"(?m)^(export ALIBABA_CLOUD_ACCESS_KEY_(ID|SECRET))=\.\.\.$",
                            lambda match: f"{match[1]}={harness.KEY_ID if match[2] == 'ID' else harness.KEY_SECRET}", block)
                     for block in blocks(page, "sh")]
        ours = [block for block in with_keys if not re.search(r"(?m)^#!|^sudo |^\./", block)]
        self.assertGreaterEqual(len(ours), 4)
        self.assertNotIn("...", "".join(ours))
        return [self.shell(block, (0, 1, 2) if block.startswith("hbrsync check") else (0,)) for block in ours]

    def test_every_command_of_the_first_page(self):
        self.against_the_simulator()
        for command, printed in console("README.md"):
            shape = re.sub("[0-9,]+", "N", self.shell(command))
            for line in re.sub("[0-9,]+", "N", printed).split("\n")[:2]:
                self.assertRegex(shape, re.sub(" +", " +", re.sub("-+", "-+", re.escape(line).replace("\\ ", " ").replace("\\-", "-"))))
        output = "\n".join(self.run_page("README.md"))
        self.assertIn("0 failures", output)
        self.assertIn("proved complete", output)
        self.assertIn("HBRSYNC ", output)
        self.assertNotIn("UNKNOWN", output)
        for name in ("report.html", "restores.ndjson", "failed.csv", "copy.db", "tables.db"):
            self.assertGreater(os.path.getsize(self.path(name)), 500, name)

    def test_the_pages_say_the_same(self):
        """Block by block but for remarks, and as many rows of tables, section by section; and every word of code."""
        def bare(block):
            return re.sub(r"(?m)( ?# \D.*|^-- .*)$", "", block)
        for names in (PAGES, ("sql/README.md", "sql/README.zh-CN.md")):
            pages = [re.split(r"\n(?=##+ )", text_of(name)) for name in names]
            self.assertEqual(len(pages[0]), len(pages[1]))
            for english, chinese in zip(*pages):
                title, text = english.split("\n", 1)
                with self.subTest(title):
                    self.assertEqual([bare(block) for block in re.findall(r"(?ms)^```.*?^```", text)],
                                     [bare(block) for block in re.findall(r"(?ms)^```.*?^```", chinese)])
                    self.assertEqual(text.count("\n|"), chinese.count("\n|"))
                    self.assertEqual(len(re.findall(r"(?m)^\d\. ", text)), len(re.findall(r"(?m)^\d\. ", chinese)))
                    code = [set(re.findall(r"`([^`\n]+)`", re.sub(r"(?s)```.*?```", "", page))) for page in (text, chinese)]
                    self.assertEqual(code[0], code[1])

    def test_the_chinese_manual(self):
        """It explains every message that the manual page explains, and names no option, variable or field that that has not."""
        chinese = text_of("src", "cli", "README.zh-CN.md")
        pages = "\n".join(text_of("src", "cli", name) for name in MANUALS).replace("\\-", "-").replace("\\(dq", '"')
        pages = pages.replace("\\&", "").replace("\\e", "\\").replace(".Fl -", ".Fl --").replace(" Fl -", " Fl --")
        diagnostics = pages.split("\n.Sh DIAGNOSTICS\n")[1].split("\n.Sh ")[0]
        heads = re.findall(r"(?m)^\.It (.*)$", diagnostics)
        self.assertGreater(len(heads), 50)
        table = chinese.split("\n## 故障排查\n")[1].split("\n## ")[0]
        for head in heads:
            words = re.findall(r'Sy ("(?:[^"]|"(?=\w))*?"(?= |$)|\S+)', head)
            self.assertTrue(words, head)
            self.assertIn("`" + words[0].strip('"').split('"')[0], table, head)
        self.assertEqual(len(heads), len(re.findall(r"(?m)^\| .*`", table)))
        names = set(re.findall(r"--[a-z][a-z-]+|\b[A-Z]+_[A-Z_]+[A-Z]\b|\b[a-z]+_[a-z_]+\b", chinese))
        self.assertGreater(len(names), 100)
        self.assertEqual({name for name in names if name not in pages}, set())

    def test_the_terms_of_the_product(self):
        for page in ("README.zh-CN.md", "sql/README.zh-CN.md", "src/cli/README.zh-CN.md"):
            for word in "凭证 口令 水位 应答 备份仓库 机密 访问密钥".split():
                self.assertNotIn(word, text_of(page), page)

    def test_what_installs(self):
        """Stand-ins take the arguments of apt-get and cmake; that packages and presets exist is looked up."""
        arguments = self.path("arguments")
        for name in ("apt-get", "cmake"):
            self.program(name, f'echo "{name} $*" >>"{arguments}"')
        for block in blocks("README.md", "sh"):
            if re.search("(?m)^sudo ", block):
                self.shell(block)
        script = re.search(r"for package in (.*?) \"\$@\"", text_of("examples", "install-packages.sh"), re.S)[1].split()
        version = re.search(r"project\(hbrsync VERSION (\S+)", text_of("CMakeLists.txt"))[1]
        known = {*script, "dpkg-dev", "file", f"./build/hbrsync_{version}-1_amd64.deb"}
        presets = json.loads(text_of("CMakePresets.json"))
        kinds = {"": "configurePresets", "--build ": "buildPresets", "--workflow ": "workflowPresets"}
        self.assertEqual(next(preset["binaryDir"] for preset in presets["configurePresets"] if preset["name"] == "release"),
                         "${sourceDir}/build")
        with open(arguments, encoding="utf-8") as file:
            told = file.read().split("\n")[:-1]
        self.assertGreaterEqual(len(told), 4)
        for line in told:
            install = re.fullmatch("apt-get install (.*)", line)
            preset = re.fullmatch(r"cmake (--\w+ )?--preset (\w+)", line)
            if install:
                self.assertLessEqual(set(install[1].split()), known)
            elif preset:
                self.assertIn(preset[2], [entry["name"] for entry in presets[kinds[preset[1] or ""]]], line)
            else:
                self.assertEqual(line, "cmake --install build")

    def test_lines_for_cron(self):
        for page in PAGES:
            for block in blocks(page, "cron"):
                for line in block.strip().split("\n"):
                    self.assertRegex(line, r"^([0-9*]+ ){5}/[\w/.-]+$")
            for block in blocks(page, "sh"):
                self.shell("sh -n <<'SCRIPT'\n" + block + "SCRIPT")

    @unittest.skipUnless(shutil.which("curl") and shutil.which("sqlite3"), "needs curl and sqlite3")
    def test_quick_start(self):
        """Only cmake is a stand-in, which puts the programs of this build there."""
        os.makedirs(self.path("examples"))
        for name in ("quickstart.sh", "install-packages.sh"):
            shutil.copy(os.path.join(ROOT, "examples", name), self.path("examples"))
        self.program("apt-get", "exit 100")
        self.program("cmake", f"mkdir -p build/tests/simulator && cp {os.path.abspath(harness.HBRSYNC)} build/ &&",
                     f"cp {os.path.abspath(harness.SIMULATOR)} build/tests/simulator/")
        before = set(os.listdir(self.directory))
        self.assertEqual(blocks("README.md", "sh")[0], "./examples/quickstart.sh\n")
        output = self.shell("./examples/quickstart.sh 2>&1", ALIBABA_CLOUD_ACCESS_KEY_ID=None, TMPDIR=self.path("bin"))
        self.key_files |= {self.path(name) for name in (
            "examples/quickstart.sh", "build/hbrsync", "build/tests/simulator/hbrsync-simulator")}
        self.assertEqual(output.count("; proved complete\n"), 2, output)
        self.assertIn("\n6 sources proved", output)
        self.assertEqual(set(os.listdir(self.directory)) - before, {"build"})
        self.assertEqual(sorted(os.listdir(self.bin)), ["apt-get", "cmake", "dpkg-query", "sudo"], "a folder is left")
        printed = re.findall(r"(?m)^\$ (.*)$", output)
        self.assertIn("build/hbrsync sync --all-regions", printed)
        steps, later = [re.findall(r"(?m)^  (build/hbrsync .*)$", part)
                        for part in re.split("With an account", output.split("== Next\n")[1])]
        self.shell("\n".join(steps))
        self.assertGreater(os.path.getsize(self.path("build/report.html")), 50000)
        self.assertEqual(later, ["build/hbrsync doctor --region cn-hangzhou", "build/hbrsync sync --region cn-hangzhou"])

    @unittest.skipUnless(shutil.which("cmake") and os.path.exists(os.path.join(BUILD, "cmake_install.cmake")),
                         "needs cmake and the build that hbrsync is of")
    def test_an_installed_copy(self):
        tree = self.path("installed")
        self.shell(f'cmake --install "{BUILD}" --prefix /usr', DESTDIR=tree)
        names = {name: os.path.join(parent, name) for parent, _, files in os.walk(tree) for name in files
                 if name != "README.md"}
        self.key_files.add(names["hbrsync"])
        for name in (*MANUALS, "hbrsync", "report.png", "CHANGELOG.md", "LICENSE", "archive.sh"):
            self.assertIn(name, names)
        for name in ("quickstart.sh", "install-packages.sh"):
            self.assertNotIn(name, names, "it builds from the source, which is not there")
        self.assertEqual(self.shell(f'"{names["hbrsync"]}" --version').split("\n")[0].split()[0], "hbrsync")
        folder = os.path.dirname(names["README.zh-CN.md"])
        for page in PAGES:
            self.links(folder, page)

    def links(self, folder, page):
        with open(os.path.join(folder, page), encoding="utf-8") as file:
            text = file.read()
        for target in re.findall(r"\]\((?!https?:)([^)]*)\)", text):
            name, _, anchor = target.partition("#")
            path = os.path.normpath(os.path.join(folder, os.path.dirname(page), name)) if name else os.path.join(folder, page)
            self.assertTrue(os.path.exists(path), f"{page}: {target}")
            if anchor:
                with open(path, encoding="utf-8") as file:
                    headings = {re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
                                for line in re.findall(r"(?m)^#+ (.*)$", file.read())}
                self.assertIn(anchor, headings, page)

    def test_links(self):
        for page in (*PAGES, "examples/README.md", "sql/README.md", "sql/README.zh-CN.md", "src/cli/README.zh-CN.md",
                     "src/sync/README.md", "tests/README.md"):
            self.links(ROOT, page)


class Shape(unittest.TestCase):
    def test_length_and_order(self):
        for page in PAGES:
            self.assertLessEqual(text_of(page).count("\n"), LONGEST, page)
        self.assertEqual(re.findall(r"(?m)^## (.*)$", text_of("README.md")),
                         ["Who it is for", "Try it without an account", "Install", "First real sync",
                          "Questions you can answer", "Keep it fresh", "Share it", "How far to trust it",
                          "Commands, and where everything else is"])
        top = text_of("README.md").split("\n## ")[0]
        self.assertIn("**Not yet run against the live service:**", top)
        trust = text_of("README.md").split("\n## How far to trust it\n")[1].split("\n## ")[0]
        self.assertEqual(re.findall(r"(?m)^(\d)\. ", trust), list("12345678123456"))

    def test_every_command_is_named(self):
        run = subprocess.run([harness.HBRSYNC, "help"], stdout=subprocess.PIPE, text=True, check=True)
        commands = re.findall(r"(?m)^  ([a-z]+) +\S", run.stdout.split("Commands:\n")[1].split("\n\n")[0])
        self.assertGreaterEqual(len(commands), 14)
        for page in PAGES:
            table = text_of(page).split("\n## ")[-1].split("\n\n")[1]
            self.assertEqual(sorted(re.findall(r"`([a-z]+)`", "".join(line.split("|")[1] for line in table.split("\n")))),
                             sorted(commands))

    def test_the_picture(self):
        with open(os.path.join(ROOT, "examples", "report.png"), "rb") as file:
            data = file.read()
        self.assertLess(len(data), 300000)
        self.assertEqual(data[:8], b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", data[16:24])
        self.assertEqual(width, 1280)
        self.assertLess(height, 1600)

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_manual_pages(self):
        for name in MANUALS:
            run = subprocess.run(["mandoc", "-T", "lint", os.path.join(ROOT, "src", "cli", name)], stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, check=False)
            self.assertEqual(run.stdout, "", name)


if __name__ == "__main__":
    unittest.main()
