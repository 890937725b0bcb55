"""export: the API's own jobs back, the columns of v_restore_job, filters, and the memory it takes."""
import csv
import decimal
import io
import json
import os
import re
import subprocess
import time
import unittest

import harness

KNOWN = {**harness.JOB_FIELDS, **dict.fromkeys(harness.PARTS)}


def parse(text):
    """Numbers as they are written: 1, 1.0 and 0.10 are three values."""
    return json.loads(text, parse_float=decimal.Decimal)


def without_nulls(job):
    """A job in which a known field that is null is absent: the database does not tell them apart."""
    result = {name: value for name, value in job.items() if value is not None or name not in KNOWN}
    for name, (_, fields) in harness.PARTS.items():
        if isinstance(result.get(name), dict):
            result[name] = {key: value for key, value in result[name].items()
                            if value is not None or key not in fields}
    return result


class ExportTestCase(harness.TestCase):
    def export(self, *arguments, status=0, **options):
        result = self.run_hbrsync("--db", self.database, "export", *arguments, **options)
        self.assertEqual(result.status, status, result)
        return result

    def import_lines(self, lines, *arguments):
        result = self.run_hbrsync("--db", self.database, "import", "--quiet", *arguments, "-", stdin=lines)
        self.assertEqual(result.status, 0, result)

    def jobs(self, *arguments):
        return [parse(line) for line in self.export(*arguments).stdout.split("\n") if line]

    def ids(self, *arguments):
        return [job["RestoreId"] for job in self.jobs(*arguments)]

    def rows_of_view(self):
        connection = harness.sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            cursor = connection.execute("SELECT * FROM v_restore_job ORDER BY restore_id")
            return [column[0] for column in cursor.description], cursor.fetchall()
        finally:
            connection.close()


