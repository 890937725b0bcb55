"""Bad input of every kind: what is kept, what the user is told, and the exit code, as hbrsync-messages(7) says.

The manual page's section BAD INPUT is read here: each item names its test in a comment, and the test looks the item up by its
title, for the exit code and for the pieces of the message that it quotes. So neither can change without the other.
"""
import ast
import concurrent.futures
import functools
import gzip
import http.server
import itertools
import json
import os
import re
import sqlite3
import threading
import unicodedata
import unittest

import harness

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
PROMISES = os.path.join(TESTS, "README.md")
MANUAL = os.path.join(TESTS, "..", "src", "cli", "hbrsync-messages.7")
ACCOUNT = ("--edition", "STANDARD", "--account-id", harness.ACCOUNT)
# Each character that is not seen or changes what is seen, by the tables of Python.
UNSEEN = "".join(chr(code) for code in range(0x80, 0x110000) if unicodedata.category(chr(code)) in ("Cc", "Cf", "Zl", "Zp"))
EVIL = "\x1b[31mred\x07\x9b1m \u202egnp.exe \u2028\r\nhbrsync: forged"
JOB = {"RestoreId": "r-1", "RestoreType": "OSS", "Status": "COMPLETE", "CreatedTime": 1700000000,
       "CompleteTime": 1700000100, "UpdatedTime": 1700000100}


# --- what the documents say ------------------------------------------------------------------

def promises():
    """The cells of every row of the table of promises."""
    with open(PROMISES, encoding="utf-8") as file:
        (body,) = re.findall(r"(?ms)^## Promises\n(.*?)(?=^## )", file.read())
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in body.split("\n")
            if line.startswith("| ") and line != "| promise | test |"]


def words(line):
    """The words of a line of mdoc, without its macros."""
    for word in re.findall(r'"[^"]*"|\S+', line):
        if word not in ("It", "No", "Ns", "Li", "Ql", "Ev", "Pa", "Sy"):
            word = "-" if word == "Fl" else word.strip('"')
            for escape, character in (("\\&", ""), ("\\-", "-"), ("\\(dq", '"'), ("\\e", "\\")):
                word = word.replace(escape, character)
            yield word


def key(title):
    return re.sub(r"[`\s]", "", title)


class Item:
    """What BAD INPUT says of one kind: its title, what it quotes of the message, the exit code, and its tests."""

    def __init__(self, text):
        head, comment, *lines = text.split("\n")
        self.title = key("".join(words(head)))
        self.tests = comment.removeprefix('.\\" ')
        (self.code,) = re.findall(r"(?m)^Exit status (\d+)\.$", text)
        start = [line.startswith(("Message:", "No message.")) for line in lines].index(True)
        self.pieces = [next(words(line.split("Ql ", 1)[1])) for line in lines[start:] if re.match(r"\.(No \S+ Ns )?Ql ", line)]


def bad_input():
    """{title: Item}"""
    with open(MANUAL, encoding="utf-8") as file:
        body = file.read().split("\n.Sh BAD INPUT\n")[1].split("\n.Sh ")[0]
    found = {}
    for text in re.split(r"(?m)^\.It ", body)[1:]:
        item = Item(text.split("\n.El")[0])
        assert item.title not in found, item.title
        found[item.title] = item
    return found


TABLE = bad_input()


