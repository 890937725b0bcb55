"""report: every number against an independent computation from the truth, every format, the HTML page."""
import csv
import glob
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unicodedata
import unittest

import harness
from report_page import check_page
from report_world import EVERYTHING, World, groups, is_open, order, seconds_of, utc

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "sql", "reports")
NAMES = sorted(os.path.basename(path)[:-4] for path in glob.glob(os.path.join(FOLDER, "*.sql")))
MOVING = {"open_seconds", "quiet_seconds", "days_ago"}  # they grow between two runs


class ReportCase(harness.TestCase):
    def report(self, *arguments, status=0):
        result = self.run_hbrsync("--db", self.database, "report", *arguments)
        self.assertEqual(result.status, status, result)
        return result

    def rows(self, name, *arguments):
        rows = json.loads(self.report(name, "--format", "json", *arguments).stdout)
        self.assertIsInstance(rows, list)
        return rows

    def assert_value(self, wanted, got, now, where):
        if isinstance(wanted, tuple):
            kind, moment = wanted
            if moment is None or moment <= 0:
                self.assertIsNone(got, where)
                return
            scale = 86400 if kind == "days" else 1
            ages = [int((at - moment) / scale) for at in now]  # towards zero, as SQL divides
            self.assertTrue(ages[0] <= got <= ages[1], (where, wanted, got))
        elif isinstance(wanted, float) and got is not None:
            self.assertAlmostEqual(wanted, got, delta=0.0501 if "progress" not in where else 0.001, msg=where)
        else:
            self.assertEqual(wanted, got, where)
            self.assertEqual(type(wanted), type(got), where)

    def assert_report(self, world, name, *arguments):
        wanted = getattr(world, name.replace("-", "_"))()
        before = int(time.time())
        got = self.rows(name, *arguments)
        now = (before, int(time.time()) + 1)
        self.assertEqual(len(got), len(wanted), f"rows of {name}")

        def key(row):
            return [order(row[column]) for column in sorted(row)
                    if isinstance(row[column], (str, type(None))) and column not in MOVING]

        for expected, row in zip(sorted(wanted, key=key), sorted(got, key=key)):
            self.assertEqual(set(expected), set(row), name)
            for column, value in expected.items():
                self.assert_value(value, row[column], now, f"{name}.{column} of {row}")
        return got

    def assert_section(self, section, rows):
        if section["tiles"]:
            self.assertEqual([value for _, value in section["tiles"]], list(rows[0].values()))
            return
        shown = section["rows"]
        self.assertLessEqual(len(shown), len(rows))
        if len(shown) < len(rows):
            self.assertGreaterEqual(len(shown), 25)
        for cells, row in zip(shown, rows):
            self.assertEqual(len(cells), len(row))
            for cell, (column, value) in zip(cells, row.items()):
                if column not in MOVING and not (isinstance(value, str) and not value.isprintable()):
                    self.assertEqual(cell, value, (column, row))

    def stored(self, sources):
        """The jobs of the truth as the database has to hold them; `sources` gives (account, region, edition)."""
        jobs = []
        for restore_id, (region, edition, job) in sources.items():
            row = harness.expected_job(job)["restore_job"]
            jobs.append({**row, "account_id": harness.ACCOUNT, "region_id": region, "edition": edition,
                         "missing_since": None})
            self.assertEqual(row["restore_id"], restore_id)
        return jobs

    def load(self, *jobs, options=()):
        """Imports jobs as the service would write them, and returns them as rows."""
        lines = "\n".join(map(json.dumps, jobs)).encode()
        result = self.run_hbrsync("--db", self.database, "import", "--account-id", harness.ACCOUNT, *options, "-",
                                  stdin=lines)
        self.assertEqual(result.status, 0, result)
        account, region, edition = self.query("SELECT account_id, region_id, edition FROM sync_source")[0]
        return [{**harness.expected_job(job)["restore_job"], "account_id": account, "region_id": region,
                 "edition": edition, "missing_since": None} for job in jobs]


