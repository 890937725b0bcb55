"""How tools of this kind lose data, storm a service or get in their users' way: each of these was met somewhere, and
each test plays one of them to the end."""
import os
import sqlite3
import subprocess
import threading
import time
import unittest

import harness

REGION = ("--region", "cn-hangzhou", "--edition", "STANDARD")


class Story(harness.TestCase):
    def world(self, jobs=150, *options, **settings):
        self.start("--jobs", jobs, "--basic-jobs", 0, "--regions", "cn-hangzhou", *options)
        if settings:
            self.simulator.set(**settings)

    def small_pages(self, *options, **more):
        return self.sync(*REGION, "--page-size", 20, *options, **more)

    def source(self, *options, **more):
        return self.small_pages(*options, **more).json()["sources"][0]

    def marked(self):
        return {row[0] for row in self.query("SELECT restore_id FROM restore_job WHERE missing_since IS NOT NULL")}

    def watermark(self):
        return self.query("SELECT updated_time FROM sync_watermark WHERE proved = 1 AND updated_time > 0")

    def write(self, sql, *values):
        connection = sqlite3.connect(self.database)
        connection.execute(sql, values)
        connection.commit()
        connection.close()


class Listing(Story):
    def test_the_first_page_is_not_everything(self):
        """208 rows exist, 10 come out, exit 0."""
        self.world(208)
        self.sync(*REGION, "--page-size", 10)
        self.assert_equals_truth()
        self.assertEqual(self.query("SELECT count(*) FROM restore_job"), [(208,)])

    def test_pages_without_news_are_not_the_end(self):
        """A page all of whose rows are known ended the walk; what is new stands on the last page."""
        self.world(150, order="created_asc")
        self.small_pages()
        created = self.simulator.move(edition="STANDARD", create=2, create_closed=2)
        self.assertEqual(self.source("--full")["inserted"], 4, created)
        self.assert_equals_truth()

    def test_no_order_is_relied_upon(self):
        """Early stop on a feed that was newest first, until it was not."""
        self.world(150)
        self.small_pages()
        for order in ("updated_asc", "hash", "complete_desc", "created_asc"):
            self.simulator.set(order=order)
            self.simulator.move(edition="STANDARD", create=1, create_closed=3, finish=1)
            self.assertEqual(self.source()["mode"], "delta")
            self.assert_equals_truth()

    def test_empty_pages_and_a_greater_total_end(self):
        """A loop until as many rows came as TotalCount says never ends where it says too many."""
        self.world(150, total_count="wrong_by_one", deep_page_cap=100, deep_page_mode="empty")
        source = self.source(status=8)
        self.assertLess(source["requests"], 400)
        self.assertEqual(source["proof"], "unproved")
        self.assertNotEqual(self.query("SELECT proof_detail FROM sync_run ORDER BY run_id DESC LIMIT 1"), [("",)])

    def test_deletes_between_pages_skip_no_row(self):
        """In ascending order each record that expires between two pages moves a row onto a page already read."""
        self.world(300, order="created_asc", drift="deletes", drift_place="old", drift_limit=60)
        before = self.moment()
        self.small_pages()
        self.assert_no_silent_miss(before)
        self.simulator.set(drift="none")
        self.small_pages()
        self.assertEqual(set(self.simulator.truth()) - set(harness.stored_jobs(self.database)), set())

    def test_regions_are_data(self):
        """A region list in the program misses the regions that were opened after it was written."""
        self.start("--jobs", 40, "--basic-jobs", 0, "--regions", "cn-hangzhou,xx-nowhere-9")
        self.sync()
        self.assert_equals_truth()
        self.assertIn(("xx-nowhere-9",), self.query("SELECT DISTINCT region_id FROM sync_source"))

    def test_an_empty_answer_where_jobs_were_is_a_warning(self):
        self.world(120)
        self.small_pages()
        self.simulator.set(region_empty=["cn-hangzhou"])
        result = self.small_pages(status=8)
        self.assertRegex(result.stderr, "warning: .*120")
        self.assertEqual(self.marked(), set())


