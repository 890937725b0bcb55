"""The order of src/'s folders: a file includes its own layer and those below, and only some may print or use a library.

No include leads back to where it began, and within src/sync the files have the order that src/sync/README.md gives.
"""
import os
import re
import tempfile
import unittest

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src")

# From the top down; main.c alone lies outside the folders.
LAYERS = ["main", "cli", "sync", "hbr", "acs", "store", "output", "base"]

# Layers that are below another one, and that it must not know all the same.
STRANGERS = {("sync", "acs")}


# A library's header, and the files that may include it.
LIBRARIES = [
    (re.compile(r"sqlite3(ext)?\.h"), re.compile(r"store/.*")),
    (re.compile(r"curl/.*"), re.compile(r"acs/.*")),
    (re.compile(r"json-c/.*"), re.compile(r"base/json[^/]*\.c")),
]

PRINTERS = {"cli", "output"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)
STREAMS = re.compile(r"\b(stdout|stderr|STDOUT_FILENO|STDERR_FILENO)\b")
PRINTING_CALLS = re.compile(r"\b(printf|vprintf|puts|putchar|putchar_unlocked|perror|psignal)\s*\(")
TOKENS = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def without_comments(text, strings=True):
    """The text with comments (and, unless `strings`, string literals) blanked out; lines stay where they are."""
    def blank(match):
        token = match.group(0)
        if token[0] in "\"'" and strings:
            return token
        return re.sub(r"[^\n]", " ", token)
    return TOKENS.sub(blank, text)


def layer_of(path):
    """base/json.c -> base; main.c -> main; None when it is in no layer."""
    folder, slash, _ = path.partition("/")
    layer = folder if slash else os.path.splitext(folder)[0]
    return layer if layer in LAYERS else None


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def include_problems(path, text):
    layer = layer_of(path)
    if layer is None:
        yield f"{path}: in no known layer ({' > '.join(LAYERS)})"
        return
    code = without_comments(text)
    for match in INCLUDE.finditer(code):
        quote, header = match.groups()
        where = f"{path}:{line_of(code, match.start())}"
        for pattern, allowed in LIBRARIES:
            if pattern.fullmatch(header) and not allowed.fullmatch(path):
                yield f"{where}: includes {header}, which is for {allowed.pattern} alone"
        if quote != '"' or any(pattern.fullmatch(header) for pattern, _ in LIBRARIES):
            continue
        target = layer_of(header)
        if target is None or "/" not in header:
            yield f"{where}: \"{header}\" is not of the form \"layer/name.h\""
        elif LAYERS.index(target) < LAYERS.index(layer):
            yield f"{where}: {layer} includes {header}, of the layer {target} above it"
        elif (layer, target) in STRANGERS:
            yield f"{where}: {layer} includes {header}; {layer} knows nothing of {target}"


def print_problems(path, text):
    if layer_of(path) in PRINTERS:
        return
    code = without_comments(text, strings=False)
    for pattern, what in ((STREAMS, "uses"), (PRINTING_CALLS, "calls")):
        for match in pattern.finditer(code):
            yield f"{path}:{line_of(code, match.start())}: {what} {match.group(1)}; only cli and output print"


def sources(root):
    for folder, _, names in os.walk(root):
        for name in names:
            if name.endswith((".c", ".h")):
                file = os.path.join(folder, name)
                with open(file, encoding="utf-8") as stream:
                    yield os.path.relpath(file, root).replace(os.sep, "/"), stream.read()


def includes(root):
    """{path: the paths of the project that it includes}"""
    return {path: {header for quote, header in INCLUDE.findall(without_comments(text)) if quote == '"'}
            for path, text in sources(root)}


def circle_problems(root):
    """One line for each include that closes a circle."""
    graph, state = includes(root), {}
    found = []

    def enter(path, way):
        state[path] = "open"
        for header in sorted(graph.get(path, ())):
            if state.get(header) == "open":
                circle = [*way[way.index(header):], header]
                found.append(f"{path}: a circle of includes: {' > '.join(circle)}")
            elif header not in state:
                enter(header, [*way, header])
        state[path] = "done"

    for path in sorted(graph):
        if path not in state:
            enter(path, [path])
    return found