class MovedWorld(ReportCase):
    """One world, synced, moved and synced again."""

    def make_world(self, jobs, basic_jobs):
        self.start("--jobs", jobs, "--basic-jobs", basic_jobs, "--seed", 11, "--regions", "cn-hangzhou,cn-beijing")
        old = self.simulator.truth()
        self.sync()
        self.simulator.move(vanish=6, finish=5, create=7)
        started = int(time.time())
        run_id = self.sync("--full").json()["run_id"]
        self.new = self.simulator.truth()
        gone = {key: old[key] for key in set(old) - set(self.new)}
        statuses = {key: self.status_of(old[key]) for key in set(old) & set(self.new)}
        del old  # many jobs take much memory
        # The service is the witness of what changed, the database only of when that was noticed.
        self.jobs = self.stored({**gone, **self.new})
        seen = dict(self.query("SELECT restore_id, missing_since FROM restore_job WHERE missing_since IS NOT NULL"))
        self.assertEqual(set(seen), set(gone))
        for job in self.jobs:
            job["missing_since"] = seen.get(job["restore_id"])
        noticed = dict(self.query("SELECT restore_id, observed_at FROM restore_job_change WHERE run_id = ?", run_id))
        self.assertTrue(all(started <= at <= time.time() for at in noticed.values()))
        self.changes = [(at, "vanished", key, None, run_id) for key, at in seen.items()]
        for key, before in statuses.items():
            after = self.status_of(self.new[key])
            if before != after:
                detail = " to ".join(status or "(none)" for status in (before, after))
                self.changes.append((noticed[key], "changed", key, detail, run_id))
        self.assertGreaterEqual(len(self.changes), 6 + 4)

    @staticmethod
    def status_of(entry):
        return harness.expected_job(entry[2])["restore_job"]["status"]

    def check_every_report(self):
        world = World(self.jobs, changes=self.changes)
        for name in sorted(set(NAMES) - {"completeness", "activity"}):
            with self.subTest(name):
                self.assertTrue(self.assert_report(world, name), "the world should have something for it")
        with self.subTest("activity"):
            self.assert_report(world, "activity", "--since", "2000-01-01")
            now = int(time.time())
            month = World(self.jobs, (now - 30 * 86400, EVERYTHING[1]), self.changes)
            self.assertAlmostEqual(len(month.activity()), len(self.rows("activity")), delta=3)


@unittest.skipUnless(harness.LONG, "takes long")
class ManyJobs(MovedWorld):
    def test_200000_jobs(self):
        self.make_world(199000, 1000)
        self.check_every_report()


