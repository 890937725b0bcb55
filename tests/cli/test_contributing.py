"""CONTRIBUTING.md is true: what it names is there, and each example, applied to a copy of the tree, does what it says.

An example is a heading "Add ...". In it, text that ends in "New file `FILE`:", or in "`FILE`, after `TEXT`:" (or "before"), says
where the block that follows it goes: a file of its own, or beside the one line that holds TEXT. A console block says what is
printed then. Only what changed is compiled; the rest is linked as it was built.
"""
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

import harness
import test_layers

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.path.dirname(os.path.abspath(harness.HBRSYNC))
SQL = {"sql_migrations": r"\d{4}_\w+\.sql", "sql_views": r"views\.sql", "sql_tables": r"tables\.sql",
       "sql_checks": r"checks/.*", "sql_queries": r"queries/.*", "sql_reports": r"reports/.*"}
BLOCK = re.compile(r"((?:^(?!```).*\n)*)^```(\w+)\n((?:^(?!```).*\n)*)^```\n", re.M)
PLACE = re.compile(r"`([\w/.-]+)`,?\s+(after|before)\s+`([^`]+)`:\s*\Z")
NEW = re.compile(r"New\s+file\s+`([\w/.-]+)`(?:\s+\([^()]*(?:\([^()]*(?:\([^()]*\)[^()]*)*\)[^()]*)*\))?[^`:]*:\s*\Z")


def read(*names):
    with open(os.path.join(*names), encoding="utf-8") as file:
        return file.read()


def write(text, *names):
    os.makedirs(os.path.dirname(os.path.join(*names)), exist_ok=True)
    with open(os.path.join(*names), "w", encoding="utf-8") as file:
        file.write(text)