def order_of(readme):
    """The files of a folder from the top down, as the table of its README lists them."""
    with open(readme, encoding="utf-8") as file:
        table = file.read().split("\n## Files\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def order_problems(root, folder, order):
    """A file, its .c and its .h together, includes of its own folder only what comes after it."""
    places = {name: place for place, name in enumerate(order)}
    for path, headers in sorted(includes(root).items()):
        if not path.startswith(folder + "/"):
            continue
        name = os.path.splitext(os.path.basename(path))[0]
        if name not in places:
            yield f"{path}: is not in the list of files of {folder}/README.md"
            continue
        for header in sorted(headers):
            target = os.path.splitext(os.path.basename(header))[0]
            upward = target != name and places.get(target, -1) < places[name]
            if header.startswith(folder + "/") and upward:
                yield f"{path}: includes {header}, which is not below it"


def problems(root):
    found = circle_problems(root)
    for path, text in sources(root):
        found.extend(include_problems(path, text))
        found.extend(print_problems(path, text))
    return sorted(found)


class Layers(unittest.TestCase):
    def test_source(self):
        self.assertGreater(len(list(sources(SOURCE))), 50, "src/ was not found")
        found = problems(SOURCE)
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_every_layer_has_files(self):
        present = {layer_of(path) for path, _ in sources(SOURCE)}
        self.assertEqual(present, set(LAYERS))

    def test_the_order_of_sync(self):
        order = order_of(os.path.join(SOURCE, "sync", "README.md"))
        names = [os.path.splitext(name) for name in os.listdir(os.path.join(SOURCE, "sync"))]
        files = {name for name, ending in names if ending in (".c", ".h")}
        self.assertEqual(sorted(order), sorted(files), "each file stands in the list once")
        found = list(order_problems(SOURCE, "sync", order))
        self.assertEqual(found, [], "\n" + "\n".join(found))


class Checks(unittest.TestCase):
    """The checks themselves, on small trees: each can fail."""

    def check(self, path, text):
        return self.check_tree({path: text}, problems)

    @staticmethod
    def check_tree(files, judge):
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                file = os.path.join(root, path)
                os.makedirs(os.path.dirname(file), exist_ok=True)
                with open(file, "w", encoding="utf-8") as stream:
                    stream.write(text)
            return list(judge(root))

    def assert_bad(self, path, text, line=1):
        found = self.check(path, text)
        self.assertEqual(len(found), 1, (path, text, found))
        self.assertIn(f"{path}:{line}:", found[0])

    def assert_good(self, path, text):
        self.assertEqual(self.check(path, text), [], (path, text))

    def test_order(self):
        for upper in range(1, len(LAYERS)):
            for lower in range(upper, len(LAYERS)):
                judge = self.assert_bad if (LAYERS[upper], LAYERS[lower]) in STRANGERS else self.assert_good
                judge(f"{LAYERS[upper]}/a.c", f'#include "{LAYERS[lower]}/b.h"\n')
                if lower > upper:
                    self.assert_bad(f"{LAYERS[lower]}/a.c", f'#include "{LAYERS[upper]}/b.h"\n')
                    self.assert_bad(f"{LAYERS[lower]}/a.h", f'\n  #  include "{LAYERS[upper]}/b.h"\n', 2)
        self.assert_good("main.c", '#include "cli/cli.h"\n')

    def test_circles(self):
        for circle in (["a"], ["a", "b"], ["a", "b", "c"]):
            files = {f"base/{name}.h": f'#include "base/{after}.h"\n'
                     for name, after in zip(circle, circle[1:] + ["a"])}
            found = self.check_tree({**files, "base/x.c": '#include "base/a.h"\n'}, problems)
            self.assertEqual(len(found), 1, found)
            self.assertIn(" > ".join(f"base/{name}.h" for name in circle + ["a"]), found[0])
        twice = {"base/a.h": '#include "base/b.h"\n#include "base/c.h"\n', "base/b.h": '#include "base/c.h"\n',
                 "base/c.h": ""}
        self.assertEqual(self.check_tree(twice, problems), [])

    def test_order_within_a_folder(self):
        files = {"sync/a.c": '#include "sync/a.h"\n#include "sync/c.h"\n#include "base/a.h"\n', "sync/a.h": "",
                 "sync/b.c": '#include "sync/c.h"\n', "sync/c.h": "", "base/b.c": '#include "base/a.h"\n'}
        for order, bad in ((["a", "b", "c"], 0), (["b", "a", "c"], 0), (["b", "c", "a"], 1), (["c", "a", "b"], 2),
                           (["a", "c"], 1)):
            found = self.check_tree(files, lambda root, names=order: order_problems(root, "sync", names))
            self.assertEqual(len(found), bad, (order, found))

    def test_forms(self):
        self.assert_bad("base/a.c", '#include "a.h"\n')
        self.assert_bad("base/a.c", '#include "../cli/cli.h"\n')
        self.assert_bad("base/a.c", '#include "main.h"\n')
        self.assert_good("base/a.c", '/* #include "cli/cli.h" */\n// #include "cli/cli.h"\n#include <stdio.h>\n')
        self.assertEqual(len(self.check("extra/a.c", "")), 1)

    def test_libraries(self):
        for header, home, others in (("sqlite3.h", "store/a.c", ("sync/a.c", "base/a.c", "cli/a.c")),
                                     ("curl/curl.h", "acs/a.h", ("hbr/a.c", "base/a.c", "cli/a.c")),
                                     ("json-c/json.h", "base/json_more.c", ("base/text.c", "base/json.h", "acs/a.c"))):
            for quotes in ("<>", '""'):
                include = f"#include {quotes[0]}{header}{quotes[1]}\n"
                self.assert_good(home, include)
                for other in others:
                    self.assert_bad(other, include)

    def test_printing(self):
        for call in ('printf("x");', 'fprintf(stderr, "x");', 'puts("x");', 'fputs("x", stdout);', 'putchar(1);',
                     'perror("x");', 'vfprintf(stderr, f, a);', 'dprintf(STDERR_FILENO, "x");',
                     'write(STDOUT_FILENO, "x", 1);', 'printf ("x");'):
            for layer in ("base", "store", "acs", "hbr", "sync"):
                self.assert_bad(f"{layer}/a.c", f"void f(void)\n{{\n    {call}\n}}\n", 3)
            for layer in sorted(PRINTERS):
                self.assert_good(f"{layer}/a.c", call)
        self.assert_bad("main.c", 'puts("x");')

    def test_what_does_not_print(self):
        for code in ('fprintf(trace->file, "x");', 'snprintf(a, 1, "x");', "buffer_printf(b, a);", "buffer_puts(b, a);",
                     'x = "printf(stderr)";', "/* stderr */", "// printf(", "fputs(a, file);", "my_puts(a);",
                     'x = "/*"; y = "*/";'):
            self.assert_good("acs/trace.c", code + "\n")


if __name__ == "__main__":
    unittest.main()