class RoundTrip(ExportTestCase):
    def test_export_equals_what_the_service_lists(self):
        self.start("--jobs", 1200, "--basic-jobs", 150, "--regions", "cn-hangzhou,cn-beijing", "--seed", 3)
        for settings in ({}, {"extra_fields": True, "wrong_types": 3}):
            with self.subTest(settings):
                self.database = self.path(f"world-{len(settings)}.db")
                self.simulator.set(**settings)
                self.sync()
                truth = {}
                for line in self.simulator.control("truth").split("\n"):
                    if line:
                        job = parse(line)["job"]
                        truth[job["RestoreId"]] = without_nulls(job)
                exported = self.jobs()
                self.assertEqual([job["RestoreId"] for job in exported], sorted(truth))
                for job in exported:
                    wanted = truth[job["RestoreId"]]
                    self.assertEqual(job, wanted)
                    self.assertEqual({name: type(value) for name, value in job.items()},
                                     {name: type(value) for name, value in wanted.items()})

    def test_export_and_import_give_an_equal_database(self):
        self.start("--jobs", 700, "--basic-jobs", 100, "--regions", "cn-hangzhou,cn-beijing", "--seed", 4)
        self.simulator.set(extra_fields=True, wrong_types=4)
        self.sync()
        lines = self.export().stdout.encode()
        first = harness.stored_jobs(self.database)
        self.database = self.path("copy.db")
        self.import_lines(lines, "--account-id", "42", "--region", "cn-shanghai", "--edition", "BASIC")
        second = harness.stored_jobs(self.database)
        self.assertEqual({entry["source"] for entry in second.values()}, {("42", "cn-shanghai", "BASIC")})
        for jobs in (first, second):
            for entry in jobs.values():
                del entry["source"]
        self.assertEqual(first, second)
        self.assertEqual(self.export().stdout.encode(), lines)

    def test_an_archive_of_each_source_gives_the_sources_back(self):
        self.start("--jobs", 300, "--basic-jobs", 60, "--regions", "cn-hangzhou,cn-beijing", "--seed", 6)
        self.simulator.set(extra_fields=True)
        self.sync()
        first = harness.stored_jobs(self.database)
        sources = self.query("SELECT account_id, region_id, edition FROM sync_source ORDER BY 1, 2, 3")
        self.assertEqual(len(sources), 4)
        archives = {}
        for source in sources:
            options = [word for pair in zip(("--account-id", "--region", "--edition"), source) for word in pair]
            archives[source] = (options, self.export(*options).stdout.encode())
        self.database = self.path("copy.db")
        for options, lines in archives.values():
            self.import_lines(lines, *options)
        self.assertEqual(harness.stored_jobs(self.database), first)
        self.assertEqual(self.query("SELECT account_id, region_id, edition FROM sync_source ORDER BY 1, 2, 3"), sources)

    def test_odd_values_come_back_as_they_came(self):
        job = {"RestoreId": "r-\"1\"\\", "Progress": "7000", "Status": 5, "New": {"a": [1, None, True, "é\u2028"]},
               "BytesTotal": 9223372036854775808, "BytesDone": -9223372036854775808, "ItemsTotal": 0,
               "ActualBytes": 9223372036854775807, "Report": "none", "TargetPath": "", "VaultId": "a\u0000b\t\x7f",
               "Speed": decimal.Decimal("1.50"), "OtsDetail": {"BatchChannelCount": 2, "OverwriteExisting": False,
                                                               "More": None}}
        other = {"RestoreId": "r-2", "Report": {}, "OtsDetail": {"OverwriteExisting": 1}}
        text = json.dumps(job, default=float).replace("1.5,", "1.50,") + "\n" + json.dumps(other) + "\n"
        self.import_lines(text.encode())
        self.assertEqual(self.jobs(), [job, other])
        self.assertIn('"Speed":1.50', self.export().stdout)

    def test_jobs_that_are_gone_are_in_the_archive(self):
        self.start("--jobs", 300, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync()
        gone = self.simulator.move(vanish=5)["vanish"]
        self.sync("--full")
        self.assertEqual(len(self.ids()), 300)
        listed = self.ids("--listed-only")
        self.assertEqual(set(self.ids()) - set(listed), set(gone))
        rows = json.loads(self.export("--listed-only", "--format", "json").stdout)
        self.assertEqual([row["restore_id"] for row in rows], listed)
        table = list(csv.DictReader(io.StringIO(self.export("--listed-only", "--format", "csv").stdout, newline="")))
        self.assertEqual([row["restore_id"] for row in table], listed)

    def test_a_field_that_is_there_twice_is_damage(self):
        self.import_lines(b'{"RestoreId":"r-1","Status":"COMPLETE"}\n')
        connection = harness.sqlite3.connect(self.database)
        for extra, words in (('{"Status":5}', "Status"), ("[1]", "object"), ("{", "JSON")):
            connection.execute("UPDATE restore_job SET extra = ?", (extra,))
            connection.commit()
            result = self.export(status=6)
            self.assertIn("r-1", result.stderr)
            self.assertIn(words, result.stderr)
        connection.close()


class Columns(ExportTestCase):
    def setUp(self):
        super().setUp()
        self.start("--jobs", 400, "--basic-jobs", 40, "--regions", "cn-hangzhou")
        self.simulator.set(extra_fields=True, wrong_types=5)
        self.sync()

    def test_csv_holds_the_view(self):
        names, rows = self.rows_of_view()
        output = subprocess.run([harness.HBRSYNC, "--db", self.database, "export", "--format", "csv"],
                                env=self.environment(), stdout=subprocess.PIPE, check=True).stdout
        table = list(csv.reader(io.StringIO(output.decode(), newline="")))
        self.assertEqual(table[0], names)
        self.assertEqual(len(table), len(rows) + 1)
        for got, wanted in zip(table[1:], rows):
            for name, text, value in zip(names, got, wanted):
                if isinstance(value, float):
                    self.assertEqual(float(text), value, name)
                else:
                    self.assertEqual(text, "" if value is None else str(value), name)

    def test_json_holds_the_view(self):
        names, rows = self.rows_of_view()
        objects = json.loads(self.export("--format", "json").stdout)
        self.assertEqual([list(entry) for entry in objects], [names] * len(rows))
        self.assertEqual([tuple(entry.values()) for entry in objects], rows)


class Sources(ExportTestCase):
    def setUp(self):
        super().setUp()
        for name, source in {"r-1": ("7", "cn-a", "STANDARD"), "r-2": ("7", "cn-b", "STANDARD"),
                             "r-3": ("7", "cn-b", "BASIC"), "r-4": ("8", "cn-a", "STANDARD"), "r-5": None}.items():
            options = zip(("--account-id", "--region", "--edition"), source or ())
            job = {"RestoreId": name, "Status": "FAILED", "CreatedTime": 1767225600}
            more = {"VaultId": "v-2", "RestoreType": "OSS"} if name == "r-3" else {"VaultId": "v-1", "RestoreType": "NAS"}
            self.import_lines(json.dumps({**job, **more}).encode(),
                              *(word for pair in options for word in pair))

    def test_sources(self):
        for arguments, wanted in (
                ((), "r-1 r-2 r-3 r-4 r-5"), (("--account-id", "7"), "r-1 r-2 r-3"),
                (("--account-id", "7", "--account-id", "8"), "r-1 r-2 r-3 r-4"),
                (("--vault", "v-2"), "r-3"), (("--restore-type", "OSS", "--region", "cn-b"), "r-3"),
                (("--region", "cn-b"), "r-2 r-3"), (("--region", "cn-b", "--region", "cn-a"), "r-1 r-2 r-3 r-4"),
                (("--edition", "BASIC"), "r-3"), (("--edition", "BASIC", "--edition", "STANDARD"), "r-1 r-2 r-3 r-4"),
                (("--account-id", "7", "--region", "cn-a", "--edition", "STANDARD"), "r-1"),
                (("--region", "cn-b", "--where-status", "FAILED", "--since", "2026-01-01", "--until", "2026-01-02"),
                 "r-2 r-3"), (("--region", "cn-a", "--vault", "v-2"), ""),
                (("--region", "cn-b", "--where-status", "FAILED", "--since", "2026-01-02"), "")):
            with self.subTest(arguments):
                self.assertEqual(self.ids(*arguments), wanted.split())
                rows = json.loads(self.export("--format", "json", *arguments).stdout)
                self.assertEqual([row["restore_id"] for row in rows], wanted.split())
        for arguments in (("--region", "cn a"), ("--account-id", ""), ("--edition", "GOLD"), ("--region", "x' OR 1")):
            self.export(*arguments, status=2)

    def test_a_value_that_nothing_stored_has(self):
        """A mistake is told from an answer that is empty: an archive is not replaced by nothing."""
        for option, wrong, meant in (("--where-status", "failed", "FAILED"), ("--region", "cn-c", "cn-a"),
                                     ("--vault", "v-12", "v-1"), ("--restore-type", "OSSS", "OSS"),
                                     ("--edition", "BASIC", None), ("--account-id", "9", None)):
            if option == "--edition":
                self.change("UPDATE sync_source SET edition = 'STANDARD', region_id = 'cn-d' WHERE edition = 'BASIC'")
            for form in ("ndjson", "csv", "json"):
                with self.subTest(option, form=form):
                    result = self.export(option, wrong, "--format", form, status=2)
                    self.assertEqual(result.stdout, "")
                    self.assertIn(f'warning: {option}: nothing stored has "{wrong}"', result.stderr)
                    self.assertEqual(f"(did you mean '{meant}'?)" in result.stderr, meant is not None, result.stderr)
                    self.assertIn("error: nothing is selected", result.stderr)
            if meant is not None:
                result = self.export(option, wrong, option, meant)
                self.assertIn(f'"{wrong}"', result.stderr)
                self.assertNotIn("error", result.stderr)
                self.assertEqual(result.stdout, self.export(option, meant).stdout)
        self.assertEqual(self.export("--region", "cn-b", "--where-status", "FAILED").stderr, "")
        self.export("--where-status", "FAILED", "--where-status", "COMPLET", "--since", "2026-01-02", status=2)

    def test_a_source_without_jobs_is_no_mistake(self):
        self.change("INSERT INTO sync_source (account_id, region_id, edition) VALUES ('7', 'cn-empty', 'STANDARD')")
        result = self.export("--region", "cn-empty")
        self.assertEqual((result.stdout, result.stderr), ("", ""))


class Filters(ExportTestCase):
    def setUp(self):
        super().setUp()
        day = 86400
        self.times = {"r-1": 1767225600, "r-2": 1767225600 + day, "r-3": 1767225600 + day + 3661, "r-4": None,
                      "r-5": int(time.time()) - 3 * day}
        lines = [{"RestoreId": name, "CreatedTime": when, "Status": "FAILED" if name == "r-2" else "COMPLETE"}
                 for name, when in self.times.items()]
        self.import_lines("\n".join(map(json.dumps, lines)).encode())

    def test_periods(self):
        for arguments, wanted in (
                (("--since", "2026-01-01"), "r-1 r-2 r-3 r-5"),
                (("--since", "2026-01-02"), "r-2 r-3 r-5"),
                (("--until", "2026-01-02"), "r-1"),
                (("--since", "2026-01-02 00:00:01", "--until", "2026-01-02T01:01:02"), "r-3"),
                (("--since", "2026-01-02", "--until", "2026-01-02 01:01:01"), "r-2"),
                (("--since", "4d"), "r-5"), (("--since", "2d"), ""),
                (("--until", "2026-01-01"), "")):
            with self.subTest(arguments):
                self.assertEqual(" ".join(self.ids(*arguments)), wanted)

    def test_statuses(self):
        self.assertEqual(self.ids("--where-status", "FAILED"), ["r-2"])
        self.assertEqual(self.ids("--where-status", "FAILED", "--where-status", "COMPLETE"),
                         ["r-1", "r-2", "r-3", "r-4", "r-5"])
        self.assertEqual(self.ids("--where-status", "FAILED", "--since", "2026-01-03"), [])
        self.assertEqual(self.export("--where-status", "' OR 1 --", status=2).stdout, "")

    def test_the_columns_are_filtered_alike(self):
        for arguments in (("--since", "2026-01-02"), ("--where-status", "COMPLETE", "--until", "2026-01-02")):
            rows = json.loads(self.export("--format", "json", *arguments).stdout)
            self.assertEqual([row["restore_id"] for row in rows], self.ids(*arguments))

    def test_usage(self):
        for arguments in (("--since", "tomorrow"), ("--since", "2026-02-30"), ("--until", "2026-01-01 25:00:00"),
                          ("--until", ""), ("--format", "xml"), ("operand",), ("--since", "2026-1-1")):
            with self.subTest(arguments):
                self.assertEqual(self.export(*arguments, status=2).stdout, "")
        self.database = self.path("absent.db")
        self.export(status=6)
        self.assertFalse(os.path.exists(self.database))

    def test_a_period_that_is_none(self):
        for options in (("--since", "1d", "--until", "30d"), ("--since", "20260131"), ("--until", "7")):
            self.export(*options, status=2)


def shown(field):
    """What a spreadsheet shows of a field of CSV, or a failure where it would make something else of it."""
    if field.startswith('="'):
        piece = r'(?:"(?:[^"\r\n]|"")*"|CHAR\((?:10|13)\))'
        assert re.fullmatch(f"={piece}(?:&{piece})*", field) and len(field) <= 8192, field
        texts = [chr(int(found[5:-1])) if found.startswith("C") else found[1:-1].replace('""', '"')
                 for found in re.findall(piece, field[1:])]
        assert all(len(text) <= 255 for text in texts)
        return "".join(texts)
    assert not re.match(r"[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]", field) or re.fullmatch(r"-\d{1,11}(\.\d+)?", field), field
    assert not re.fullmatch(r"-?[\d.,]*([eE][+-]?\d+)?", field) or re.fullmatch(r"(-?\d{1,11}(\.\d+)?)?", field), field
    assert len(re.sub(r"\D", "", field)) <= 15 or not re.fullmatch(r"[-\d.]+", field), field
    assert not re.match(r"\d+[-/:]", field) and field.lower() not in ("true", "false"), field
    return field


class Spreadsheet(ExportTestCase):
    def test_what_is_shown_is_what_is_stored(self):
        odd = ["恢复任务", "=1+1", "+86", "-x", "@SUM(A1)", "\t=1", "\r=1", "1000000000000001", "1E5", "2026-01-02", "0012",
               "TRUE", "Sept 12", "dec1", "＝1+1", "say \"=1\", he said", '="x"', "", "x" * 300, "=" + "恢" * 300, "a\r\nb",
               "¥5", "#N/A", " 7", "12:30", "v-000abc", "March", "/data/1", "=" + '"' * 250,
               "=a\r\nb\n"]
        lines = [{"RestoreId": f"r-{i:03d}", "ErrorMessage": text, "CrossAccountUserId": 1000000000000001, "BytesTotal": 10**i
                  if i < 18 else -i, "CreatedTime": 1767225600 + i, "StartTime": 7, "CompleteTime": 10, "BytesDone": i}
                 for i, text in enumerate(odd)]
        self.import_lines("\n".join(map(json.dumps, lines)).encode(), "--account-id", "1000000000000001")
        names, rows = self.rows_of_view()
        for arguments in (("--spreadsheet",), ("--spreadsheet", "--format", "csv")):
            output = subprocess.run([harness.HBRSYNC, "--db", self.database, "export", *arguments],
                                    env=self.environment(), stdout=subprocess.PIPE, check=True).stdout
            self.assertTrue(output.startswith(b"\xef\xbb\xbfrestore_id,"))
            table = list(csv.reader(io.StringIO(output.decode("utf-8-sig"), newline="")))
            self.assertEqual(output.count(b"\r\n"), len(rows) + 1 + 1, "one of them is in a text")
            self.assertEqual(table[0], names)
            for got, wanted in zip(table[1:], rows):
                for name, field, value in zip(names, got, wanted):
                    text = shown(field)
                    if isinstance(value, float):
                        self.assertEqual(float(text), value, name)
                    else:
                        self.assertEqual(text, "" if value is None else str(value), name)
        message = names.index("error_message")
        self.assertEqual(table[1][message], "恢复任务")
        self.assertEqual(table[2][message], '="=1+1"')
        self.assertEqual(table[1][names.index("account_id")], '="1000000000000001"')
        self.assertEqual(table[1][names.index("created_time_utc")], '="2026-01-01 00:00:00"')
        self.assertEqual(table[1][names.index("created_time")], "1767225600")

    def test_it_is_of_csv(self):
        self.import_lines(b'{"RestoreId":"r-1"}')
        for form in ("ndjson", "json"):
            self.assertIn("--format csv", self.export("--spreadsheet", "--format", form, status=2).stderr)


class Output(ExportTestCase):
    def fill(self, jobs, name):
        """A database of so many jobs, each of some 1.5 KB."""
        self.database = self.path(name)
        self.start("--jobs", jobs, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--seed", 2)
        lines = [json.dumps(job) for _, _, job in self.simulator.truth().values()]
        self.stop()
        self.import_lines("\n".join(lines).encode())

    def test_a_full_disk_is_told_once(self):
        self.fill(200, "jobs.db")
        for form in ("ndjson", "csv", "json"):
            with self.subTest(form), open("/dev/full", "wb") as full:
                process = subprocess.run([harness.HBRSYNC, "--db", self.database, "export", "--format", form],
                                         env=self.environment(), stdout=full, stderr=subprocess.PIPE, check=False)
                self.assertEqual(process.returncode, 1)
                self.assertEqual(process.stderr.decode().count("error:"), 1, process.stderr)

    def peak(self, form):
        """The most memory that an export holds, looked at while its output is read."""
        process = subprocess.Popen([harness.HBRSYNC, "--db", self.database, "export", "--format", form],
                                   env=self.environment(), stdout=subprocess.PIPE)
        peak = 0
        size = 0
        while True:
            try:
                with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
                    lines = [line.split() for line in file]
                peak = max(peak, *(int(line[1]) for line in lines if line[0] == "VmHWM:"), 0)
            except (OSError, TypeError):
                pass
            chunk = process.stdout.read1(65536)
            if not chunk:
                break
            size += len(chunk)
        process.stdout.close()
        self.assertEqual(process.wait(), 0)
        return peak, size

    @unittest.skipIf(harness.is_sanitized(), "a sanitizer's memory says nothing")
    def test_memory_does_not_grow_with_the_jobs(self):
        peaks = {}
        for jobs in (2000, 20000):
            self.fill(jobs, f"{jobs}.db")
            for form in ("ndjson", "csv", "json"):
                peaks[jobs, form], size = self.peak(form)
                self.assertGreater(size, jobs * 500)
        for form in ("ndjson", "csv", "json"):
            self.assertGreater(peaks[2000, form], 0)
            self.assertLess(peaks[20000, form], 1.3 * peaks[2000, form], peaks)


if __name__ == "__main__":
    unittest.main()
