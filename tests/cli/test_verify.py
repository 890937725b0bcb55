"""verify: damage in the database, and differences between it and what the service lists."""
import hashlib
import os
import shutil
import signal
import subprocess
import time
import unittest

import harness


class VerifyTestCase(harness.TestCase):
    def verify(self, *arguments, status=0, **options):
        result = self.run_hbrsync("--db", self.database, "verify", *arguments, **options)
        self.assertEqual(result.status, status, result)
        return result

    def digest(self):
        with open(self.database, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()


class Offline(VerifyTestCase):
    def setUp(self):
        super().setUp()
        self.start("--jobs", 500, "--basic-jobs", 40, "--regions", "cn-hangzhou,cn-beijing")
        self.sync()
        self.good = self.path("good.db")
        result = self.run_hbrsync("--db", self.database, "publish", self.good)
        self.assertEqual(result.status, 0, result)

    def damage(self, *statements):
        """A copy of the good database, changed."""
        self.database = self.path("damaged.db")
        shutil.copy(self.good, self.database)
        self.change(*statements)

    def test_a_good_database(self):
        before = self.digest()
        result = self.verify()
        self.assertIn("sound", result.stdout)
        self.assertIn("540 jobs", result.stdout)
        self.assertEqual(result.stderr, "")
        counts = self.query("SELECT region_id, edition, count(*) FROM restore_job JOIN sync_source"
                            " USING (source_id) GROUP BY 1, 2")
        for region, edition, jobs in counts:
            self.assertIn(f"{region} {edition}: {jobs} jobs, 0 no longer listed", result.stdout)
        self.assertEqual(self.verify("--quiet").stdout, "")
        self.assertEqual(self.digest(), before)

    def test_a_good_database_after_all_that_can_happen(self):
        self.simulator.move(create=5, finish=5, vanish=4, vanish_old=2, silent_change=9)
        self.sync()
        self.sync("--full")
        self.sync("--region", "cn-beijing", "--restore-type", "OSS", "--restore-type", "NAS")
        self.verify()
        for arguments in (("--max-requests", 7, "--full"), ("--region", "cn-hangzhou", "--max-requests", 3)):
            self.sync(*arguments, status=8)
            self.verify()
        lines = b'{"RestoreId":"r-own","UpdatedTime":5}\n{"RestoreId":"r-child","ParentId":"r-none"}'
        result = self.run_hbrsync("--db", self.database, "import", "-", stdin=lines)
        self.assertEqual(result.status, 0, result)
        self.assertIn("name a parent that is not stored", self.verify().stdout)
        self.verify("--quiet")

    def test_a_sync_that_was_killed(self):
        self.simulator.move(create=30)
        for step in (6, 9):
            self.sync("--full", status=-signal.SIGKILL,
                      env=self.environment(HBRSYNC_TEST_KILL_AT_STEP=str(step)))
            self.assertIn("runs are open", self.verify().stdout)
        self.sync()
        self.assertNotIn("runs are open", self.verify().stdout)

    def test_damaged_pages(self):
        self.database = self.path("damaged.db")
        with open(self.good, "rb") as file:
            good = file.read()
        size = int.from_bytes(good[16:18], "big")
        pages = len(good) // size
        for page in {1, 2, 3, pages // 4, pages // 2, pages * 3 // 4, pages - 1, pages}:
            for how in ("zeros", "flips"):
                with self.subTest(page=page, how=how):
                    start = (page - 1) * size
                    old = good[start:start + 16]
                    new = bytes(16) if how == "zeros" else bytes(byte ^ 0xff for byte in old)
                    with open(self.database, "wb") as file:
                        file.write(good[:start] + new + good[start + 16:])
                    self.assertIn("error", self.verify(status=6).stderr)
        with open(self.database, "wb") as file:
            file.write(good[:len(good) // 2])
        self.verify(status=6)

    def test_lost_rows(self):
        child = "(SELECT restore_id FROM restore_job_report ORDER BY 1 LIMIT 1)"
        for statement, words in (
                (f"DELETE FROM restore_job WHERE restore_id = {child}", "refers to"),
                ("DELETE FROM sync_source WHERE region_id = 'cn-beijing'", "refers to"),
                ("DELETE FROM restore_job WHERE restore_id = (SELECT max(restore_id) FROM restore_job WHERE"
                 " restore_id NOT IN (SELECT restore_id FROM restore_job_report) AND restore_id NOT IN"
                 " (SELECT restore_id FROM restore_job_ots_detail))", "the last sync counted"),
                ("UPDATE sync_watermark SET updated_time = updated_time + 1 WHERE source_id = 1", "watermark"),
                ("UPDATE sync_watermark SET restore_type = 'OSS', updated_time = updated_time + 1 WHERE source_id = 1",
                 " OSS: the watermark"),
                ("UPDATE restore_job SET extra = '[]' WHERE restore_id = (SELECT min(restore_id) FROM restore_job)",
                 "extra"),
                ("UPDATE restore_job_report SET extra = 'x' WHERE restore_id = " + child, "extra")):
            with self.subTest(statement):
                self.damage("PRAGMA foreign_keys = OFF", statement)
                before = self.digest()
                result = self.verify(status=6)
                self.assertIn(words, result.stdout)
                self.assertIn("problem: ", result.stdout)
                self.assertIn("damaged", result.stderr)
                self.assertEqual(self.digest(), before)

    def test_an_index_that_disagrees_with_its_table(self):
        name = "restore_job_updated"
        self.damage()
        index = self.query("SELECT * FROM sqlite_master WHERE name = ?", name)[0]
        values = ", ".join("'" + str(value).replace("'", "''") + "'" for value in index)
        # A row that changes while the index is out of sight.
        self.change("PRAGMA writable_schema = ON", f"DELETE FROM sqlite_master WHERE name = '{name}'")
        self.change("UPDATE restore_job SET restore_type = 'mine' WHERE restore_id = (SELECT min(restore_id)"
                    " FROM restore_job)")
        self.change("PRAGMA writable_schema = ON", f"INSERT INTO sqlite_master VALUES ({values})")
        self.assertRegex(self.verify(status=6).stdout, f"problem: integrity: .*{name}")

    def test_a_changed_schema(self):
        views = [f"DROP VIEW {name}" for name, in self.query("SELECT name FROM sqlite_master WHERE type = 'view'")]
        for statements in ([*views, "ALTER TABLE restore_job DROP COLUMN speed"],
                           ["DROP INDEX restore_job_listed"], ["DROP TABLE sync_watermark"]):
            with self.subTest(statements[-1]):
                self.damage(*statements)
                self.verify(status=6)
        self.damage("ALTER TABLE sync_run ADD COLUMN mine TEXT", "CREATE TABLE mine (x)", "CREATE VIEW mine_too AS SELECT 1",
                    "CREATE INDEX mine_index ON restore_job (vault_id)")
        self.verify()

    def test_an_id_cannot_write_to_the_terminal(self):
        self.damage("UPDATE restore_job SET restore_id = char(27) || '[2J', extra = '[]' WHERE restore_id ="
                    " (SELECT max(restore_id) FROM restore_job WHERE restore_id NOT IN (SELECT restore_id FROM"
                    " restore_job_report) AND restore_id NOT IN (SELECT restore_id FROM restore_job_ots_detail))")
        self.assertIn(r"problem: job \u{001b}[2J: extra", self.verify(status=6).stdout)

    def test_what_is_no_database(self):
        self.database = self.path("absent.db")
        self.verify(status=6)
        self.verify("operand", status=2)
        with open(self.database, "w", encoding="ascii") as file:
            file.write("no database" * 1000)
        self.verify(status=6)


class Interrupted(harness.TestCase):
    """A signal ends a statement on many rows, whatever the command."""

    def setUp(self):
        super().setUp()
        result = self.run_hbrsync("--db", self.database, "import", "-", stdin=b'{"RestoreId":"r-1","Status":"COMPLETE"}')
        self.assertEqual(result.status, 0, result)
        self.change("WITH RECURSIVE n (i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < 300000)"
                    " INSERT INTO restore_job (restore_id, source_id, status, settled_status, vault_id, created_time,"
                    " complete_time, error_message, target_path)"
                    " SELECT 'r-' || (i * 7919 % 1000003), 1, 'COMPLETE', 'COMPLETE', 'v-' || i % 100, 1000000000 + i,"
                    " 1000000000 + i * 7919 % 1000003, 'message ' || i, hex(zeroblob(200)) FROM n")
        self.size = os.path.getsize(self.database)
        self.assertGreater(self.size, 100 << 20)

    def interrupt(self, number, *arguments):
        """Signals the command once it has read so much that it must be inside of a statement, long before its end."""
        process = subprocess.Popen([harness.HBRSYNC, "--db", self.database, *arguments], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment())
        try:
            with open(f"/proc/{process.pid}/io", encoding="ascii") as file:
                while process.poll() is None and int(file.readline().split()[1]) < self.size // 8:
                    file.seek(0)
                    time.sleep(0.001)
            self.assertIsNone(process.poll(), "it ended before the signal")
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=harness.TIMEOUT)
        finally:
            process.kill()
            process.wait()
        self.assertEqual(process.returncode, 128 + number, stderr)
        self.assertIn(b"interrupted by " + signal.Signals(number).name.encode(), stderr)
        return stdout.decode()

    def test_verify_and_report(self):
        self.assertNotIn("sound", self.interrupt(signal.SIGINT, "verify"))
        self.assertEqual(self.interrupt(signal.SIGTERM, "report", "success-rate"), "")
        self.assertNotIn("</html>", self.interrupt(signal.SIGINT, "report", "--format", "html"))
        self.check_database()


class Remote(VerifyTestCase):
    def setUp(self):
        super().setUp()
        self.start("--jobs", 900, "--basic-jobs", 60, "--regions", "cn-hangzhou,cn-beijing", "--seed", 6)
        self.sync()

    def remote(self, *arguments, status=0, **options):
        """verify --remote changes nothing, whatever it finds."""
        before = self.digest()
        rows = self.dump()
        if "--region" not in arguments:
            arguments = (*arguments, "--all-regions")
        result = self.verify("--remote", "--endpoint", self.simulator.endpoint(), "--qps", "1000",
                             *arguments, status=status, **options)
        self.assertEqual(self.digest(), before)
        self.assertEqual(self.dump(), rows)
        return result

    def lines(self, result):
        return [line.split(" ", 1) for line in result.stdout.split("\n") if line.startswith("r-")]

    def test_equal(self):
        result = self.remote()
        self.assertIn("compared 960 jobs: 0 differ", result.stdout)
        self.assertEqual(self.lines(result), [])

    def test_silent_changes(self):
        changed = self.simulator.move(silent_change=3)["silent_change"]
        result = self.remote("--differences", 1000, status=8)
        lines = self.lines(result)
        self.assertEqual({line[0] for line in lines}, set(changed))
        truth = self.simulator.truth()
        stored = harness.stored_jobs(self.database)
        for key, line in lines:
            field = line.split(":")[0]
            self.assertNotEqual(truth[key][2].get(field), stored[key]["restore_job"][harness.snake(field)])
            self.assertIn(str(truth[key][2][field])[:20], line)
        self.assertIn("3 differ", result.stdout)
        self.assertIn("differs", result.stderr)
        self.sync("--full")
        self.remote()

    def test_created_and_vanished(self):
        made = self.simulator.move(create=2, create_closed=1)
        gone = self.simulator.move(vanish=4)["vanish"]
        wanted = {key: "is listed and not stored" for key in made["create"] + made["create_closed"]
                  if key not in gone}
        wanted.update({key: "is no longer listed and not marked so" for key in gone
                       if key in harness.stored_jobs(self.database)})
        result = self.remote(status=8)
        self.assertEqual(dict(self.lines(result)), wanted)
        self.sync()
        self.remote()
        self.simulator.move(return_ids=gone[:1])
        self.assertEqual(self.lines(self.remote(status=8)),
                         [[gone[0], "is listed and marked as no longer listed"]])

    def test_a_row_that_claims_to_be_newer(self):
        key = self.query("SELECT max(restore_id) FROM restore_job WHERE updated_time > 0")[0][0]
        self.change(f"UPDATE restore_job SET updated_time = updated_time + 9, status = 'a\x1b[31m\nb'"
                    f" WHERE restore_id = '{key}'")
        result = self.remote("--verbose", status=8)
        self.assertEqual({line[0] for line in self.lines(result)}, {key})
        self.assertNotIn("\x1b", result.stdout)
        self.assertIn("Status: the service has", result.stdout)
        self.assertIn("UpdatedTime: the service has", result.stdout)

    def test_parts_and_extra(self):
        self.simulator.set(extra_fields=True)
        result = self.remote("--differences", 3, status=8)
        self.assertEqual(len(self.lines(result)), 3)
        self.assertIn("more differences", result.stdout)
        self.assertIn(" extra: ", result.stdout)
        self.simulator.set(extra_fields=False)
        key = self.query("SELECT min(restore_id) FROM restore_job_report")[0][0]
        self.change(f"DELETE FROM restore_job_report WHERE restore_id = '{key}'")
        self.assertEqual(self.lines(self.remote(status=8)), [[key, "Report: only the service has it"]])

    def test_every_part_is_compared(self):
        report, = self.query("SELECT min(restore_id) FROM restore_job_report")[0]
        detail, = self.query("SELECT max(restore_id) FROM restore_job_ots_detail")[0]
        bare, = self.query("SELECT min(restore_id) FROM restore_job WHERE restore_id NOT IN"
                           " (SELECT restore_id FROM restore_job_report)")[0]
        self.change(f"UPDATE restore_job_report SET failed_files = 'mine' WHERE restore_id = '{report}'",
                    f"UPDATE restore_job_ots_detail SET batch_channel_count = 77 WHERE restore_id = '{detail}'",
                    f"INSERT INTO restore_job_report (restore_id) VALUES ('{bare}')")
        lines = dict(self.lines(self.remote(status=8)))
        self.assertEqual(set(lines), {report, detail, bare})
        self.assertRegex(lines[report], "^Report.FailedFiles: .*mine")
        self.assertRegex(lines[detail], "^OtsDetail.BatchChannelCount: .*77")
        self.assertEqual(lines[bare], "Report: only the database has it")

    def test_a_part_of_the_sources(self):
        beijing = self.simulator.move(region="cn-beijing", vanish=1, create=1)
        result = self.remote("--region", "cn-hangzhou")
        self.assertEqual(self.lines(result), [])
        result = self.remote("--region", "cn-beijing", status=8)
        self.assertEqual({line[0] for line in self.lines(result)}, set(beijing["vanish"] + beijing["create"]))
        self.simulator.move(edition="BASIC", region="cn-hangzhou", create=1)
        self.remote("--region", "cn-hangzhou", "--edition", "STANDARD")
        self.remote("--region", "cn-hangzhou", "--edition", "BASIC", status=8)
        self.remote("--region", "cn-hangzhou", "--edition", "GOLD", status=2)

    def test_what_cannot_be_proved_or_read(self):
        self.simulator.set(total_count="absent")
        self.simulator.set(order="random")
        result = self.remote(status=8)
        self.assertIn("proved", result.stderr)
        self.assertEqual(self.lines(result), [])
        self.simulator.control("reset", {})
        self.simulator.set(region_unavailable=["cn-beijing"])
        result = self.remote("--retry-for", "0s", status=3)
        self.assertEqual(self.lines(result), [], "jobs of a region that is down are not gone")
        self.simulator.set(permission=["deny_all"])
        self.remote("--region", "cn-hangzhou", status=4)

    def test_options_of_the_service_want_remote(self):
        for options in (("--all-regions",), ("--region", "cn-beijing"), ("--edition", "BASIC"), ("--profile", "x"),
                        ("--endpoint", self.simulator.endpoint()), ("--trace", self.path("trace"))):
            result = self.run_hbrsync("--db", self.database, "verify", *options)
            self.assertEqual(result.status, 2, result)
            self.assertIn("--remote", result.stderr)

    def test_a_region_that_was_given_up(self):
        self.simulator.set(region_down=["cn-beijing"])
        result = self.remote("--all-regions", status=8)
        self.assertEqual(self.lines(result), [], "jobs of a region that was not read are not gone")
        self.assertIn("sources with stored jobs could not be compared", result.stderr)

    def test_damage_is_told_before_the_service_is_asked(self):
        self.change("PRAGMA foreign_keys = OFF", "DELETE FROM restore_job WHERE restore_id IN"
                    " (SELECT restore_id FROM restore_job_report LIMIT 1)")
        self.simulator.clear_log()
        self.remote(status=6)
        self.assertEqual(self.simulator.requests(), [])

    def test_an_empty_service(self):
        self.simulator.set(region_empty=["cn-beijing"])
        stored = self.query("SELECT count(*) FROM restore_job JOIN sync_source USING (source_id)"
                            " WHERE region_id = 'cn-beijing'")[0][0]
        self.assertIn(f" {stored} no longer listed", self.remote(status=8).stdout)

    def test_interrupted(self):
        self.simulator.set(latency_ms=300)
        before = self.digest()
        process = subprocess.Popen([harness.HBRSYNC, "--db", self.database, "verify", "--remote", "--all-regions",
                                    "--endpoint", self.simulator.endpoint()], env=self.environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(1.5)
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 143, stderr)
        self.assertNotIn(b"Sanitizer", stderr)
        self.assertEqual(self.digest(), before)

    def test_while_a_sync_holds_the_lock(self):
        self.simulator.set(latency_ms=60)
        sync = subprocess.Popen([harness.HBRSYNC, *map(str, self.sync_arguments()), "--all-regions", "--full"],
                                env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while not os.path.exists(self.database + ".lock") or not os.path.exists(self.database + "-wal"):
            time.sleep(0.01)
        result = self.verify("--remote", "--endpoint", self.simulator.endpoint(), "--qps", "1000", "--all-regions")
        self.assertIn("0 differ", result.stdout)
        stderr = sync.communicate(timeout=120)[1]
        self.assertEqual(sync.returncode, 0, stderr)


if __name__ == "__main__":
    unittest.main()