class Numbers(MovedWorld):
    def setUp(self):
        super().setUp()
        self.make_world(420, 60)

    def test_every_report(self):
        self.check_every_report()

    def test_a_period(self):
        days = sorted(job["created_time"] for job in self.jobs if job["created_time"])
        periods = [(days[100], days[300]), (days[250], EVERYTHING[1]), (EVERYTHING[0], days[200]), (1, 2)]
        for since, until in periods:
            arguments = []
            if since != EVERYTHING[0]:
                arguments += ["--since", utc(since)]
            if until != EVERYTHING[1]:
                arguments += ["--until", utc(until + 1)]
            world = World(self.jobs, (since, until), self.changes)
            for name in sorted(set(NAMES) - {"completeness"}):
                if name == "activity" and since == EVERYTHING[0]:
                    continue
                with self.subTest(name, since=since, until=until):
                    self.assert_report(world, name, *arguments)

    def test_days_and_durations(self):
        day = utc(sorted(job["created_time"] for job in self.jobs if job["created_time"])[200])[:10]
        start = seconds_of(day + " 00:00:00")
        world = World(self.jobs, (start, start + 86399))
        self.assertTrue(world.top)
        self.assert_report(world, "summary", "--since", day, "--until", utc(start + 86400)[:10])
        now = int(time.time())
        jobs = len(World(self.jobs, (now - 200 * 86400, now - 100 * 86400)).top)
        self.assertAlmostEqual(self.rows("summary", "--since", "200d", "--until", "100d")[0]["restores"], jobs, delta=2)

    def test_completeness(self):
        rows = {(row["region_id"], row["edition"]): row for row in self.rows("completeness")}
        listed = groups(self.new.values(), lambda entry: entry[:2])
        self.assertEqual(set(rows), set(listed))
        for key, entries in listed.items():
            row = rows[key]
            gone = [job for job in self.jobs
                    if (job["region_id"], job["edition"]) == key and job["missing_since"] is not None]
            self.assertEqual((row["account_id"], row["scope"], row["proved"], row["last_mode"], row["last_outcome"]),
                             (harness.ACCOUNT, "", 1, "full", "done"))
            self.assertEqual((row["jobs"], row["missing_jobs"]), (len(entries), len(gone)))
            rest = self.stored({entry[2]["RestoreId"]: entry for entry in entries})
            self.assertEqual(row["open_jobs"], sum(is_open(job) for job in rest))
            self.assertAlmostEqual(seconds_of(row["last_proved_utc"]), time.time(), delta=120)

    def test_the_orders_promised(self):
        for name, column, descending in (("success-rate", "month", True), ("missing", "missing_since_utc", True),
                                         ("elsewhere", "created_utc", True), ("activity", "time_utc", True),
                                         ("open", "created_utc", False), ("timeline", "period_start", False),
                                         ("failures", "restores", True), ("success-by-month", "month", True),
                                         ("success-by-vault", "success_rate_percent", False)):
            values = [order(row[column]) for row in self.rows(name) if row[column] is not None]
            self.assertEqual(values, sorted(values, reverse=descending), name)
        successes = [row["last_success_utc"] or "" for row in self.rows("last-success")]
        self.assertEqual(successes, sorted(successes))

    def test_the_page_shows_the_same(self):
        page = check_page(self, self.report("--format", "html").stdout)
        on_page = [name for name in NAMES if name != "success-rate"]
        self.assertEqual(sorted(section["id"] for section in page.sections), on_page)
        self.assertEqual(page.sections[-1]["id"], "completeness")
        for section in page.sections:
            with self.subTest(section["id"]):
                self.assert_section(section, self.rows(section["id"]))
        for name in NAMES:
            page = check_page(self, self.report(name, "--format", "html", "--since", "400d").stdout)
            self.assertEqual([section["id"] for section in page.sections], [name])
            self.assertEqual(page.notes_on_rows, 0, "a page of one report shows all rows")

    def test_csv_and_table_say_the_same(self):
        for name in NAMES:
            with self.subTest(name):
                rows = self.rows(name)
                text = self.report(name, "--format", "csv").stdout
                self.assertTrue(text.endswith("\r\n"))
                lines = list(csv.reader(io.StringIO(text, newline="")))
                self.assertEqual(lines[0], list(rows[0]))
                self.assertEqual(len(lines), len(rows) + 1)
                for line, row in zip(lines[1:], rows):
                    for cell, (column, value) in zip(line, row.items()):
                        if column not in MOVING:
                            self.assertEqual(cell, "" if value is None else str(value))
                self.assert_table(self.report(name).stdout, rows)

    def assert_table(self, text, rows):
        for character in text:
            self.assertTrue(character == "\n" or unicodedata.category(character) not in ("Cc", "Cf", "Zl", "Zp"))
        lines = text.split("\n")
        self.assertEqual(lines.pop(), "")
        self.assertEqual(len(lines), len(rows) + 2)
        ends = []
        at = 0
        for dashes in lines[1].split("  "):
            ends.append((at, at + len(dashes)))
            at += len(dashes) + 2
        for line in lines:
            wide = "".join(character if unicodedata.east_asian_width(character) not in "WF" else character + "\0"
                           for character in line if not unicodedata.combining(character)
                           and unicodedata.category(character) not in ("Mn", "Me"))
            for (_, end), (start, _) in zip(ends, ends[1:]):
                if len(wide) > end:
                    self.assertEqual(wide[end:start], "  ", f"a cell of {line!r} is not in its column")