class Table(unittest.TestCase):
    """The tables against the tests."""

    @staticmethod
    def python_names(path):
        with open(path, encoding="utf-8") as file:
            tree = ast.parse(file.read())
        for item in tree.body:
            if isinstance(item, ast.ClassDef):
                yield item.name
                for part in item.body:
                    if isinstance(part, ast.FunctionDef) and part.name.startswith("test_"):
                        yield f"{item.name}.{part.name}"

    @staticmethod
    def c_names(path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for name in re.findall(r"(?m)^static void (test_\w+)\(void \*\*state\)", text):
            if len(re.findall(rf"\b{name}\b", text)) > 1:  # it is run, too
                yield name

    @functools.lru_cache(maxsize=None)
    def names(self, path):
        path = os.path.join(TESTS, path)
        if not os.path.exists(path):
            return set()
        return set(self.python_names(path) if path.endswith(".py") else self.c_names(path))

    def unknown(self, cell, path=None):
        """What of a cell names no test; a name belongs to the file before it."""
        named = 0
        wrong = []
        for word in re.findall(r"`([^`]*)`", cell):
            if "/" in word:
                path = word
            elif word not in ("--long", "verify"):
                named += 1
                if path is None or word not in self.names(path):
                    wrong.append(f"{path} {word}")
        return wrong if named > 0 else [f"no test: {cell}"]

    def test_every_test_named_exists(self):
        for cells, path in (([cell for _, cell in promises()], None),
                            ([item.tests for item in TABLE.values()], "cli/test_bad_input.py")):
            self.assertGreater(len(cells), 40)
            self.assertNotEqual(cells[0], "the same")
            self.assertEqual([self.unknown(cell, path) for cell in cells if cell != "the same"],
                             [[]] * (len(cells) - cells.count("the same")))

    def test_a_name_that_is_wrong_is_found(self):
        for cell in ("`cli/test_sync.py` `Small.test_no_such`", "`cli/no_such.py` `Small`", "`Small`", "soon",
                     "`cli/test_sync.py`", "`verify`", "`unit/test_acs_signature.c` `test_no_such`"):
            self.assertNotEqual(self.unknown(cell), [], cell)

    def test_every_row_of_this_file_is_met(self):
        with open(__file__, encoding="utf-8") as file:
            titles = {key(node.value) for node in ast.walk(ast.parse(file.read()))
                      if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        mine = {title for title, item in TABLE.items() if re.match(r"`[^/`]*`", item.tests)}
        self.assertGreater(len(mine), 50)
        self.assertEqual(mine - titles, set())


class Case(harness.TestCase):
    @staticmethod
    def pieces(title):
        """What the manual page quotes of the message, as patterns."""
        for piece in TABLE[key(title)].pieces:
            yield ".*".join(re.escape(part) for part in piece.split("..."))

    def assert_told(self, title, result, output=None):
        """The exit code and every quoted piece of the message are those of the page; no control character shows."""
        self.assertEqual(str(result.status), TABLE[key(title)].code, f"{title}: {result}")
        for piece in self.pieces(title):
            self.assertRegex(result.stderr if output is None else output, piece, title)
        self.assert_harmless(result)

    def assert_harmless(self, result):
        text = result.stdout + result.stderr
        self.assertEqual(re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]", text), [], repr(text))
        self.assertNotRegex(text, r"(?m)^hbrsync: forged")

    def stored(self, name="jobs.db"):
        self.database = self.path(name)
        return harness.stored_jobs(self.database)


# --- answers of the service ------------------------------------------------------------------

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one piece, else each waits for an acknowledgement

    def do_POST(self):
        region = self.headers["Host"].split(".")[0]
        self.server.asked.append((region, self.path))
        status, headers, body = self.server.answers[region]
        if callable(body):
            body = body(self.path).encode()
        body = body.replace(b"THE-SIGNATURE", self.headers["Authorization"].split("Signature=")[-1].encode())
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, *_):
        """A client that hangs up is what some tests are about."""


def page(*jobs, **more):
    """An answer; a member that is ... is absent."""
    envelope = {"RequestId": "R", "Success": True, "Code": "200", "Message": "successful", "PageNumber": 1,
                "PageSize": 99, "TotalCount": len(jobs), "RestoreJobs": {"RestoreJob": list(jobs)}}
    envelope.update(more)
    return json.dumps({name: value for name, value in envelope.items() if value is not ...})


def job(**more):
    return {name: value for name, value in {**JOB, **more}.items() if value is not ...}


class Answer:
    def __init__(self, body, status=200, **headers):
        self.body = body if isinstance(body, bytes) or callable(body) else body.encode()
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Serving(Case):
    """A service that gives the same answer whatever it is asked, in each region another."""

    def setUp(self):
        super().setUp()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.asked = []
        self.endpoint = f"http://{{region}}.localhost:{self.server.server_port}"
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def ask(self, *answers, options=()):
        """A sync of as many regions as there are answers: cn-0, cn-1, ..."""
        self.server.answers = {}
        self.server.asked.clear()
        regions = []
        for at, answer in enumerate(answers):
            answer = answer if isinstance(answer, Answer) else Answer(answer)
            self.server.answers[f"cn-{at}"] = (answer.status, answer.headers, answer.body)
            regions += ["--region", f"cn-{at}"]
        return self.run_hbrsync("--db", self.database, "sync", *regions, *ACCOUNT, "--endpoint", self.endpoint, "--qps",
                                1000, "--retry-for", "0s", "--no-progress", *options)

    def proved(self):
        """The regions that are proved."""
        return {row[0] for row in self.query("SELECT region_id FROM sync_watermark JOIN sync_source USING (source_id)"
                                             " WHERE proved = 1")}


# What import and sync refuse alike, by its title: JSON with something in place of MARK.
GOOD = json.dumps(job(TargetPath="MARK")).encode()
MARK = b'"MARK"'
REFUSED = {
    "`NaN`, `Infinity`": [GOOD.replace(MARK, b"NaN"), GOOD.replace(MARK, b"-Infinity"), GOOD.replace(MARK, b"Infinity")],
    "a key twice in one object": [GOOD.replace(b"TargetPath", b"Status"), GOOD.replace(b"TargetPath", b"St\\u0061tus")],
    "`\\u0000` in a key": [GOOD.replace(b"TargetPath", b"a\\u0000b")],
    "bytes that are not UTF-8": [GOOD.replace(b"MARK", b"\xff"), GOOD.replace(b"MARK", b"\xc0\xaf"),
                                 GOOD.replace(b"MARK", b"\xed\xa0\x80")],
    "a raw control character in a string": [GOOD.replace(b"MARK", b"\x1b[31m"), GOOD.replace(b"MARK", b"\x00")],
    "nested more than 32 deep": [GOOD.replace(MARK, b"[" * 40 + b"]" * 40), GOOD.replace(MARK, b"[" * 100000)],
    "a number of more than 400 digits": [GOOD.replace(MARK, b"7" * 1000)],
    "an object with more than 1,000 members": [json.dumps(job(**{f"k{at}": at for at in range(1200)})).encode()],
}
# What both keep, by its title: members, and what the columns and `extra` hold.
KEPT = {
    "unknown fields, values of a wrong type": [
        ({"New": {"a": [1, None]}, "Progress": "7000", "Report": "none", "ItemsDone": True, "TargetPath": 7}, {},
         {"New": {"a": [1, None]}, "Progress": "7000", "Report": "none", "ItemsDone": True, "TargetPath": 7})],
    "a Status or RestoreType that no document knows": [
        ({"Status": "ODD", "RestoreType": "New Type"}, {"status": "ODD", "restore_type": "New Type"}, None)],
    "integers beyond int64, fractions, `1e999`": [
        ({"BytesTotal": 2**63, "BytesDone": -2**63 - 1, "ItemsTotal": 10**30, "Speed": "RAW:1e999",
          "ItemsDone": "RAW:1.50"}, {"bytes_total": None},
         '"BytesTotal":9223372036854775808,"BytesDone":-9223372036854775809,'
         '"ItemsTotal":1000000000000000000000000000000,"Speed":1e999,"ItemsDone":1.50')],
    "`\\u0000` in a value": [({"TargetPath": "a\0b"}, {"target_path": "a\0b"}, None)],
    "half a surrogate pair (`\\ud800`)": [({"TargetPath": "a\ud800b"}, {"target_path": "a\ufffdb"}, None)],
    "a text of 1 MiB": [({"ErrorMessage": "x" * (1 << 20)}, {"error_message": "x" * (1 << 20)}, None)],
}
UNUSABLE_IDS = (..., None, "", 7, "r-\0", "r" * 257)


def raw(text):
    """JSON with numbers that Python would not write."""
    return re.sub(r'"RAW:([^"]*)"', r"\1", text)


def kept_jobs():
    """A job for each case of KEPT."""
    cases = [members for cases in KEPT.values() for members, _, _ in cases]
    return [job(RestoreId=f"r-{at}", **members) for at, members in enumerate(cases)]


class Kept(Case):
    def assert_kept(self, result):
        stored = harness.stored_jobs(self.database)
        self.assertEqual(len(stored), len(KEPT))
        for at, (title, ((_, columns, extra),)) in enumerate(KEPT.items()):
            if result is not None:
                self.assert_told(title, result)
            row = stored[f"r-{at}"]["restore_job"]
            self.assertEqual({name: row[name] for name in columns}, columns, title)
            if isinstance(extra, str):
                self.assertEqual(self.query("SELECT extra FROM restore_job WHERE restore_id = ?", f"r-{at}"),
                                 [("{" + extra + "}",)])
            else:
                self.assertEqual(row["extra"], extra, title)


class Refusals(Serving):
    """Nothing of such an answer is kept, neither in a first sync nor later."""

    def setUp(self):
        super().setUp()
        self.assertEqual(self.ask(page(job())).status, 0)
        self.before = self.dump("sync_run", "sync_source")
        self.rest = []

    def refused(self, title, first, *others, **more):
        """The first of these answers by itself, the others later, all in one run."""
        with self.subTest(title):
            self.assert_told(title, self.ask(Answer(first, **more)))
            self.assertEqual(self.dump("sync_run", "sync_source"), self.before)
        self.rest += [(title, Answer(body, **more)) for body in others]

    def refuse_the_rest(self):
        result = self.ask(*(answer for _, answer in self.rest), options=["--json"])
        self.assertEqual(result.status, 5, result)
        self.assert_harmless(result)
        sources = result.json()["sources"]
        self.assertEqual(len(sources), len(self.rest))
        for source, (title, _) in zip(sources, self.rest):
            self.assertEqual(source["outcome"], "failed", title)
            for piece in self.pieces(title):
                self.assertRegex(source["error"], piece, title)
        self.assertEqual(self.dump("sync_run", "sync_source"), self.before)

    def test_what_cannot_be_read(self):
        good = page(job())
        self.refused("not JSON", "hello", "{'a':1}", good + "x", "\ufeff" + good)
        self.refused("HTML", "<html>\x1b[31m</html>", Content_Type="text/html")
        self.refused("HTML with an HTTP error", "<html>\x1b[31m</html>", status=502, Content_Type="text/html")
        self.refused("empty", "")
        self.refused("cut short", *(good[:-length] for length in (1, 20, 130)))
        self.refused("compression that is broken", b"\x1f\x8bnonsense", Content_Encoding="gzip")
        self.refused("a gzip bomb, more than 8 MiB", gzip.compress(b" " * (1 << 26), 1), Content_Encoding="gzip")
        self.refused("a header of 1 MiB", good, X_Long="x" * (1 << 20))
        self.refused("JSON, but no object", "[]", '"text"', "7", "null", "true")
        self.refused("neither jobs nor TotalCount", "{}", page(RestoreJobs=..., TotalCount=...),
                     page(RestoreJobs=None, TotalCount="1x"))
        self.refused("jobs that are no list", *(page(RestoreJobs=shape) for shape in (
            7, "text", True, {"RestoreJob": {"Status": "FAILED"}}, {"RestoreJob": "text"})))
        self.rest.append(("a gzip bomb, more than 8 MiB", Answer(" " * (9 << 20))))
        self.refuse_the_rest()

    def test_what_is_refused_within_an_answer(self):
        before, after = page("HERE").encode().split(b'"HERE"')
        for title, texts in REFUSED.items():
            self.refused(title, *(before + text + after for text in texts))
        self.refuse_the_rest()

    def test_failures(self):
        self.refused("Success false, with HTTP 200", page(Success=False, Code="Odd.Code", Message="said so"),
                     page(job(), Success="false", Code="Odd.Code", Message="said so"))
        self.refused("Success false without a Code", '{"Success":false}')
        self.refused("a redirect", "", status=302, Location=self.endpoint.format(region="cn-0") + "/elsewhere")
        self.assertEqual(len(self.server.asked), 1, self.server.asked)
        self.refused("control characters in a message", json.dumps({"Code": "Odd", "Message": EVIL, "RequestId": EVIL}),
                     json.dumps({"Code": "Odd", "Message": EVIL}, ensure_ascii=False).encode(), status=400)
        self.refuse_the_rest()
        self.assert_harmless(self.ask(Answer(json.dumps({"Code": EVIL, "Message": "x"}), status=400)))
        status = self.run_hbrsync("--db", self.database, "status", "--verbose")
        self.assert_harmless(status)
        self.assertIn("last error", status.stdout)


class Signatures(Serving):
    def test_a_bare_signature(self):
        trace = self.path("trace")
        answer = Answer(json.dumps({"Code": "Odd", "Message": "got THE-SIGNATURE"}), status=400)
        result = self.ask(answer, options=["--trace", trace])
        self.assertIn("Odd: [server text with a secret removed]", result.stderr)
        with open(trace, encoding="utf-8") as file:
            self.assertNotRegex(result.stderr + file.read(), "got [0-9a-f]{12}")


    def test_a_token_in_a_job_is_data(self):
        token = "CAISw8Kq2Zp+Lm5Rt/Xv7Bn4Yc9Hd3Gj6Fs1Ae==Uo"
        self.server.answers = {"cn-0": (200, {}, page(job(ErrorMessage=f"with {token}")).encode())}
        for names, times in (({"ALIBABA_CLOUD_SECURITY_TOKEN": token}, 1), ({}, 0)):
            result = self.run_hbrsync("--db", self.database, "sync", "--region", "cn-0", *ACCOUNT, "--endpoint",
                                      self.endpoint, "--qps", 1000, "--no-progress", env=self.environment(**names))
            self.assertEqual(result.status, 0, result)
            self.assertEqual(result.stderr.count("holds the secret or the security token"), times)
            self.assertNotIn(token, result.stderr)
        self.assertEqual(self.query("SELECT error_message FROM restore_job"), [(f"with {token}",)])


class Regions(Serving):
    """DescribeRegions names regions that are none: one failed source, and the others are read."""

    def every(self, regions, *options):
        ids = {"Regions": {"Region": [{} if name is ... else {"RegionId": name} for name in regions]}}
        answers = {"cn-hangzhou": json.dumps({"Success": True, **ids}), "cn-0": page(job()),
                   "cn-1": page(job(RestoreId="r-other"))}
        self.server.answers = {name: (200, {}, body.encode()) for name, body in answers.items()}
        return self.run_hbrsync("--db", self.database, "sync", "--all-regions", *ACCOUNT, "--endpoint", self.endpoint,
                                "--qps", 1000, "--retry-for", "0s", "--no-progress", "--json", *options)

    def test_some(self):
        bad = ["../evil", "", "x" * 300, EVIL, harness.KEY_SECRET, 7, ..., "a.b"]
        trace = self.path("trace")
        result = self.every(["cn-0", *bad, "cn-1"], "--trace", trace)
        self.assertEqual(result.status, 3, result)
        self.assert_harmless(result)
        self.assert_told("ids in DescribeRegions that are none of a region", result)
        self.assertIn("8 of the regions", result.stderr)
        self.assertIn("hint:", result.stderr)
        self.assertEqual([source["error"] is None for source in result.json()["sources"]], [True, True, False])
        self.assertEqual(self.proved(), {"cn-0", "cn-1"})

    def test_all(self):
        result = self.every(["../evil", "x" * 300])
        self.assertEqual(result.status, 5, result)
        self.assertIn("no region with a usable id", result.stderr)


class Answers(Serving, Kept):
    def test_values_that_are_kept(self):
        self.assert_kept(self.ask(raw(page(*kept_jobs())), options=["--verbose"]))
        self.assertEqual(self.proved(), {"cn-0"})

    def unproved(self, title, *answers):
        """A source each, of which only the job r-NUMBER is kept."""
        self.assert_told(title, self.ask(*answers))
        self.assertEqual(self.proved(), set())
        for at in range(len(answers)):
            ids = self.query("SELECT restore_id FROM restore_job JOIN sync_source USING (source_id)"
                             " WHERE region_id = ?", f"cn-{at}")
            self.assertEqual(ids, [(f"r-{at}",)], title)

    def test_rows_without_a_usable_id(self):
        rows_of = [[job(RestoreId=value)] for value in UNUSABLE_IDS] + [["text"], [7], [None], [[]]]
        self.unproved("a row without a usable RestoreId",
                      *(page(job(RestoreId=f"r-{at}"), *bad) for at, bad in enumerate(rows_of)))

    def test_the_same_row_twice(self):
        def one(at, **more):
            return job(RestoreId=f"r-{at}", **more)
        newer = {"UpdatedTime": JOB["UpdatedTime"] + 1, "Status": "FAILED"}
        self.unproved("the same row twice", page(one(0), one(0)), page(one(1, **newer), one(1)),
                      page(one(2), one(2, **newer)))
        self.assertEqual(self.query("SELECT status FROM restore_job ORDER BY restore_id"),
                         [("COMPLETE",), ("FAILED",), ("FAILED",)])

    def test_total_count(self):
        totals = (..., None, -1, "1x", 1.5, 2**63, 10**18, 2, 0)
        self.unproved("TotalCount absent, no number, negative, wrong or huge",
                      *(page(job(RestoreId=f"r-{at}"), TotalCount=total) for at, total in enumerate(totals)))
        self.assertLess(len(self.server.asked), 100 * len(totals))

    def test_jobs_without_end(self):
        """Each page is full of ids that no other had; only the first answer gives a TotalCount."""
        count = itertools.count()

        def invent(_):
            at = next(count)
            rows = (job(RestoreId=f"r-{at}-{row}") for row in range(99))
            return page(*rows, TotalCount=3 if at == 0 else ...)
        self.assert_told("jobs without end", self.ask(Answer(invent)))
        ((stored,),) = self.query("SELECT count(*) FROM restore_job")
        self.assertGreater(stored, 10100)
        self.assertLess(stored, 10500)
        self.assertEqual(self.query("SELECT outcome, proof FROM sync_run"), [("unproved", "unproved")])
        self.assertEqual(self.proved(), set())

    def test_more_rows_than_were_asked_for(self):
        jobs = [job(RestoreId=f"r-{at}") for at in range(20000)]
        self.assert_told("more than 100,000 values", self.ask(page(*jobs)))
        self.assertEqual(self.query("SELECT count(*) FROM restore_job"), [(0,)])
        self.assert_told("more than 99 rows, where PageSize is ignored", self.ask(page(*jobs[:2000])))
        self.assertEqual(self.query("SELECT count(*) FROM restore_job"), [(2000,)])
        self.assertLess(len(self.server.asked), 100)

    def test_lists_without_an_array(self):
        title = "no array around one job, `{}` for none, TotalCount in a string"
        single = job()
        self.assert_told(title, self.ask(page(RestoreJobs={"RestoreJob": single}, TotalCount=1),
                                         page(RestoreJobs={"RestoreJob": {}}), page(job(RestoreId="r-2"), TotalCount="1"),
                                         page(RestoreJobs={"RestoreJob": {}}, TotalCount="0")))
        self.assertEqual(self.proved(), {"cn-0", "cn-1", "cn-2", "cn-3"})
        self.assertEqual(set(harness.stored_jobs(self.database)), {single["RestoreId"], "r-2"})

    def test_unseen_characters(self):
        """None of them comes out of a message or a table; what is seen does."""
        seen = "\u6062\u590d \u05e9 \U0001f600 \u00a0x"
        self.assertEqual(self.ask(page(job(ErrorMessage=seen, VaultId=UNSEEN, Status="FAILED"))).status, 0)
        report = self.run_hbrsync("--db", self.database, "report", "failures")
        said = self.ask(Answer(json.dumps({"Code": "Odd", "Message": UNSEEN[30:60] + seen}), status=400))
        said_more = self.ask(Answer(json.dumps({"Code": "Odd", "Message": UNSEEN[-30:] + seen}), status=400))
        self.assert_told("characters that are not seen (Unicode's Cc, Cf, Zl, Zp)", self.ask(page(job())), output=said.stderr)
        for text in (report.stdout, said.stderr, said_more.stderr):
            self.assertEqual(set(text) & set(UNSEEN), set())
            self.assertIn("\\u{", text)
            self.assertIn(seen, text)
        self.assertIn("\\u{00ad}", said.stderr)

    def test_control_characters_in_a_job(self):
        evil = job(RestoreId="r-" + EVIL, ErrorMessage=EVIL, VaultId=EVIL, Status="FAILED", RestoreType=EVIL,
                   **{EVIL: EVIL})
        self.assertEqual(self.ask(page(evil)).status, 0)
        (row,) = self.query("SELECT restore_id, error_message, extra FROM restore_job")
        self.assertEqual((row[0], row[1], json.loads(row[2])), ("r-" + EVIL, EVIL, {EVIL: EVIL}))
        changed = page({**evil, "VaultId": "other"})
        self.server.answers["cn-0"] = (200, {}, changed.encode())
        shown = ""
        for arguments in (["status"], ["report", "failures"], ["report", "success-by-vault"],
                          ["report", "last-success"],
                          ["verify", "--remote", "--region", "cn-0", *ACCOUNT, "--endpoint", self.endpoint, "--qps", 1000]):
            result = self.run_hbrsync("--db", self.database, *arguments)
            self.assert_harmless(result)
            self.assertIn(result.status, (0, 8), result)
            shown += result.stdout + result.stderr
        self.assert_told("control characters in a job", self.ask(page(evil)), output=shown)


# --- files that are imported -----------------------------------------------------------------

class Import(Kept):
    def take(self, text, *names):
        if isinstance(text, str):
            text = text.encode()
        return self.run_hbrsync("--db", self.database, "import", *(names or "-"), stdin=text)

    def fresh(self):
        self.database = self.path(f"{len(os.listdir(self.directory))}.db")

    def test_a_bad_line(self):
        lines = [("an unexpected", b"hello"), ("too early", b'{"RestoreId":"r-2"')]
        for title, texts in REFUSED.items():
            (piece,) = self.pieces(title)
            lines.append((piece, texts[0]))
        for at, (piece, line) in enumerate(lines):
            with self.subTest(line[:60]):
                result = self.take(b'{"RestoreId":"before-%d"}\n%s\n{"RestoreId":"after"}\n' % (at, line))
                self.assert_told("a bad line", result)
                self.assertRegex(result.stderr, piece)
        self.assertEqual(set(harness.stored_jobs(self.database)), {f"before-{at}" for at in range(len(lines))})
        self.assertEqual(self.query("SELECT DISTINCT outcome FROM sync_run"), [("failed",)])

    def test_values_that_are_kept(self):
        self.assertEqual(self.take(raw(json.dumps(kept_jobs()))).status, 0)
        self.assert_kept(None)

    def test_files(self):
        for text in (b"", b"\n \n\r\n"):
            self.assert_told("an empty file", self.take(text))
        os.mkdir(self.path("folder"))
        self.assert_told("a folder as file", self.take(b"", self.path("folder")))
        self.assert_told("no such file", self.take(b"", self.path("\x1b[31m")))
        text = b'{"RestoreId":"r-1"}\n'
        for title, content in (("a binary file", bytes(range(256)) * 200), ("gzip", gzip.compress(text)),
                               ("UTF-16", text.decode().encode("utf-16"))):
            with open(self.path("odd"), "wb") as file:
                file.write(content)
            self.assert_told(title, self.take(b"", self.path("odd")))
        self.assert_told("neither an object nor an array", self.take("null"))
        self.assertEqual(self.stored(), {})
        with open(self.path("good"), "wb") as file:
            file.write(b'{"RestoreId":"r-1"}\n')
        self.assert_told("no such file", self.take(b"", self.path("good"), self.path("none"), self.path("odd")))
        self.assertEqual(list(self.stored()), ["r-1"])

    def test_entries_without_a_usable_id(self):
        refusal = {"Code": "NoPermission", "Message": "no", "RequestId": "R"}
        others = [*(job(RestoreId=value) for value in UNUSABLE_IDS), refusal, 7, "text", {"RestoreJobs": 7}]
        for bad, count in ((others, f"{len(others)} entries"), ([refusal], "1 entry")):
            self.fresh()
            result = self.take(json.dumps([job(), *bad]))
            self.assert_told("an entry without a usable RestoreId", result)
            self.assertIn(f"error: {count} had", result.stderr)
            self.assertEqual(list(harness.stored_jobs(self.database)), ["r-1"])


# --- options ---------------------------------------------------------------------------------

class Options(Case):
    def wrong(self, title, *cases):
        def run(case):
            return self.run_hbrsync("--db", self.database, "sync", "--region", "cn-hangzhou", *case)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for result in pool.map(run, cases):
                self.assert_told(title, result)
        self.assertFalse(os.path.exists(self.database))

    def test_wrong_values(self):
        self.wrong("unknown option", ["--frobnicate"], ["--\x1b[31m"])
        self.wrong("a bad duration", *(["--full-every", text] for text in (
            "-1", "1.5h", "", "99999999999999999999d", "\x1b[31m")))
        self.wrong("a bad number", *(["--page-size", text] for text in ("0", "100", "7x", "")))
        self.wrong("a filter of another form", *(["--filter", text] for text in (
            "", "VaultId IN", "VaultId IN v-1, ,v-2", "\x1b[31m")))
        self.wrong("a filter with an unknown operator", ["--filter", "Status \x1b[31m x"])
        self.wrong("a region, account or type that is no name", *(["--region", text] for text in (
            "evil.example.com/", "", "a.b", "\x1b[31m")), ["--account-id", "../x"],
            ["--restore-type", "A B"])
        for option, value in (("--region", "a b"), ("--account-id", "\x1b[31m"), ("--edition", "basic")):
            result = self.run_hbrsync("--db", self.database, "import", option, value, "-", stdin=b'{"RestoreId":"r-1"}')
            self.assertEqual(result.status, 2, result)
            self.assert_harmless(result)
            self.assertFalse(os.path.exists(self.database))

    def test_blanks_around_the_values_of_a_filter(self):
        self.start("--jobs", 200, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        vaults = sorted({entry["VaultId"] for _, _, entry in self.simulator.truth().values() if "VaultId" in entry})[:2]
        self.sync("--filter", f"VaultId IN  {vaults[0]} , {vaults[1]} ")
        expected = {key for key, (_, _, entry) in self.simulator.truth().items() if entry.get("VaultId") in vaults}
        self.assertEqual(set(harness.stored_jobs(self.database)), expected)

    def test_one_endpoint_for_several_regions(self):
        self.start("--jobs", 60, "--basic-jobs", 0, "--regions", "cn-hangzhou,cn-beijing")
        endpoint = f"http://cn-hangzhou.localhost:{self.simulator.port}"
        title = "several regions at an `--endpoint` without `{region}`"
        for command in ("sync", "doctor"):
            result = self.run_hbrsync("--db", self.database, command, "--region", "cn-hangzhou", "--region", "cn-beijing",
                                      "--endpoint", endpoint)
            self.assert_told(title, result)
            self.assertIn("hint: Put {region}", result.stderr)
            self.assertFalse(os.path.exists(self.database))
        self.assertEqual(self.simulator.requests(), [])
        result = self.run_hbrsync("--db", self.database, "sync", "--all-regions", "--endpoint", endpoint)
        self.assert_told(title, result)
        self.assertEqual(self.simulator.requests(), [], "no job was asked for")
        self.assertEqual(self.stored(), {})
        result = self.run_hbrsync("--db", self.database, "sync", "--region", "cn-hangzhou", "--region", "cn-hangzhou",
                                  "--endpoint", endpoint, "--qps", 1000)
        self.assertEqual(result.status, 0, result)
        self.assertEqual(set(self.stored()), {key for key, (region, _, _) in self.simulator.truth().items()
                                              if region == "cn-hangzhou"})

    def test_headings_of_what_was_imported(self):
        self.run_hbrsync("--db", self.database, "import", "-", stdin=b'{"RestoreId":"r-1"}')
        self.run_hbrsync("--db", self.database, "import", "--account-id", "7", "-", stdin=b'{"RestoreId":"r-2"}')
        connection = sqlite3.connect(self.database)
        with connection:
            connection.execute("UPDATE sync_source SET edition = ? WHERE account_id = '7'", ("\x1b[31m",))
        connection.close()
        for command in (("status", "--verbose"), ("verify",)):
            result = self.run_hbrsync("--db", self.database, *command)
            self.assert_harmless(result)
            self.assertRegex(result.stdout, r"(?m)^imported(:|$)")
            self.assertRegex(result.stdout, r"(?m)^7 imported \\u\{001b\}\[31m(:|$)")


# --- files with credentials ------------------------------------------------------------------

class Credentials(Case):
    def refused(self, title, name, content, wrapper=()):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
            os.chmod(path, 0o600)
        environment = self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID=None, ALIBABA_CLOUD_ACCESS_KEY_SECRET=None)
        result = self.run_hbrsync("--db", self.database, "sync", "--region", "cn-0", *ACCOUNT, "--endpoint", "http://127.0.0.1:1",
                                  env=environment, wrapper=wrapper)
        self.assert_told(title, result)
        self.assertIn(name, result.stderr)
        self.assertNotIn("canary", result.stderr)
        self.assertFalse(os.path.exists(self.database))

    def profile(self, **more):
        return json.dumps({"current": "a", "profiles": [{"name": "a", "access_key_id": "id",
                                                         "access_key_secret": "canary", **more}]}).encode()

    def test_config_json(self):
        name = ".aliyun/config.json"
        for content in (b"", b"canary \x1b[31m", self.profile(mode="AK")[:-20]):
            self.refused("`config.json`: not JSON", name, content)
        for content in (b"null", b'{"current":3,"profiles":[7,null]}'):
            self.refused("`config.json`: no such profile in it", name, content)
        for mode in (7, "\x1b[31m"):
            self.refused("`config.json`: an unknown mode", name, self.profile(mode=mode))
        self.refused("`config.json`: a key with control characters", name,
                     self.profile(mode="AK", access_key_secret="canary\r\nx: y"))
        self.refused("`config.json`: more than 1 MiB", name, b" " * (2 << 20))
        os.remove(self.path(name))
        os.mkdir(self.path(name))
        self.refused("`config.json`: a folder", name, None)

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to become another user")
    def test_config_json_that_cannot_be_read(self):
        name = ".aliyun/config.json"
        os.makedirs(self.path(".aliyun"))
        for folder in (self.directory, self.path(".aliyun")):
            os.chmod(folder, 0o755)
        self.refused("`config.json`: unreadable", name, self.profile(mode="AK"),
                     wrapper=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))

    def test_credentials_file(self):
        name = ".alibabacloud/credentials"
        for content in (b"\x00\xff\x1b[31m canary", b"[default]\nenable = true\ncanary\n"):
            self.refused("the SDKs' credentials file: not INI", name, content)
        self.refused("the SDKs' credentials file: no such section", name, b"a = canary\n[other]\n")
        self.refused("the SDKs' credentials file: an unknown type", name, b"[default]\ntype = \x1b[31m\n")