def sections():
    """{heading: text} of CONTRIBUTING.md."""
    parts = re.split(r"^## (.*)\n", read(ROOT, "CONTRIBUTING.md"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


class Tree:
    """A copy of the sources, and what is made of it; objects that did not change are those of the build."""

    def __init__(self, root):
        self.root = root
        for folder in ("src", "sql", "tests"):
            shutil.copytree(os.path.join(ROOT, folder), os.path.join(root, folder),
                            ignore=shutil.ignore_patterns("__pycache__", "corpus"))
        self.changed = set()
        with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
            self.commands = {os.path.relpath(entry["file"], ROOT): entry for entry in json.load(file)}

    def put(self, path, text):
        if os.path.exists(os.path.join(self.root, path)):
            raise AssertionError(f"{path} is there already")
        write(text, self.root, path)
        self.changed.add(path)

    def insert(self, path, place, anchor, text):
        lines = read(self.root, path).splitlines(keepends=True)
        found = [number for number, line in enumerate(lines) if anchor in line]
        if len(found) != 1:
            raise AssertionError(f"{path}: {len(found)} lines hold {anchor!r}, not one")
        where = found[0] + (place == "after")
        write("".join(lines[:where]) + text + "".join(lines[where:]), self.root, path)
        self.changed.add(path)

    def embed(self):
        """As src/EmbedSql.cmake does, where a file of sql/ changed."""
        for array, pattern in SQL.items():
            if not any(re.fullmatch("sql/" + pattern, path) for path in self.changed):
                continue
            names = sorted(os.path.relpath(os.path.join(folder, name), os.path.join(self.root, "sql"))
                           for folder, _, files in os.walk(os.path.join(self.root, "sql")) for name in files)
            rows = ""
            for name in names:
                if re.fullmatch(pattern, name):
                    text = read(self.root, "sql", name)
                    rows += f'{{"{os.path.basename(name)}", {c_text(text)}, {len(text.encode())}}},\n'
            path = f"src/store/{array}.c"
            write(f'#include "store/sql_files.h"\nconst struct sql_file {array}[] = {{\n{rows}{{0, 0, 0}}}};\n', self.root, path)
            self.changed.add(path)

    def sources(self):
        """The .c files to compile again: those that changed, and those that include a header that did."""
        headers = {path for path in self.changed if path.endswith(".h")}
        found = {path for path in self.changed if path.endswith(".c")}
        files = [os.path.relpath(os.path.join(folder, name), self.root)
                 for top in ("src", "tests/simulator") for folder, _, names in os.walk(os.path.join(self.root, top))
                 for name in names if name.endswith((".c", ".h"))]
        includes = {path: {("src/" if path.startswith("src/") else os.path.dirname(path) + "/") + header
                           for _, header in test_layers.INCLUDE.findall(read(self.root, path))} for path in files}
        while True:
            more = {path for path in files if path.endswith(".h") and includes[path] & headers} - headers
            if not more:
                break
            headers |= more
        return sorted(found | {path for path in files if path.endswith(".c") and includes[path] & headers})

    def compile(self, path):
        """Returns the object's name. A new file is compiled as its neighbours are."""
        known = path if path in self.commands else next(
            other for other in sorted(self.commands) if os.path.dirname(other) == os.path.dirname(path))
        entry = self.commands[known]
        words = shlex.split(entry["command"])
        words = [word.replace(ROOT + "/src", self.root + "/src").replace(ROOT + "/tests", self.root + "/tests")
                 .replace(ROOT + "/sql", self.root + "/sql") for word in words]
        target = os.path.join(self.root, "objects", path + ".o")
        os.makedirs(os.path.dirname(target), exist_ok=True)
        words[words.index("-o") + 1] = target
        words[words.index("-c") + 1] = os.path.join(self.root, path)
        result = subprocess.run([*words, "-O0", "-U_FORTIFY_SOURCE", "-Wno-overlength-strings"], cwd=entry["directory"], text=True, timeout=120,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if result.returncode != 0 or result.stdout:
            raise AssertionError(f"{path}: {result.stdout}")
        return path, target

    def link(self, folder, name, target, objects):
        """As the build did, with the objects given in the place of those that they replace."""
        where = os.path.join(BUILD, folder)
        words = shlex.split(read(where, "CMakeFiles", name + ".dir", "link.txt"))
        own = {os.path.join("CMakeFiles", name + ".dir", os.path.relpath(path, folder) + ".o"): built
               for path, built in objects.items() if path.startswith(folder + "/")}
        more = [built for path, built in objects.items() if path.startswith("src/") and path != "src/main.c"]
        if not any(word.endswith("libhbrsync_core.a") for word in words):
            more = []
        words = [own.get(word, word) for word in words]
        at = words.index("-o")
        words[at + 1] = os.path.join(self.root, "build-check", target)
        os.makedirs(os.path.dirname(words[at + 1]), exist_ok=True)
        subprocess.run([*words[:at], *more, *words[at:]], cwd=where, check=True, timeout=120)

    def build(self):
        self.embed()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            objects = dict(pool.map(self.compile, self.sources()))
        self.link("src", "hbrsync", "hbrsync", objects)
        self.link("tests/simulator", "hbrsync-simulator", "tests/simulator/hbrsync-simulator", objects)
        for path in objects:
            if path.startswith("tests/unit/"):
                name = os.path.basename(path)[:-2]
                self.link("tests/unit", name, "tests/unit/" + name, objects)
                subprocess.run([os.path.join(self.root, "build-check/tests/unit", name)], check=True, timeout=120,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def c_text(text):
    """As a C text; long ones are no portable C, which these files need not be."""
    return "".join('"' + "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}"
                                 for byte in line.encode()) + '"\n' for line in text.splitlines(keepends=True)) or '""'


@unittest.skipUnless(os.path.exists(os.path.join(BUILD, "src/CMakeFiles/hbrsync.dir/link.txt")),
                     "needs a build by make")
class Examples(harness.TestCase):
    def apply(self, heading):
        """The tree with the example in it, built, and its console blocks."""
        folder = tempfile.TemporaryDirectory(prefix="hbrsync-tree-")
        self.addCleanup(folder.cleanup)
        tree = Tree(folder.name)
        consoles = []
        for before, language, block in BLOCK.findall(sections()[heading]):
            place, new = PLACE.search(before), NEW.search(before)
            if language == "console":
                consoles.append(block)
            elif place:
                tree.insert(*place.groups(), block)
            elif new:
                tree.put(new[1], block)
            else:
                self.fail(f"{heading}: nothing says where this goes:\n{block}")
        tree.build()
        return tree, consoles

    def run_console(self, tree, block):
        environment = self.environment(
            HBRSYNC=os.path.join(tree.root, "build-check/hbrsync"), PYTHONDONTWRITEBYTECODE="1",
            HBRSYNC_SIMULATOR=os.path.join(tree.root, "build-check/tests/simulator/hbrsync-simulator"))
        for entry in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, wanted = entry.partition("\n")
            result = subprocess.run(["sh", "-c", command], cwd=tree.root, env=environment, text=True, timeout=120,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            self.assertEqual(result.stdout, wanted, f"{command}\n{result.stderr}")
            self.assertEqual(result.returncode, 0, f"{command}\n{result.stderr}")

    def check(self, heading, prepare=lambda tree: None):
        tree, consoles = self.apply(heading)
        prepare(tree)
        self.assertTrue(consoles, heading)
        for block in consoles:
            self.run_console(tree, block)
        return tree

    def test_a_field(self):
        self.check("Add a field of the API")

    def test_a_migration(self):
        def make_old(tree):
            result = self.run_hbrsync("--db", os.path.join(tree.root, "old.db"), "import", "-", stdin=b'{"RestoreId": "r-1"}')
            self.assertEqual(result.status, 0, result)
        self.check("Add a migration", make_old)

    def test_a_report(self):
        tree = self.check("Add a report")
        result = subprocess.run(
            ["python3", "-m", "unittest", "test_report.Numbers.test_every_report"], cwd=os.path.join(tree.root, "tests/cli"),
            env=self.environment(HBRSYNC=os.path.join(tree.root, "build-check/hbrsync"),
                                 HBRSYNC_SIMULATOR=harness.SIMULATOR, PYTHONDONTWRITEBYTECODE="1"),
            text=True, timeout=120, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_a_command(self):
        self.check("Add a command")

    def test_a_fault(self):
        self.check("Add a fault of the simulator")

    def test_every_example_has_a_test(self):
        self.assertEqual([heading for heading in sections() if heading.startswith("Add ")], [
            "Add a field of the API", "Add a migration", "Add a report", "Add a command", "Add a fault of the simulator"])


class Map(unittest.TestCase):
    def test_each_part_fits_a_screen(self):
        for heading, text in sections().items():
            self.assertLessEqual(text.count("\n"), 72, heading)

    def test_the_folders(self):
        named = re.findall(r"^\| `([\w/]+)` \|", sections()["The map"], re.M)
        self.assertEqual([name[len("src/"):] for name in named if name.startswith("src/") and name != "src/packaging"],
                         test_layers.LAYERS[1:])
        there = {folder for folder in os.listdir(os.path.join(ROOT, "src"))
                 if os.path.isdir(os.path.join(ROOT, "src", folder))}
        self.assertEqual(there, {name[len("src/"):] for name in named if name.startswith("src/")})
        there = {name for name in os.listdir(os.path.join(ROOT, "tests"))
                 if os.path.isdir(os.path.join(ROOT, "tests", name))} - {"data", "__pycache__"}
        self.assertEqual(there, {name[len("tests/"):] for name in named if name.startswith("tests/")})
        row = dict(re.findall(r"^\| `src/(\w+)` \|.*\| `([^`]*)`[^|]*\|$", sections()["The map"], re.M))
        homes = {"sqlite3.h": "store", "curl/": "acs", "json-c/": "base"}
        self.assertEqual({header: folder for folder, header in row.items()}, homes)

    def test_the_files(self):
        """Every path in backquotes is there, but for those that an example makes."""
        text = read(ROOT, "CONTRIBUTING.md")
        made = {"sql/NNNN_name.sql"} | set(re.findall(r"[Nn]ew\s+file\s+`([\w/.-]+)`", text)) | {"tests/cli/test_count.py"}
        for path in set(re.findall(r"[`(](?:\./)?((?:src|sql|tests|examples)/[\w/.-]+)[`)]", text)) - made:
            self.assertTrue(os.path.exists(os.path.join(ROOT, path)), path)

    def test_the_switches(self):
        text = sections()["Build and test"]
        found = set()
        for folder in ("src", "tests"):  # names of headers' guards apart
            for where, _, names in os.walk(os.path.join(ROOT, folder)):
                for name in names:
                    if name.endswith((".c", ".h", ".py", ".sh")):
                        found |= set(re.findall(r"\bHBRSYNC_(?:TEST|FUZZ)_[A-Z_]+(?<!_H)\b", read(where, name)))
        declared = set(re.findall(r"^(?:option|set)\((HBRSYNC_\w+)", read(ROOT, "CMakeLists.txt"), re.M))
        declared = {name for name in declared if not name.endswith("_MINIMUM")}
        for name in found | declared:
            self.assertIn("`" + name, text)

    def test_the_commands(self):
        text = sections()["Build and test"]
        presets = json.loads(read(ROOT, "CMakePresets.json"))
        for preset in re.findall(r"--preset (\w+)", text):
            self.assertIn(preset, [entry["name"] for entry in presets["workflowPresets"]])
        (included,) = [entry["filter"]["include"]["name"] for entry in presets["testPresets"] if entry["name"] == "check"]
        for name in re.search(r"\^cli/test_\((.*)\)\$", included)[1].split("|"):
            self.assertTrue(os.path.exists(os.path.join(ROOT, "tests", "cli", f"test_{name}.py")), name)
        (module, test_case, name), = re.findall(r"unittest (\w+)\.(\w+)\.(\w+)", text)
        found = read(ROOT, "tests", "cli", module + ".py")
        self.assertRegex(found, rf"(?s)class {test_case}\(.*def {name}\(")

    def test_one_seed_again(self):
        (line,) = re.findall(r"^python3 harness\.py .*$", sections()["Build and test"], re.M)
        result = subprocess.run(["sh", "-c", line], cwd=os.path.join(ROOT, "tests", "cli"), text=True, timeout=300,
                                stdout=subprocess.PIPE, check=True)
        self.assertIn(result.stdout, ("0\n", "8\n"))

    @unittest.skipUnless(os.path.exists(os.path.join(BUILD, "tests/unit/sync_worlds")), "needs the unit tests")
    def test_a_world_again(self):
        (line,) = re.findall(r"^build-check/(tests/unit/sync_worlds --input \w+)$", sections()["Build and test"], re.M)
        result = subprocess.run(["sh", "-c", os.path.join(BUILD, line)], text=True, timeout=300, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=True)
        self.assertGreater(result.stdout.count("\n"), 5)


if __name__ == "__main__":
    unittest.main()