class Small(ReportCase):
    def every_format(self):
        """Of every report; without --long, each report in one of them."""
        for number, name in enumerate([None, *NAMES]):
            for index, form in enumerate(("table", "csv", "json", "html")):
                if name is not None and not harness.LONG and number % 4 != index:
                    continue
                with self.subTest(name, format=form):
                    self.check_format(form, self.report(*([name] if name else []), "--format", form).stdout)

    def check_format(self, form, text):
        self.assertTrue(text.endswith("\n"))
        if form == "csv":
            lines = list(csv.reader(io.StringIO(text, newline="")))
            self.assertEqual({len(line) for line in lines}, {len(lines[0])})
        elif form == "json":
            self.assertIsInstance(json.loads(text), list)
        elif form == "html":
            check_page(self, text)

    def every_number(self, jobs):
        world = World(jobs)
        for name in sorted(set(NAMES) - {"completeness", "activity"}):
            with self.subTest(name):
                self.assert_report(world, name)
        self.assert_report(world, "activity", "--since", "1970-01-01")

    def test_nothing(self):
        self.every_number(self.load())
        self.every_format()

    def test_one_job(self):
        with open(os.path.join(os.path.dirname(FOLDER), "..", "tests", "data", "sample-response.json"),
                  encoding="utf-8") as file:
            self.every_number(self.load(json.load(file)["RestoreJobs"]["RestoreJob"][0]))
        self.every_format()

    def test_jobs_with_nothing_but_an_id(self):
        jobs = self.load(*({"RestoreId": f"r-{number}"} for number in range(40)))
        self.every_number(jobs)
        self.assertEqual(self.rows("summary")[0]["restores"], 40)
        self.assertEqual(self.rows("summary", "--since", "1970-01-02")[0]["restores"], 0)
        check_page(self, self.report("--format", "html").stdout)

    def test_extreme_values(self):
        least, most = -2**63, 2**63 - 1
        amounts = ["BytesDone", "BytesTotal", "Progress", "Speed", "CrossAccountUserId"]
        times = ["CreatedTime", "StartTime", "CompleteTime", "UpdatedTime", "ExpireTime"]
        jobs = self.load(*({"RestoreId": f"r-{number}-{status}", "Status": status, "VaultId": "v-1",
                            "SourceInstanceId": "i-1", "RestoreType": "OSS",
                            **dict.fromkeys(amounts, amount), **dict.fromkeys(times, moment)}
                           for number, (amount, moment) in enumerate(
                               (amount, moment) for amount in (least, -1, 0, 2**53, 2**53 + 1, most)
                               for moment in (least, 0, 1, 253402300799, most))
                           for status in ("COMPLETE", "FAILED", "RUNNING", "NEVER_HEARD_OF")))
        for name in ("success-rate", "durations", "restore-time", "throughput", "missing", "failures", "last-success"):
            self.assert_report(World(jobs), name)
        check_page(self, self.report("--format", "html").stdout)

    def test_an_open_job_that_vanished(self):
        jobs = self.load(*({"RestoreId": name, "Status": "RUNNING", "CreatedTime": 1700000000}
                           for name in ("r-1", "r-2")))
        self.change("UPDATE restore_job SET missing_since = 1700000001 WHERE restore_id = 'r-2'")
        jobs[1]["missing_since"] = 1700000001
        for name in ("open", "summary", "missing"):
            self.assert_report(World(jobs), name)
        self.assertEqual(self.query("SELECT restore_id FROM v_restore_open"), [("r-1",)])

    def test_a_success_that_expires_stays_one(self):
        """The first final status tells what became of a job, in every report and view."""
        at = {"CreatedTime": 1700000000, "StartTime": 1700000010, "CompleteTime": 1700000100, "BytesDone": 2**30,
              "VaultId": "v-1", "SourceInstanceId": "i-1", "RestoreType": "OSS"}
        first = {"r-1": "COMPLETE", "r-2": "PARTIAL_COMPLETE", "r-3": "FAILED", "r-4": "CANCELED", "r-5": "EXPIRED",
                 "r-6": "COMPLETE"}
        later = {**dict.fromkeys(first, "EXPIRED"), "r-5": "COMPLETE", "r-6": "RUNNING"}
        self.load(*({"RestoreId": key, "Status": status, "UpdatedTime": 1, **at} for key, status in first.items()))
        jobs = self.load(*({"RestoreId": key, "Status": status, "UpdatedTime": 2, **at,
                            **({"CompleteTime": 0} if status == "RUNNING" else {})} for key, status in later.items()))
        for job in jobs:
            job["settled"] = first[job["restore_id"]]
        for name in sorted(set(NAMES) - {"completeness", "activity"}):
            with self.subTest(name):
                self.assert_report(World(jobs), name)
        summary, = self.rows("summary")
        self.assertEqual((summary["succeeded"], summary["partial"], summary["failed"], summary["canceled"]), (2, 1, 2, 1))
        self.assertEqual(self.rows("last-success")[0]["succeeded"], 2)
        for view in ("v_restore_daily", "v_restore_by_vault", "v_restore_by_type"):
            self.assertEqual(self.query(f"SELECT succeeded, partial, failed, canceled, open, other FROM {view}"),
                             [(2, 1, 2, 1, 0, 0)], view)
        self.assertEqual(self.query("SELECT restore_id FROM v_restore_failure ORDER BY 1"), [("r-2",), ("r-3",), ("r-5",)])
        self.assertEqual(self.query("SELECT restore_id FROM v_restore_job WHERE is_failed ORDER BY 1"),
                         [("r-3",), ("r-5",)])
        exported = self.run_hbrsync("--db", self.database, "export").stdout
        self.assertNotIn("ettled", exported, "it is not the API's")

    def test_the_limits_of_the_sizes(self):
        limits = [1, 2**30, 10 * 2**30, 100 * 2**30, 2**40, 2**53]
        jobs = self.load(*({"RestoreId": f"r-{amount}", "Status": "COMPLETE", "BytesDone": amount,
                            "CreatedTime": 1700000000, "CompleteTime": 1700000000 + number}
                           for number, amount in enumerate(limit + by for limit in limits for by in (-1, 0, 1))))
        self.assert_report(World(jobs), "restore-time")

    def test_the_latest_is_by_the_time_it_ended(self):
        """Two jobs each, of which the one created first ends last; without CompleteTime the last change tells."""
        ends = {"COMPLETE": "CompleteTime", "FAILED": "CompleteTime", "EXPIRED": "UpdatedTime"}
        jobs = self.load(*({"RestoreId": f"r-{status}-{number}", "Status": status, "ErrorMessage": status,
                            "SourceInstanceId": "i-1", "CreatedTime": 1700000000 + number,
                            end: 1700009000 - number} for status, end in ends.items() for number in (1, 2)))
        for name in ("last-success", "failures"):
            self.assert_report(World(jobs), name)
        self.assertEqual(self.rows("last-success")[0]["last_success_restore_id"], "r-COMPLETE-1")

    def test_activity_of_a_job_that_runs(self):
        """Created before the period and started in it; first without a status; gone, and back."""
        self.load({"RestoreId": "r-1", "CreatedTime": 1700000000, "UpdatedTime": 1700000000})
        jobs = self.load({"RestoreId": "r-1", "CreatedTime": 1700000000, "StartTime": 1700000500,
                          "UpdatedTime": 1700000500, "Status": "RUNNING"})
        (run_id, noticed), = self.query("SELECT run_id, observed_at FROM restore_job_change")
        marks = {1700000600: ("[null, 1700000600]", "vanished"), 1700000700: ("[1700000600, null]", "listed again")}
        for at, (mark, _) in marks.items():
            self.change("INSERT INTO restore_job_change (restore_id, run_id, observed_at, old_status, new_status,"
                        f" changed) VALUES ('r-1', 9, {at}, 'RUNNING', 'RUNNING', '{{\"missing_since\": {mark}}}')")
        changes = [(at, event, "r-1", None, 9) for at, (_, event) in marks.items()]
        changes.append((noticed, "changed", "r-1", "(none) to RUNNING", run_id))
        for since, until in ((1700000400, EVERYTHING[1]), (1700000400, 1700000650), (1, 1700000400)):
            arguments = [] if until == EVERYTHING[1] else ["--until", utc(until + 1)]
            self.assert_report(World(jobs, (since, until), changes), "activity", "--since", utc(since), *arguments)

    def test_sums_beyond_a_double_and_beyond_64_bits(self):
        for count in (5, 1100):
            self.database = self.path(f"{count}.db")
            jobs = self.load(*({"RestoreId": f"r-{number}", "Status": "COMPLETE", "BytesDone": 2**53 - number % 3,
                                "CreatedTime": 1700000000 + number % 4 * 86400, "StartTime": 1700000000 + number,
                                "CompleteTime": 1800000001} for number in range(count)))
            for name in ("summary", "throughput", "timeline"):
                with self.subTest(name, count=count):
                    self.assert_report(World(jobs), name)

    def test_every_unit_of_the_timeline(self):
        day = 86400
        for span in (0, 92 * day, 92 * day + 1, 731 * day, 731 * day + 1, 20 * 366 * day, 20 * 366 * day + 1):
            self.database = self.path(f"{span}.db")
            jobs = self.load({"RestoreId": "r-1", "CreatedTime": 1000000000, "Status": "COMPLETE", "BytesDone": 7},
                             {"RestoreId": "r-2", "CreatedTime": 1000000000 + span, "Status": "FAILED"})
            self.assert_report(World(jobs), "timeline")

    def test_foreign_text_cannot_become_markup(self):
        evil = "</td><script>alert(1)</script><img src=x onerror=alert(1)> \" ' & \x1b[31m \u202e 恢复"
        fields = [name for name in harness.TEXT_FIELDS if name not in ("RestoreId", "Status", "ParentId")]
        self.load({"RestoreId": evil, "Status": "FAILED", "CreatedTime": 1700000000, **dict.fromkeys(fields, evil)},
                  {"RestoreId": "r-2", "Status": evil, **dict.fromkeys(fields, evil)})
        page = check_page(self, self.report("--format", "html").stdout)
        self.assertIn("恢复", page.text)
        for name in NAMES:
            check_page(self, self.report(name, "--format", "html").stdout)
            self.assertNotIn("\x1b", self.report(name).stdout)


