"""The order of src/'s folders: a file includes its own layer and those below, and only some may print or use a library."""
import os
import re
import tempfile
import unittest

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src")

# From the top down; main.c alone lies outside the folders.
LAYERS = ["main", "cli", "sync", "hbr", "acs", "store", "output", "base"]

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


def problems(root):
    found = []
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


class Checks(unittest.TestCase):
    """The checks themselves, on small trees: each can fail."""

    def check(self, path, text):
        with tempfile.TemporaryDirectory() as root:
            file = os.path.join(root, path)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "w", encoding="utf-8") as stream:
                stream.write(text)
            return problems(root)

    def assert_bad(self, path, text, line=1):
        found = self.check(path, text)
        self.assertEqual(len(found), 1, (path, text, found))
        self.assertIn(f"{path}:{line}:", found[0])

    def assert_good(self, path, text):
        self.assertEqual(self.check(path, text), [], (path, text))

    def test_order(self):
        for upper in range(1, len(LAYERS)):
            for lower in range(upper, len(LAYERS)):
                self.assert_good(f"{LAYERS[upper]}/a.c", f'#include "{LAYERS[lower]}/b.h"\n')
                if lower > upper:
                    self.assert_bad(f"{LAYERS[lower]}/a.c", f'#include "{LAYERS[upper]}/b.h"\n')
                    self.assert_bad(f"{LAYERS[lower]}/a.h", f'\n  #  include "{LAYERS[upper]}/b.h"\n', 2)
        self.assert_good("main.c", '#include "cli/cli.h"\n')

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