class Cursor(Story):
    def test_ties_at_the_watermark(self):
        """Rows of the very second at which the last run ended never came."""
        self.world(150)
        for _ in range(3):
            self.small_pages()
            newest = self.watermark()[0][0]
            # In the same second as the newest that is stored, and in the one after it.
            self.simulator.move(edition="STANDARD", create_closed=2)
            self.simulator.control("advance", {"seconds": 1})
            self.simulator.move(edition="STANDARD", create_closed=2, finish=1)
            self.assertEqual(self.source()["mode"], "delta")
            self.assert_equals_truth()
            self.assertGreaterEqual(self.watermark()[0][0], newest)

    def test_ties_leave_nothing_in_the_state(self):
        """One hash for each row of the newest second, written with every run: megabytes of state."""
        self.world(60, "--burst", 400)
        self.small_pages()
        state = self.dump("restore_job", "restore_job_report", "restore_job_ots_detail", "restore_job_change")
        size = len(repr(state))
        self.simulator.move(edition="STANDARD", create_closed=60)
        self.small_pages()
        again = self.dump("restore_job", "restore_job_report", "restore_job_ots_detail", "restore_job_change")
        self.assertLess(len(repr(again)), size + 4000)

    def test_the_overlap_reaches_back_in_every_run(self):
        """A look back that was taken off the start date once, and never off the watermark."""
        self.world(150)
        self.small_pages()
        edges = []
        for _ in range(3):
            self.simulator.control("advance", {"seconds": 7200})
            self.simulator.move(edition="STANDARD", create_closed=2)
            self.small_pages("--overlap", "15m")
            newest = self.watermark()[0][0]
            self.simulator.clear_log()
            self.small_pages("--overlap", "15m")
            edges.append((newest - 900, self.edges_asked()))
        for latest, asked in edges:
            self.assertTrue(asked)
            self.assertTrue(all(edge <= latest for edge in asked), (latest, asked))
            self.assertTrue(any(edge > latest - 7200 for edge in asked), "it starts again from the beginning")

    def edges_asked(self):
        edges = []
        for entry in self.simulator.requests():
            parameters = entry["parameters"]
            if parameters.get("Filters.1.Operator") == "GREATER_THAN_OR_EQUAL":
                edges.append(int(parameters["Filters.1.Values.1"]))
        return edges

    def test_a_job_open_for_long_is_not_passed_by(self):
        """The watermark went past a job under way, whose end nobody asked for any more."""
        self.world(150)
        self.small_pages()
        for _ in range(4):
            self.simulator.control("advance", {"seconds": 5 * 86400})
            self.simulator.move(edition="STANDARD", create_closed=5)
            self.assertEqual(self.source("--full-every", "365d")["mode"], "delta")
        self.simulator.move(edition="STANDARD", finish=3, fail=2)
        self.simulator.control("advance", {"seconds": 86400})
        self.simulator.move(edition="STANDARD", create_closed=5)
        self.assertEqual(self.source("--full-every", "365d")["mode"], "delta")
        self.assert_equals_truth()

    def test_an_empty_run_moves_no_watermark_back(self):
        self.world(150)
        self.small_pages()
        before = self.watermark()
        for _ in range(2):
            self.small_pages()
            self.assertEqual(self.watermark(), before)
        self.simulator.set(region_empty=["cn-hangzhou"])
        self.small_pages(status=8)
        self.assertEqual(self.query("SELECT updated_time FROM sync_watermark WHERE updated_time > 0"), before)

    def test_a_failed_run_moves_no_watermark(self):
        """The time of the last update was kept although the update had failed: a hole for ever."""
        self.world(150)
        self.small_pages()
        before = self.watermark()
        self.simulator.control("advance", {"seconds": 3600})
        self.simulator.move(edition="STANDARD", create_closed=50, finish=2)
        for at in (1, 2, 3, 5):
            self.simulator.fault("http", status=403, code="NoPermission", at=at, count=0, action="DescribeRestoreJobs2")
            self.small_pages(status=4)
            self.simulator.control("clear_faults", {})
            self.assertEqual(self.query("SELECT updated_time FROM sync_watermark WHERE updated_time > 0"), before)
        self.small_pages()
        self.assert_equals_truth()

    def test_nothing_new_costs_and_writes_next_to_nothing(self):
        """The state was never flushed, so that every run read everything."""
        self.world(600, "--reports-open", 0)
        self.small_pages()
        before = self.dump("sync_run")
        self.assertLessEqual(self.source()["requests"], 4)
        self.assertEqual(self.dump("sync_run"), before)

    def test_no_local_time_anywhere(self):
        """A time written without its zone moved the edge by hours."""
        self.world(150)
        databases = []
        for zone in ("UTC", "Asia/Shanghai", "America/St_Johns", "ABC-14:30"):
            self.database = self.path(zone.replace("/", "-") + ".db")
            environment = self.environment(TZ=zone)
            self.small_pages(env=environment)
            self.small_pages(env=environment)
            export = self.run_hbrsync("--db", self.database, "export", "--format", "csv", env=environment)
            report = self.run_hbrsync("--db", self.database, "report", "success-by-month", "--format", "csv",
                                      env=environment)
            self.assertEqual((export.status, report.status), (0, 0))
            databases.append((export.stdout, report.stdout))
        self.assertEqual(len(set(databases)), 1)