# --- the database file -----------------------------------------------------------------------

class Database(Case):
    def take(self, database=None):
        return self.run_hbrsync("--db", database or self.database, "import", "-", stdin=b'{"RestoreId":"r-1"}')

    def test_what_is_no_file(self):
        title = "a folder, a device, a pipe"
        os.mkfifo(self.path("pipe"))
        os.mkdir(self.path("folder"))
        for path in (self.path("folder"), "/dev/null", self.path("pipe")):
            self.assert_told(title, self.take(path))
        self.assert_told(title, self.run_hbrsync("--db", self.path("pipe"), "status"))
        self.assertEqual(sorted(os.listdir(self.directory)), ["folder", "pipe"])
        self.assertEqual(os.listdir(self.path("folder")), [])

    def test_an_empty_file(self):
        with open(self.database, "wb"):
            pass
        self.assert_told("an empty file, for commands that read", self.run_hbrsync("--db", self.database, "status"))
        self.assertEqual(os.path.getsize(self.database), 0)
        self.assert_told("an empty file, for `sync` and `import`", self.take())
        self.assertEqual(list(self.stored()), ["r-1"])

    def test_links(self):
        os.mkdir(self.path("other"))
        os.symlink("other/real.db", self.path("link.db"))
        self.assert_told("a link to nowhere", self.take(self.path("link.db")))
        self.assertEqual(os.listdir(self.path("other")), [])
        self.assertEqual([name for name in os.listdir(os.path.dirname(self.path("link.db"))) if "lock" in name], [])
        self.take(self.path("other/real.db"))
        self.assert_told("a link to a database", self.take(self.path("link.db")))
        self.assertTrue(os.path.islink(self.path("link.db")))
        self.assertIn("real.db.lock", os.listdir(self.path("other")))
        self.assertEqual(list(self.stored("other/real.db")), ["r-1"])

    def test_held_by_another_program(self):
        self.take()
        connection = sqlite3.connect(self.database, isolation_level=None)
        self.addCleanup(connection.close)
        connection.execute("BEGIN IMMEDIATE")
        before = self.dump()
        self.assert_told("another program holds it for more than 5 seconds", self.take())
        connection.execute("ROLLBACK")
        self.assertEqual(self.dump(), before)

    def test_damaged(self):
        self.take()
        with open(self.database, "r+b") as file:
            file.seek(100)
            file.write(b"\xa5" * 3000)
        self.assert_told("damaged", self.take())
        self.assert_told("damaged", self.run_hbrsync("--db", self.database, "status"))


if __name__ == "__main__":
    unittest.main()
