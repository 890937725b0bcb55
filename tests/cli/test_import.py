"""import: the API page's own sample, arrays, NDJSON, and bad input."""
import bz2
import gzip
import json
import lzma
import os
import re
import signal
import subprocess
import time
import unittest

import harness

SAMPLE = os.path.join(os.path.dirname(__file__), "..", "data", "sample-response.json")


class Import(harness.TestCase):
    def run_import(self, *files, status=0, stdin=None, options=()):
        result = self.run_hbrsync("--db", self.database, "import", "--json", *options, *files, stdin=stdin)
        self.assertEqual(result.status, status, result)
        return result

    def sample(self):
        with open(SAMPLE, encoding="utf-8") as file:
            return json.load(file)["RestoreJobs"]["RestoreJob"][0]

    def assert_sample_stored(self):
        stored = harness.stored_jobs(self.database)
        job = self.sample()
        self.assertEqual(list(stored), [job["RestoreId"]])
        for table, row in harness.expected_job(job).items():
            self.assertEqual(stored[job["RestoreId"]][table], row)
            self.assertIsNone(row["extra"], "the page's own job has nothing unknown")

    def test_the_pages_own_job_with_every_value(self):
        self.run_import(SAMPLE)
        self.assert_sample_stored()
        self.check_database()

    def test_a_second_import_changes_nothing(self):
        self.run_import(SAMPLE)
        before = self.dump("sync_run")
        result = self.run_import(SAMPLE)
        self.assertEqual(result.json()["unchanged"], 1)
        self.assertEqual(self.dump("sync_run"), before)

    def test_every_form(self):
        job = self.sample()
        other = {"RestoreId": "r-other", "Status": "RUNNING"}
        answer = {"RequestId": "R", "TotalCount": 1, "RestoreJobs": {"RestoreJob": [job]}}
        page = {"RestoreJobs": {"RestoreJob": [other]}, "TotalCount": 1}
        mark = "\ufeff"
        forms = {
            "answers one after the other": json.dumps(answer, indent="\t") + "\n" + json.dumps(page, indent=4) + "\n",
            "without white space between": json.dumps(job) + json.dumps([other]),
            "byte order marks": mark + json.dumps(job, indent=2) + "\n" + mark + json.dumps(other) + "\n",
            "carriage returns": json.dumps(answer, indent=2).replace("\n", "\r\n") + "\r\n" + json.dumps(other) + "\r\n",
            "record separators": f"\x1e{json.dumps(job)}\n\x1e{json.dumps(other)}\n",
            "a list cut out": json.dumps({"RestoreJob": [job, other]}, indent=1),
            "what the SDKs return": json.dumps({"headers": {}, "statusCode": 200, "body": answer}) + json.dumps(page),
            "braces in texts": json.dumps({**other, "ErrorMessage": '}]{"\\"}'}) + json.dumps(job),
            "array": json.dumps([job, other]),
            "lines": json.dumps(job) + "\n\n" + json.dumps(other) + "\n",
            "answers": json.dumps([{"RestoreJobs": {"RestoreJob": [job]}},
                                   {"RestoreJobs": {"RestoreJob": [other]}}]),
            "pretty": json.dumps([job, other], indent=2),
            "flat": json.dumps({"RestoreJobs": [job, other]}),
        }
        for name, text in forms.items():
            with self.subTest(name):
                self.database = self.path(name + ".db")
                self.assertEqual(self.run_import("-", stdin=text.encode()).json()["inserted"], 2)
                self.assertEqual(set(harness.stored_jobs(self.database)),
                                 {job["RestoreId"], "r-other"})

    def test_unknown_fields_and_wrong_types_are_kept(self):
        job = {"RestoreId": "r-1", "Progress": "7000", "Status": 5, "New": {"a": [1, None]},
               "BytesTotal": 9223372036854775808, "BytesDone": -9223372036854775808,
               "ActualBytes": 9223372036854775807, "Report": "none", "OtsDetail": {"BatchChannelCount": 2.5,
                                                                                   "More": True}}
        self.run_import("-", stdin=json.dumps(job).encode())
        entry = harness.stored_jobs(self.database)["r-1"]
        row = entry["restore_job"]
        self.assertEqual(row["extra"], {"Progress": "7000", "Status": 5, "New": {"a": [1, None]},
                                        "BytesTotal": 9223372036854775808, "Report": "none"})
        self.assertEqual(row["bytes_done"], -9223372036854775808)
        self.assertEqual(row["actual_bytes"], 9223372036854775807)
        self.assertEqual(entry["restore_job_ots_detail"],
                         {"batch_channel_count": None, "overwrite_existing": None,
                          "extra": {"BatchChannelCount": 2.5, "More": True}})

    def test_an_older_job_does_not_replace_a_newer_one(self):
        self.run_import("-", stdin=b'{"RestoreId":"r-1","UpdatedTime":20,"Status":"COMPLETE"}')
        result = self.run_import("-", stdin=b'{"RestoreId":"r-1","UpdatedTime":10,"Status":"RUNNING"}')
        self.assertEqual(result.json()["stale"], 1)
        self.assertEqual(self.query("SELECT status FROM restore_job"), [("COMPLETE",)])

    def test_a_change_is_history(self):
        self.run_import("-", stdin=b'{"RestoreId":"r-1","UpdatedTime":10,"Status":"RUNNING","Progress":5}')
        self.run_import("-", stdin=b'{"RestoreId":"r-1","UpdatedTime":20,"Status":"COMPLETE","Progress":5}')
        rows = self.query("SELECT restore_id, updated_time, old_status, new_status, changed FROM restore_job_change")
        self.assertEqual(rows[0][:4], ("r-1", 20, "RUNNING", "COMPLETE"))
        changed = json.loads(rows[0][4])
        self.assertEqual(changed["status"], ["RUNNING", "COMPLETE"])
        self.assertEqual(changed["updated_time"], [10, 20])
        self.assertNotIn("progress", changed)

    def test_jobs_without_a_usable_id_are_counted(self):
        for bad in ('{"Status":"COMPLETE"}', '{"RestoreId":""}', '{"RestoreId":7}', '{"RestoreId":null}', '[7]'):
            with self.subTest(bad):
                result = self.run_import("-", stdin=('{"RestoreId":"r-1"}\n' + bad).encode(), status=8)
                self.assertIn("RestoreId", result.stderr)
        self.assertEqual(len(harness.stored_jobs(self.database)), 1)

    def test_bad_input_is_named_and_what_came_before_is_kept(self):
        result = self.run_import("-", stdin=b'{"RestoreId":"r-1"}\n{"RestoreId":"r-2"\n', status=2)
        self.assertIn("standard input line 2", result.stderr)
        self.assertEqual(list(harness.stored_jobs(self.database)), ["r-1"])
        for bad in (b"", b"nothing", b"[NaN]", b'{"a":1,"a":2}', b'"text"', b"[1,]", b"\xff"):
            with self.subTest(bad):
                self.run_import("-", stdin=bad, status=0 if not bad else 2)
        self.assertIn("no-such-file", self.run_import(self.path("no-such-file"), status=2).stderr)

    def test_what_was_taken_is_told(self):
        """Of each file: how many jobs, and where it stopped."""
        for name, text in (("one", '{"RestoreId":"r-1"}\n'), ("two", '{"RestoreId":"r-2"}\n\n[{"RestoreId":\n"r-3"}]\n{"RestoreId":'
                                                              '"r-4"\n{"RestoreId":"r-5"}\n'), ("three", '{"RestoreId":"r-6"}')):
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write(text)
        result = self.run_import(*map(self.path, ("one", "two", "three")), status=2)
        self.assertIn("imported 3 jobs", result.stderr)
        self.assertRegex(result.stderr, "error: .*two line 5: not JSON at byte .*; 2 jobs of it taken, nothing after")
        self.assertEqual(result.json()["seen"], 3)
        self.assertEqual(sorted(harness.stored_jobs(self.database)), ["r-1", "r-2", "r-3"])
        result = self.run_import(self.path("one"), "-", stdin=b'\n{"RestoreId":"r-6"}\n{"Status":"x"}\n', status=8)
        self.assertIn("(the first: standard input line 3)", result.stderr)

    def test_what_is_no_json_is_named(self):
        text = json.dumps([{"RestoreId": "r-1"}], indent=2)
        self.run_import("-", stdin=text.encode())
        export = ["--db", self.database, "export", "--format"]
        with open(self.database, "rb") as file:
            database = file.read()
        trace = "> 2026-11-27T00:00:00Z DescribeRestoreJobs2 cn-a attempt 1\n> POST https://hbr\n"
        for content, what, hint in (
                (text.encode("utf-16"), "UTF-16", "iconv -f UTF-16 -t UTF-8 "),
                (b"\xfe\xff" + text.encode("utf-16-be"), "UTF-16", "iconv -f UTF-16 -t UTF-8 "),
                (text.encode("utf-16-le"), "UTF-16", "iconv -f UTF-16LE "),
                (gzip.compress(text.encode()), "gzip", "gzip -dc "), (bz2.compress(text.encode()), "bzip2", "bzip2 -dc "),
                (lzma.compress(text.encode()), "xz", "xz -dc "), (b"PK\x03\x04\x14\0", "ZIP", "unzip -p "),
                (b"\x28\xb5\x2f\xfd\x24\0", "zstd", "zstd -dc "), (database, "SQLite", "hbrsync export --db "),
                (b'<?xml version="1.0"?>\n<a/>', "XML", "--format ndjson"), (trace.encode(), "trace", "--format ndjson"),
                (self.run_hbrsync(*export, "csv").stdout.encode(), "CSV", "--format ndjson"),
                (self.run_hbrsync(*export, "csv", "--spreadsheet").stdout.encode(), "CSV", "--format ndjson"),
                (self.run_hbrsync(*export, "json").stdout.encode(), "v_restore_job", "--format ndjson"),
                (b'{"restore_id":"r-1","status":"COMPLETE"}', "v_restore_job", "--format ndjson")):
            with self.subTest(what):
                result = self.run_import("-", stdin=content, status=2)
                self.assertIn(what, result.stderr)
                self.assertRegex(result.stderr, "hint: .*" + hint)
                self.assertEqual(result.json()["seen"], 0)
        with open(self.path("trace"), "wb") as file:
            self.start("--jobs", 5, "--basic-jobs", 0, "--regions", "cn-hangzhou")
            self.sync("--trace", file.name)
        self.assertIn("a trace of hbrsync", self.run_import(self.path("trace"), status=2).stderr)

    def test_a_cut_value_does_not_take_the_rest_with_it(self):
        """The end of what cannot be JSON is found at once, however long the file is."""
        tail = b'\n' + b'{"RestoreId":"r-9"}\n' * 1000
        for cut in (b'{"RestoreId":"r-1"', b'{"RestoreId":"r-1', b'{"RestoreId":', b'{"a":[1,2', b'[{"RestoreId":"r-1"}',
                    b"[" * 40):
            with self.subTest(cut):
                size = re.search(r"at byte \d+ of (\d+)", self.run_import("-", stdin=cut + tail, status=2).stderr)[1]
                self.assertLess(int(size), 60)

    @unittest.skipIf(harness.is_sanitized(), "a sanitizer's memory says nothing")
    def test_memory_is_that_of_one_value(self):
        value = json.dumps({"RestoreId": "r-1", "ErrorMessage": "x" * 1000000}, indent=2).encode()
        peaks = []
        for count in (2, 150):
            with open(self.path("values"), "wb") as file:
                for _ in range(count):
                    file.write(value)
            process = subprocess.Popen([harness.HBRSYNC, "--db", self.database, "import", "--quiet", self.path("values")],
                                       env=self.environment())
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = status
            self.assertEqual(status, 0)
            peaks.append(usage.ru_maxrss)
        self.assertLess(peaks[1] - peaks[0], 30000, peaks)

    def test_interrupted_while_it_waits_for_input(self):
        """The status tells the signal; what came before is kept."""
        for number, text in ((signal.SIGTERM, b'{"RestoreId":"r-1"}\n'), (signal.SIGINT, b"[\n")):
            process = subprocess.Popen([harness.HBRSYNC, "--db", self.database, "import", "-"], stdin=subprocess.PIPE,
                                       stderr=subprocess.PIPE, env=self.environment(), cwd=self.directory)
            process.stdin.write(text)
            process.stdin.flush()
            self.wait_until_it_reads_a_pipe(process.pid)
            process.send_signal(number)
            process.wait(60)  # before its input ends
            _, stderr = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 128 + number, stderr)
            self.assertIn(f"interrupted by {number.name}", stderr.decode())
        self.assertEqual(list(harness.stored_jobs(self.database)), ["r-1"])

    def wait_until_it_reads_a_pipe(self, pid):
        deadline = time.monotonic() + 60
        blocked = 0
        while blocked < 5:  # in a row, for it to have taken what is there
            self.assertLess(time.monotonic(), deadline)
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                asleep = file.read().rsplit(")", 1)[1].split()[0] == "S"
            blocked = blocked + 1 if asleep else 0
            time.sleep(0.02)

    def test_dry_run_keeps_nothing(self):
        result = self.run_import(SAMPLE, options=["--dry-run"])
        self.assertEqual(result.json()["inserted"], 1)
        self.assertFalse(os.path.exists(self.database))

    def test_a_source_takes_over_what_was_imported(self):
        self.start("--jobs", 250, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        lines = "\n".join(json.dumps(job) for _, _, job in self.simulator.truth().values())
        self.run_import("-", stdin=lines.encode("utf-8", "surrogatepass"))
        self.assertEqual(self.sync().json()["sources"][0]["inserted"], 0)
        self.assert_equals_truth()
        before = self.dump("sync_run")
        self.assertEqual(self.sync().json()["sources"][0]["mode"], "delta")
        self.assertEqual(self.dump("sync_run"), before)

    def saved(self):
        """What the service lists now, as a file of saved answers may hold it."""
        jobs = {key: job for key, (_, _, job) in self.simulator.truth().items()}
        return jobs, "\n".join(json.dumps(job) for job in jobs.values()).encode("utf-8", "surrogatepass")

    def test_saved_answers_do_not_replace_what_a_sync_stored(self):
        """Jobs may change without a new UpdatedTime, and a saved job may be without one."""
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        _, saved = self.saved()
        self.sync()
        self.simulator.move(edition="STANDARD", silent_change_old=20)
        self.sync("--full")
        self.assert_equals_truth()
        source = ["--account-id", harness.ACCOUNT, "--region", "cn-hangzhou", "--edition", "STANDARD"]
        result = self.run_import("-", stdin=saved, options=source).json()
        self.assertEqual((result["updated"], result["stale"]), (0, 20))
        jobs, _ = self.saved()
        latest = max(jobs.values(), key=lambda job: job["UpdatedTime"])
        bare = json.dumps({**{name: latest[name] for name in latest if name != "UpdatedTime"}, "Progress": 1})
        self.assertEqual(self.run_import("-", stdin=bare.encode("utf-8", "surrogatepass"),
                                         options=source).json()["stale"], 1)
        self.assert_equals_truth()
        self.check_database()

    def test_an_import_keeps_the_marks(self):
        """What was once saved says nothing of what the service lists now."""
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        before, _ = self.saved()
        self.sync()
        gone = self.simulator.move(edition="STANDARD", vanish=3)["vanish"]
        self.sync("--full")
        marks = "SELECT restore_id, missing_since FROM restore_job WHERE missing_since IS NOT NULL ORDER BY 1"
        marked = self.query(marks)
        self.assertEqual([key for key, _ in marked], sorted(gone))
        newer = "\n".join(json.dumps({**before[key], "UpdatedTime": before[key]["UpdatedTime"] + 1}) for key in gone)
        self.assertEqual(self.run_import("-", stdin=newer.encode("utf-8", "surrogatepass")).json()["updated"], 3)
        self.assertEqual(self.query(marks), marked)
        self.assertEqual(self.query("SELECT count(*) FROM restore_job_change AS c JOIN sync_run USING (run_id)"
                                    " WHERE mode = 'import' AND changed LIKE '%missing_since%'"), [(0,)])
        self.check_database()


if __name__ == "__main__":
    unittest.main()