class Marks(Story):
    def test_a_narrower_run_marks_nothing(self):
        """What a run did not ask for was taken for gone, and deleted."""
        self.start("--jobs", 260, "--basic-jobs", 60, "--regions", "cn-hangzhou,cn-beijing")
        self.sync()
        count = self.query("SELECT count(*) FROM restore_job")
        for options in (("--region", "cn-beijing"), ("--edition", "BASIC"), ("--restore-type", "OSS"),
                        ("--filter", "Status EQUAL FAILED"), ("--region", "cn-hangzhou", "--filter", "VaultId EQUAL v")):
            self.sync(*options, "--full")
            self.assertEqual(self.marked(), set(), options)
            self.assertEqual(self.query("SELECT count(*) FROM restore_job"), count)
        self.assert_equals_truth()

    def test_a_walk_cut_short_marks_nothing(self):
        self.world(150)
        self.small_pages()
        self.simulator.move(vanish_old=3)
        for limit in range(1, 8):
            self.small_pages("--full", "--max-requests", limit, status=8)
            self.assertEqual(self.marked(), set())


class Writing(Story):
    def count_writes(self):
        """Triggers of the user's own that note every write of a job's row."""
        self.write("CREATE TABLE user_audit (what TEXT, restore_id TEXT)")
        for what, row in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old")):
            self.write(f"CREATE TRIGGER user_{what.lower()} AFTER {what} ON restore_job BEGIN"
                       f" INSERT INTO user_audit VALUES ('{what}', {row}.restore_id); END")

    def test_a_row_that_did_not_change_is_not_written(self):
        """INSERT OR REPLACE makes of every row a delete and an insert, and change tracking goes wild."""
        self.world(150)
        self.small_pages()
        self.count_writes()
        names = ("user_insert", "user_update", "user_delete")
        self.small_pages("--full", *(word for name in names for word in ("--allow-trigger", name)))
        self.small_pages()
        self.assertEqual(self.query("SELECT * FROM user_audit"), [])
        changed = self.simulator.move(silent_change_old=1)["silent_change_old"]
        self.small_pages("--full")
        self.assertEqual(self.query("SELECT * FROM user_audit"), [("UPDATE", changed[0])])

    def test_what_users_put_beside_our_tables_stays(self):
        """A migration dropped the table, or failed because of a view on it."""
        self.world(80)
        self.small_pages()
        self.write("CREATE VIEW my_failures AS SELECT restore_id, error_message FROM v_restore_job WHERE status = 'FAILED'")
        self.write("CREATE TABLE my_notes (restore_id TEXT, note TEXT)")
        self.write("INSERT INTO my_notes VALUES ('r-1', 'drill of the third quarter')")
        self.write("DROP VIEW v_restore_daily")  # so that the views are made anew
        before = self.query("SELECT * FROM my_failures ORDER BY 1")
        self.small_pages("--full")
        self.assertEqual(self.query("SELECT * FROM my_failures ORDER BY 1"), before)
        self.assertEqual(self.query("SELECT note FROM my_notes"), [("drill of the third quarter",)])

    def test_new_fields_and_values_are_kept(self):
        """A strict schema: one new field took the service down; a new type was refused."""
        self.world(60)
        self.simulator.set(extra_fields=True)
        self.small_pages()
        self.assert_equals_truth()
        self.simulator.move(edition="STANDARD", odd=2)  # with a Status that no document knows
        self.small_pages("--full")
        self.assert_equals_truth()

    def test_look_ups_of_what_was_seen_use_an_index(self):
        """33 rows a second, or all of them in memory: here rows cost the same and memory does not grow with them."""
        peaks = []
        for jobs in (1500, 9000):
            self.database = self.path(f"{jobs}.db")
            self.world(jobs)
            peaks.append(self.peak_of_a_sync())
            self.assertEqual(self.query("SELECT count(*) FROM restore_job"), [(jobs,)])
            self.stop()
        self.assertLess(peaks[1], 1.5 * peaks[0], "memory grows with the number of jobs")

    def peak_of_a_sync(self):
        """Kilobytes of memory at most."""
        environment = self.environment()
        environment["ASAN_OPTIONS"] += ":quarantine_size_mb=1"  # what a sanitizer holds back is not the program's
        process = subprocess.Popen([harness.HBRSYNC, *self.sync_arguments(), *REGION], env=environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        return usage.ru_maxrss


class Cron(Story):
    def test_throttling_is_no_storm(self):
        """1,000 records cost 1,407 throttled requests: here a throttled answer stops the whole region."""
        self.world(150)
        peace = self.source()["requests"]
        self.database = self.path("throttled.db")
        self.simulator.fault("throttle", at=3, count=4, retry_after_ms=30, action="DescribeRestoreJobs2")
        source = self.source("--connections", 8)
        self.assertEqual(source["throttled"], 4)
        self.assertLessEqual(source["requests"], peace + 4)
        self.assert_equals_truth()

    def test_partial_success_says_so(self):
        """Some tables failed, the message said completed, and the exit code was 0."""
        self.start("--jobs", 60, "--basic-jobs", 0, "--regions", "cn-hangzhou,cn-beijing")
        self.simulator.fault("http", status=500, count=0, region="cn-beijing", action="DescribeRestoreJobs2")
        result = self.sync("--edition", "STANDARD", "--retry-for", "1s", status=3)
        self.assertIn("cn-beijing", result.stderr)
        self.assertEqual({source["region_id"]: source["outcome"] for source in result.json()["sources"]},
                         {"cn-hangzhou": "done", "cn-beijing": "failed"})

    def test_nothing_new_is_told_from_nothing_done(self):
        """0 records synced: is that good news?"""
        self.world(150)
        self.small_pages()
        result = self.run_hbrsync(*[argument for argument in self.sync_arguments() if argument != "--json"], *REGION)
        self.assertRegex(result.stderr, r"checked \d+ jobs?, 0 new, 0 changed.*; proved complete")

    def test_a_lock_file_that_was_left_behind(self):
        """Every later run was refused until somebody deleted a file."""
        self.world(60)
        with open(self.database + ".lock", "w", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
        os.chmod(self.database + ".lock", 0o600)
        self.small_pages()
        self.small_pages(env=self.environment(HBRSYNC_TEST_KILL_AT_STEP="3"), status=None)
        self.small_pages()
        self.assert_equals_truth()

    def test_another_writer_is_waited_for(self):
        """Database is locked: a mail from cron each time."""
        self.world(60)
        self.small_pages()
        self.simulator.move(edition="STANDARD", create_closed=2)
        connection = sqlite3.connect(self.database, isolation_level=None, check_same_thread=False)
        connection.execute("BEGIN IMMEDIATE")
        holder = threading.Timer(0.7, connection.execute, ("ROLLBACK",))
        holder.start()
        try:
            self.small_pages()
        finally:
            holder.join()
            connection.close()
        self.assert_equals_truth()

    def test_a_reader_for_hours_does_not_leave_a_log_that_grows(self):
        """1.7 GB of WAL behind a reader, and it stayed after the reader had gone."""
        self.world(60)
        self.small_pages()
        reader = sqlite3.connect(self.database, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM restore_job").fetchall()
        for _ in range(3):
            self.simulator.move(edition="STANDARD", create_closed=20)
            self.small_pages()
        self.assertGreater(os.path.getsize(self.database + "-wal"), 0)
        reader.execute("COMMIT")
        reader.close()
        self.small_pages()
        wal = self.database + "-wal"
        self.assertTrue(not os.path.exists(wal) or os.path.getsize(wal) == 0)
        self.assert_equals_truth()


class Readers(Story):
    def test_times_are_text_that_tools_understand(self):
        """Seconds read as days, text that no chart takes for a time."""
        self.world(150)
        self.small_pages()
        columns = [row[1] for row in self.query("PRAGMA table_info(v_restore_job)")]
        times = [name for name in columns if name.endswith("_utc")]
        self.assertGreaterEqual(len(times), 7)
        for name in times:
            for value, epoch in self.query(f"SELECT {name}, {name[:-4]} FROM v_restore_job"):
                if value is None:
                    self.assertIn(epoch, (None, 0), name)
                else:
                    self.assertRegex(value, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", name)
                    self.assertEqual(value, time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(epoch)), name)

    def test_a_copy_for_readers_needs_no_file_beside_it(self):
        """Attempt to write a readonly database: a reader of a WAL database wants to make a file."""
        self.world(60)
        self.small_pages()
        folder = self.path("shared")
        os.mkdir(folder)
        copy = os.path.join(folder, "copy.db")
        self.assertEqual(self.run_hbrsync("--db", self.database, "publish", copy).status, 0)
        os.chmod(copy, 0o444)
        with open(copy, "rb") as file:
            self.assertEqual(file.read(20)[18:20], b"\x01\x01", "the file asks for WAL")
        connection = sqlite3.connect(f"file:{copy}?mode=ro", uri=True)
        self.assertEqual(connection.execute("SELECT count(*) FROM v_restore_job").fetchone(), (60,))
        connection.close()
        self.assertEqual(os.listdir(folder), ["copy.db"])

    @unittest.skipUnless("HBRSYNC_NETWORK_FILE_SYSTEM" in os.environ, "the library that plays a network file system")
    def test_no_wal_on_a_network_file_system(self):
        """WAL on NFS: damage, or a failure that no setting cures, because the mode is in the file."""
        self.world(60)
        environment = self.environment(LD_PRELOAD=os.environ["HBRSYNC_NETWORK_FILE_SYSTEM"])
        environment["ASAN_OPTIONS"] += ":verify_asan_link_order=0"
        self.small_pages()
        self.assertEqual(self.query("PRAGMA journal_mode"), [("wal",)])
        self.small_pages(env=environment)
        self.assertEqual(self.query("PRAGMA journal_mode"), [("delete",)])
        self.assertEqual([name for name in os.listdir(self.directory) if name.endswith(("-wal", "-shm"))], [])
        self.simulator.move(edition="STANDARD", create_closed=2)
        self.small_pages(env=environment)
        self.assert_equals_truth()
        result = self.run_hbrsync("--db", self.database, "doctor", "--region", "cn-hangzhou", "--endpoint",
                                  self.simulator.endpoint(), env=environment)
        self.assertEqual(result.status, 0, result)
        self.assertRegex(result.stdout, r"(?m)^ok .* is sound: schema 1, journal mode delete, ")
        self.assertRegex(result.stdout, r"(?m)^warning .* is on a network file system")

    @unittest.skipUnless("HBRSYNC_NETWORK_FILE_SYSTEM" in os.environ, "the library that plays a network file system")
    def test_no_wal_in_a_folder_shared_into_a_virtual_machine(self):
        for name, number, mode in (("vboxsf", "786f4256", "delete"), ("vmhgfs", "bacbacbc", "delete"),
                                   ("prl_fs", "7c7c6673", "delete"), ("9p", "01021997", "delete"),
                                   ("virtiofs and vmhgfs-fuse", "65735546", "delete"), ("ext4", "ef53", "wal")):
            environment = self.environment(LD_PRELOAD=os.environ["HBRSYNC_NETWORK_FILE_SYSTEM"],
                                           HBRSYNC_FILE_SYSTEM=number)
            environment["ASAN_OPTIONS"] += ":verify_asan_link_order=0"
            self.database = self.path(f"{number}.db")
            result = self.run_hbrsync("--db", self.database, "import", "-", stdin=b'{"RestoreId":"r-1"}',
                                      env=environment)
            self.assertEqual(result.status, 0, result)
            self.assertEqual(self.query("PRAGMA journal_mode"), [(mode,)], name)

    def test_the_journal_mode_of_the_user(self):
        """A new database is in WAL mode, and so is a copy that is put in its place; what the user chose stays."""
        def take():
            result = self.run_hbrsync("--db", self.database, "import", "-", stdin=b'{"RestoreId":"r-%d"}' % time.time_ns())
            self.assertEqual(result.status, 0, result)
            return self.query("PRAGMA journal_mode")[0][0]

        self.assertEqual(take(), "wal")
        for mode in ("delete", "truncate", "persist"):
            connection = sqlite3.connect(self.database, isolation_level=None)
            connection.execute(f"PRAGMA journal_mode = {mode}")
            connection.execute("CREATE TABLE IF NOT EXISTS note (text)")
            connection.execute("INSERT INTO note VALUES ('a journal is left by persist')")
            connection.close()
            self.assertEqual([take(), take()], ["delete", "delete"])  # of a reader: the other two are not in the file
            self.assertEqual([name for name in os.listdir(self.directory) if name.endswith(("-wal", "-shm"))], [])
            result = self.run_hbrsync("--db", self.database, "verify")
            self.assertEqual(result.status, 0, result)
        copy = self.path("copy.db")
        self.assertEqual(self.run_hbrsync("--db", self.database, "publish", copy).status, 0)
        os.replace(copy, self.database)
        self.assertEqual(take(), "wal")


if __name__ == "__main__":
    unittest.main()