class Selections(ReportCase):
    """Every report of a part is that of a database that holds nothing else."""

    def parts(self):
        """{(option, value): statements that leave that part}"""
        (vault, kind), = self.query("SELECT vault_id, restore_type FROM restore_job WHERE vault_id <> '' AND parent_id IS NULL"
                                    " GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
        found = {}
        for option, column, value in (("--region", "region_id", "cn-beijing"), ("--edition", "edition", "BASIC"),
                                      ("--account-id", "account_id", harness.ACCOUNT)):
            others = f"SELECT source_id FROM sync_source WHERE {column} <> '{value}'"
            found[option, value] = [f"DELETE FROM {table} WHERE source_id IN ({others})" for table in
                                    ("restore_job", "sync_run", "sync_watermark", "sync_source")]
        for option, column, value in (("--vault", "vault_id", vault), ("--restore-type", "restore_type", kind)):
            found[option, value] = [f"DELETE FROM restore_job WHERE {column} IS NOT '{value}'"]
        return found

    def test_every_report(self):
        self.start("--jobs", 250, "--basic-jobs", 40, "--seed", 12, "--regions", "cn-hangzhou,cn-beijing")
        self.sync()
        self.simulator.move(vanish=6, finish=5, create=7)
        self.sync("--full")
        with open(self.path("other.ndjson"), "w", encoding="utf-8") as file:
            file.write('{"RestoreId":"r-other","Status":"FAILED","VaultId":"v-other","CreatedTime":1767225600}')
        self.run_hbrsync("--db", self.database, "import", "--account-id", "7", file.name)
        whole = self.database
        for (option, value), statements in self.parts().items():
            with self.subTest(option):
                self.database = self.path("part.db")
                shutil.copy(whole, self.database)
                self.change("PRAGMA foreign_keys = OFF", *statements,
                            "DELETE FROM restore_job_change WHERE restore_id NOT IN (SELECT restore_id FROM restore_job)")
                self.check_part(whole, option, value)

    def check_part(self, whole, option, value):
        part = self.database
        for name in NAMES:
            self.database = part
            wanted = self.rows(name, "--until", "2100-01-01")
            self.database = whole
            got = self.rows(name, "--until", "2100-01-01", option, value)
            if name == "completeness" and option in ("--vault", "--restore-type"):
                holds = {region for region, in self.query("SELECT region_id FROM v_restore_job WHERE vault_id = ?", value)}
                self.assertEqual({row["region_id"] for row in got},
                                 holds if option == "--vault" else {row["region_id"] for row in wanted})
                continue
            for row in (*wanted, *got):
                for column in MOVING | ({"sources_not_proved"} if option == "--vault" else set()):
                    row.pop(column, None)
            self.assertEqual(got, wanted, name)

    def test_they_stand_in_the_header(self):
        self.load({"RestoreId": "r-1", "VaultId": "v-1", "RestoreType": "OSS"}, options=("--region", "cn-a"))
        options = ("--region", "cn-a", "--vault", "v-1", "--restore-type", "OSS")
        text = "region cn-a; vault v-1; restore-type OSS"
        self.assertTrue(self.report("open", *options).stdout.startswith(f"Selected: {text}\n\nrestore_id  "))
        for name in ((), ("open",)):
            page = self.report(*name, "--format", "html", *options).stdout
            check_page(self, page)
            self.assertIn(f"<dt>Selected</dt><dd>{text}</dd>", page)
            self.assertNotIn("<dt>Selected</dt>", self.report(*name, "--format", "html").stdout)
        self.assertEqual(self.report("open", "--format", "csv", *options).stdout, self.report("open", "--format", "csv").stdout)

    def test_what_nothing_stored_has(self):
        self.load({"RestoreId": "r-1", "VaultId": "v-1"}, options=("--region", "cn-hangzhou"))
        for options in (("--region", "cn-hangzou"), ("--vault", "v-11"), ("--account-id", "1"), ("--restore-type", "OSS")):
            result = self.report("open", *options, status=2)
            self.assertEqual(result.stdout, "")
            self.assertIn(f'{options[0]}: nothing stored has "{options[1]}"', result.stderr)
        self.assertIn("(did you mean 'cn-hangzhou'?)", self.report("open", "--region", "cn-hangzou", status=2).stderr)
        self.assertIn("warning", self.report("open", "--region", "cn-hangzou", "--region", "cn-hangzhou").stderr)

    def test_every_name_that_a_report_reads_is_selected(self):
        """What a selection hides (sql/statements/selected.sql) is all that reports read jobs and sources from."""
        known = {"restore_job", "v_restore_job", "v_restore_open", "v_sync_health",
                 "sync_source", "restore_job_change"}  # joined with restore_job
        for name in NAMES:
            with open(os.path.join(FOLDER, name + ".sql"), encoding="utf-8") as file:
                sql = re.sub("--.*", "", file.read())
            own = set(re.findall(r"(?m)^(\w+)(?: \([^)]*\))? AS (?:MATERIALIZED )?\(", sql))
            self.assertEqual(set(re.findall(r"\b(?:FROM|JOIN) (\w+)", sql)) - own - known, set(), name)

    def test_for_spreadsheets(self):
        self.load({"RestoreId": "r-1", "Status": "FAILED", "ErrorMessage": "=1", "CreatedTime": 1767225600})
        text = self.report("failures", "--spreadsheet").stdout
        self.assertTrue(text.startswith('\ufefferror_message,'), text)
        self.assertIn('\n"=""=1""",1,', text.replace("\r", ""))
        self.report("failures", "--spreadsheet", "--format", "json", status=2)


class Completeness(ReportCase):
    ONE = ("--region", "cn-hangzhou", "--edition", "STANDARD")

    def row_after(self, *arguments, status=0):
        """Syncs, then gives every run and what is remembered of the walk times that tell them apart."""
        self.sync(*self.ONE, *arguments, status=status)
        self.change("UPDATE sync_run SET started_at = 1000 * run_id, finished_at = 1000 * run_id + 10",
                    "UPDATE sync_watermark SET updated_time = 77, full_walk_at = 88, cut_time = 99")
        return self.look()

    def look(self):
        """The row of the source, the same in the report and in the view."""
        report, = self.rows("completeness")
        columns = [name for name, in self.query("SELECT name FROM pragma_table_info('v_sync_health')")]
        view = dict(zip(columns, self.query("SELECT * FROM v_sync_health")[0]))
        self.assertEqual({name: view[name] for name in report}, report)
        for age, at in (("last_run", "last_finished"), ("proved", "last_proved"), ("success", "last_success"),
                        ("full_walk", "full_walk")):
            seconds = view.pop("seconds_since_" + age)
            self.assertAlmostEqual(seconds, time.time() - seconds_of(view[at + "_utc"]), delta=5)
        return view

    def assert_row(self, row, **wanted):
        self.assertEqual({name: row[name] for name in wanted}, wanted)

    def test_every_time_is_its_own(self):
        self.start("--jobs", 60, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--seed", 3)
        self.sync(*self.ONE)
        self.simulator.move(edition="STANDARD", create=3)
        row = self.row_after()
        self.assert_row(row, proved=1, last_run_id=2, last_mode="delta", last_outcome="done", jobs=63,
                        last_started_utc=utc(2000), last_finished_utc=utc(2010), last_proved_utc=utc(2010),
                        last_success_utc=utc(2010), full_walk_utc=utc(88), watermark_utc=utc(77))
        self.assertEqual(self.row_after("--filter", "Status IN COMPLETE"), row, "of the whole that tells nothing")
        self.simulator.move(edition="STANDARD", create=3)
        self.simulator.set(total_count="absent")
        row = self.row_after("--full", status=8)
        self.assert_row(row, proved=0, last_run_id=4, last_mode="full", last_outcome="unproved", jobs=66,
                        last_finished_utc=utc(4010), last_proved_utc=utc(2010), last_success_utc=utc(2010),
                        full_walk_utc=utc(88), watermark_utc=utc(77))
        open_jobs = self.query("SELECT restore_id FROM restore_job WHERE coalesce(complete_time, 0) <= 0 AND status NOT IN"
                               " ('COMPLETE', 'PARTIAL_COMPLETE', 'FAILED', 'CANCELED', 'EXPIRED', 'CLIENT_DELETED')")
        self.assertEqual(row["open_jobs"], len(open_jobs))
        self.change(f"UPDATE restore_job SET missing_since = 1 WHERE restore_id = '{open_jobs[0][0]}'")
        self.assert_row(self.look(), jobs=65, missing_jobs=1, open_jobs=len(open_jobs) - 1)
        self.load({"RestoreId": "r-imported"}, options=self.ONE)
        self.assert_row(self.look(), last_mode="import", last_proved_utc=utc(2010), last_success_utc=utc(2010))


class Command(ReportCase):
    def test_a_period_that_is_none(self):
        for options in (("--since", "garbage"), ("summary", "--since", "20260131"),
                        ("summary", "--since", "1d", "--until", "30d")):
            self.report(*options, status=2)

    def test_the_list_names_every_file(self):
        rows = json.loads(self.run_hbrsync("report", "--format", "json").stdout)
        self.assertEqual(sorted(row["name"] for row in rows), NAMES)
        self.assertGreaterEqual(len(NAMES), 9)
        table = self.run_hbrsync("report")
        self.assertEqual(table.status, 0, "no database is needed")
        for row in rows:
            with open(os.path.join(FOLDER, row["name"] + ".sql"), encoding="utf-8") as file:
                lines = file.read().split("\n")
            self.assertEqual(lines[0], "-- title: " + row["title"])
            self.assertIn("-- " + row["description"], lines)
            self.assertTrue(row["description"].endswith("."))
            self.assertIn(row["title"], table.stdout)
            comment = [line for line in lines if line.startswith("-- ")]
            self.assertRegex(" ".join(comment), "[Tt]op-level jobs|Every job", "it must say how children are counted")

    def test_wrong_use(self):
        self.load()
        for arguments, word in ((["nothing"], "nothing"), (["open", "missing"], "missing"),
                                (["open", "--format", "xml"], "xml"), (["open", "--since", "tomorrow"], "tomorrow"),
                                (["open", "--since", "2026-02-30"], "2026-02-30"),
                                (["open", "--until", "2026-01-01 25:00:00"], "25:00"),
                                (["open", "--since", "2026-01-02", "--until", "2026-01-02"], "before")):
            result = self.report(*arguments, status=2)
            self.assertIn(word, result.stderr)
            self.assertEqual(result.stdout, "")
        self.database = self.path("not-there.db")
        self.assertEqual(self.report("open", status=6).stdout, "")

    def test_a_full_disk_is_a_failure(self):
        self.load({"RestoreId": "r-1"})
        for form in ("table", "csv", "json", "html"):
            with open("/dev/full", "wb") as full:
                status = subprocess.run([harness.HBRSYNC, "--db", self.database, "report", "open", "--format", form],
                                        stdout=full, stderr=subprocess.PIPE, env=self.environment(),
                                        check=False, timeout=harness.TIMEOUT).returncode
            self.assertEqual(status, 1, form)

    @unittest.skipUnless(shutil.which("chromium"), "chromium is not installed")
    def test_a_browser_has_nothing_to_complain_about(self):
        self.start("--jobs", 200, "--basic-jobs", 0)
        self.sync()
        path = self.path("report.html")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.report("--format", "html").stdout)
        with tempfile.TemporaryDirectory() as profile:
            run = subprocess.run(
                ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--user-data-dir=" + profile, "--enable-logging=stderr", "--dump-dom", "file://" + path],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=120)
        self.assertEqual(run.returncode, 0)
        self.assertNotIn(b"CONSOLE", run.stderr)
        # What the browser made of it, as HTML again: it writes no line after the type, and closes what SVG leaves open.
        document = re.sub("</(?:path|rect)>", "", run.stdout.decode()).replace("<!DOCTYPE html>", "<!DOCTYPE html>\n", 1)
        page = check_page(self, document)
        self.assertEqual(sorted(section["id"] for section in page.sections), [name for name in NAMES if name != "success-rate"])
        for section in page.sections:
            with self.subTest(section["id"]):
                self.assert_section(section, self.rows(section["id"]))


if __name__ == "__main__":
    unittest.main()
