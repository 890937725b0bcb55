"""publish: a copy for readers, whole at every moment; and readers of the live database beside a sync."""
import ctypes
import ctypes.util
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import threading
import time
import unittest

import harness


def connect(path):
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)


def count(connection):
    return connection.execute("SELECT count(*) FROM restore_job").fetchone()[0]


def odbc_library():
    """unixODBC, where it has the driver SQLite3."""
    name = ctypes.util.find_library("odbc")
    try:
        drivers = subprocess.run(["odbcinst", "-q", "-d"], capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return ctypes.CDLL(name) if name is not None and "[SQLite3]" in drivers else None


def read_by_odbc(path, sql):
    """The rows, each column in a buffer of the type and size that the driver describes it with."""
    odbc, pointer = odbc_library(), ctypes.c_void_p
    handles = [pointer(), pointer(), pointer()]  # environment, connection, statement

    def call(name, *arguments):
        result = getattr(odbc, name)(*arguments)
        assert result in (0, 1, 100), (name, result)
        return result != 100

    call("SQLAllocHandle", 1, None, ctypes.byref(handles[0]))
    call("SQLSetEnvAttr", handles[0], 200, pointer(3), 0)
    call("SQLAllocHandle", 2, handles[0], ctypes.byref(handles[1]))
    call("SQLDriverConnect", handles[1], None, f"DRIVER=SQLite3;Database={path}".encode(), -3, None, 0, None, 0)
    call("SQLAllocHandle", 3, handles[1], ctypes.byref(handles[2]))
    call("SQLExecDirect", handles[2], sql.encode(), -3)
    count = ctypes.c_short()
    call("SQLNumResultCols", handles[2], ctypes.byref(count))
    columns, rows = [], []
    for number in range(1, count.value + 1):
        kind, size, length = ctypes.c_short(), ctypes.c_ulong(), ctypes.c_long()
        call("SQLDescribeCol", handles[2], number, ctypes.create_string_buffer(99), 99, None, ctypes.byref(kind),
             ctypes.byref(size), None, None)
        target, buffer = {4: (4, ctypes.c_int()), -5: (-25, ctypes.c_int64()), 8: (8, ctypes.c_double())}.get(
            kind.value, (1, ctypes.create_string_buffer(4 * size.value + 1)))
        call("SQLBindCol", handles[2], number, target, ctypes.byref(buffer), ctypes.sizeof(buffer), ctypes.byref(length))
        columns.append((buffer, size.value, length))
    while call("SQLFetch", handles[2]):
        rows.append(tuple(None if length.value == -1 else buffer.value.decode()[:size]
                          if isinstance(buffer.value, bytes) else buffer.value for buffer, size, length in columns))
    for kind in (3, 2, 1):
        if kind == 2:
            call("SQLDisconnect", handles[1])
        call("SQLFreeHandle", kind, handles[kind - 1])
    return rows


class PublishTestCase(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = self.path("out")
        os.mkdir(self.folder)
        self.out = os.path.join(self.folder, "copy.db")

    def publish(self, *arguments, out=None, status=0, **options):
        result = self.run_hbrsync("--db", self.database, "publish", *arguments, out or self.out, **options)
        self.assertEqual(result.status, status, result)
        return result

    def import_jobs(self, first, last, text="x" * 400):
        lines = "\n".join(f'{{"RestoreId":"r-{number:06}","TargetPath":"{text}","Report":{{}}}}'
                          for number in range(first, last))
        result = self.run_hbrsync("--db", self.database, "import", "--quiet", "-", stdin=lines.encode())
        self.assertEqual(result.status, 0, result)

    def copied(self, path=None):
        connection = connect(path or self.out)
        try:
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(connection.execute("PRAGMA foreign_key_check").fetchall(), [])
            return count(connection)
        finally:
            connection.close()

    def read(self, path=None):
        with open(path or self.out, "rb") as file:
            return file.read()


class Copy(PublishTestCase):
    def test_the_copy_is_the_database(self):
        self.start("--jobs", 300, "--basic-jobs", 30, "--regions", "cn-hangzhou")
        self.sync()
        self.publish()
        self.assertEqual(os.listdir(self.folder), ["copy.db"])
        before = self.dump()
        live, self.database = self.database, self.out
        self.assertEqual(self.dump(), before)
        self.check_database()
        self.assertEqual(self.query("PRAGMA journal_mode"), [("delete",)])
        self.assertEqual(self.query("PRAGMA application_id"), [(0x48425253,)])
        self.assertEqual(self.query("PRAGMA user_version"), [(harness.SCHEMA_VERSION,)])
        self.assertEqual(self.query("SELECT count(*) FROM v_restore_job"), [(330,)])
        for command in ("status", "export", "verify"):
            result = self.run_hbrsync("--db", self.out, command)
            self.assertEqual(result.status, 0, result)
        self.assertEqual(os.listdir(self.folder), ["copy.db"], "readers left something behind")
        self.database = live

    def test_modes(self):
        self.import_jobs(0, 5)
        for mask, arguments, wanted in ((0o022, (), 0o644), (0o027, (), 0o640), (0o077, ("--mode", "0644"), 0o644),
                                        (0o022, ("--mode", "600"), 0o600)):
            with self.subTest(mask=mask, arguments=arguments):
                self.publish(*arguments, preexec_fn=lambda mask=mask: os.umask(mask))
                self.assertEqual(stat.S_IMODE(os.stat(self.out).st_mode), wanted)
        for mode in ("", "9", "rw", "01777", "1644", "-1"):
            self.publish(f"--mode={mode}", status=2)

    def test_a_reader_of_the_old_copy_is_not_disturbed(self):
        self.import_jobs(0, 100)
        self.publish()
        reader = connect(self.out)
        reader.execute("BEGIN")
        self.assertEqual(count(reader), 100)
        self.import_jobs(100, 250)
        self.publish()
        self.assertEqual(count(reader), 100)
        self.assertEqual(reader.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        reader.close()
        self.assertEqual(self.copied(), 250)

    def test_while_a_sync_runs(self):
        self.start("--jobs", 2000, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync("--region", "cn-hangzhou", "--max-requests", 8, status=8)
        self.simulator.set(latency_ms=40)
        arguments = [*self.sync_arguments(), "--region", "cn-hangzhou", "--page-size", "20"]
        sync = subprocess.Popen([harness.HBRSYNC, *map(str, arguments)], env=self.environment(),
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        counts = []
        while sync.poll() is None:
            self.publish("--quiet")
            counts.append(self.copied())
        self.assertEqual(sync.wait(), 0, sync.stderr.read())
        sync.stderr.close()
        self.publish()
        counts.append(self.copied())
        self.assertEqual(counts, sorted(counts))
        self.assertGreater(len(counts), 2)
        self.assertEqual(counts[-1], 2000)
        self.assert_equals_truth()

    @unittest.skipIf(os.geteuid() == 0 and shutil.which("setpriv") is None, "needs another user")
    def test_from_a_folder_that_cannot_be_written(self):
        self.import_jobs(0, 50)
        os.chmod(self.directory, 0o755)
        self.publish("--mode", "0644")
        os.chmod(self.folder, 0o555)
        self.addCleanup(os.chmod, self.folder, 0o755)
        wrapper = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") if os.geteuid() == 0 else ()
        script = ("import sqlite3, sys; c = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True);"
                  "print(c.execute('SELECT count(*) FROM v_restore_job').fetchone()[0])")
        process = subprocess.run([*wrapper, "/usr/bin/env", "python3", "-c", script, self.out],
                                 env={"PATH": os.environ["PATH"]}, cwd="/", stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, check=False)
        if b"Permission denied" in process.stderr and b"python3" in process.stderr:
            self.skipTest("the other user has no Python")
        self.assertEqual(process.stdout, b"50\n", process.stderr)


class Refusals(PublishTestCase):
    def setUp(self):
        super().setUp()
        self.import_jobs(0, 20)

    def test_the_database_and_its_files(self):
        before = self.read(self.database)
        os.link(self.database, self.path("hard.db"))
        os.symlink(self.database, self.path("soft.db"))
        names = [self.database + suffix for suffix in ("", "-wal", "-shm", "-journal", ".lock")]
        for out in (*names, self.path("hard.db"), self.path("soft.db"), os.path.relpath(self.database, self.directory),
                    self.path("out/../jobs.db"), self.path("out/../jobs.db-wal")):
            with self.subTest(out):
                self.publish(out=out, status=2)
        self.assertEqual(self.read(self.database), before)
        self.check_database()

    def test_the_name_it_is_made_under_is_the_database(self):
        live, self.database = self.database, self.out + ".publishing"
        os.rename(live, self.database)
        before = self.read(self.database)
        self.assertIn("belongs to the database", self.publish(status=2).stderr)
        self.assertEqual(self.read(self.database), before)
        self.check_database()

    def test_another_database_has_the_name_it_is_made_under(self):
        live, self.database = self.database, self.out + ".publishing"
        self.import_jobs(0, 7)
        other, self.database = self.database, live
        before = self.read(other)
        self.assertIn("is in the way", self.publish(status=2).stderr)
        self.assertEqual(self.read(other), before)

    def database_elsewhere(self, journal_mode, out):
        """A database that somebody moved to `out`, without the files that lay beside it; what it holds."""
        live, self.database = self.database, self.path("other.db")
        self.import_jobs(0, 7)
        self.import_jobs(7, 9)
        connection = sqlite3.connect(self.database)
        self.assertEqual(connection.execute(f"PRAGMA journal_mode = {journal_mode}").fetchall(), [(journal_mode,)])
        connection.close()
        os.rename(self.database, out)
        os.unlink(self.database + ".lock")
        self.database = live
        return self.read(out)

    def test_a_database_that_was_moved(self):
        for mode in ("wal", "delete"):  # sync leaves the latter on a network file system
            with self.subTest(mode):
                before = self.database_elsewhere(mode, self.out)
                self.assertIn("was not changed", self.publish(status=2).stderr)
                self.assertEqual(self.read(), before)
                os.unlink(self.out)
        self.publish()

    def test_a_copy_that_somebody_wrote_to(self):
        self.publish()
        connection = sqlite3.connect(self.out)
        connection.execute("CREATE TABLE notes (text)")
        connection.close()
        before = self.read()
        self.assertIn("written to since", self.publish(status=2).stderr)
        self.assertEqual(self.read(), before)

    def test_what_has_the_name_it_is_made_under(self):
        """Nothing is written through a link, and nothing into a folder of somebody else, who could read the copy."""
        name, theirs = self.out + ".publishing", self.path("theirs")
        with open(theirs, "w", encoding="ascii") as file:
            file.write("precious")
        os.mkdir(self.path("elsewhere"))
        for make in (lambda: os.link(theirs, name), lambda: os.symlink(theirs, name), lambda: os.mkfifo(name),
                     lambda: os.symlink(self.path("elsewhere"), name)):
            make()
            self.assertIn("is in the way", self.publish(status=2).stderr)
            os.unlink(name)
        if os.geteuid() == 0:
            os.mkdir(name)
            os.chown(name, 65534, -1)
            self.assertIn("is in the way: it belongs to another user", self.publish(status=2).stderr)
            self.assertEqual(os.listdir(name), [])
        self.assertEqual(self.read(theirs), b"precious")
        self.assertEqual(os.listdir(self.path("elsewhere")), [])

    def test_what_is_not_a_copy(self):
        foreign = self.path("foreign.db")
        connection = sqlite3.connect(foreign)
        connection.execute("CREATE TABLE t (x)")
        connection.commit()
        connection.close()
        with open(self.path("text"), "w", encoding="ascii") as file:
            file.write("precious" * 1000)
        os.mkfifo(self.path("pipe"))
        os.symlink(self.path("nowhere"), self.path("dangling"))
        for out in (foreign, self.path("text")):
            before = self.read(out)
            self.assertIn("not changed", self.publish(out=out, status=2).stderr)
            self.assertEqual(self.read(out), before)
        for out in (self.folder, self.folder + "/", self.path("pipe"), self.path("dangling"),
                    self.path("no/such/folder.db"), "/dev/null", self.path("text/below")):
            with self.subTest(out):
                self.publish(out=out, status=2)
        self.assertEqual(sorted(os.listdir(self.folder)), [])
        self.run_usage()

    def run_usage(self):
        for arguments in ((), (self.out, "more"), ("",)):
            result = self.run_hbrsync("--db", self.database, "publish", *arguments)
            self.assertEqual(result.status, 2, result)

    def test_another_live_database(self):
        live, self.database = self.database, self.path("other.db")
        self.import_jobs(0, 7)
        other, self.database = self.database, live
        self.publish(out=other, status=2)
        self.publish()
        before = self.read()
        for suffix in ("-journal", "-wal"):  # SQLite would apply them to the copy
            with open(self.out + suffix, "wb") as file:
                file.write(b"x" * 600)
            self.publish(status=2)
            self.assertEqual(self.read(), before)
            os.unlink(self.out + suffix)
        self.publish()

    def test_a_newer_copy(self):
        self.publish()
        connection = sqlite3.connect(self.out)
        connection.execute("PRAGMA user_version = 1000")
        connection.close()
        self.publish(status=2)

    def test_an_empty_file_and_a_link_to_a_copy(self):
        with open(self.out, "wb"):
            pass
        link = self.path("link.db")
        os.symlink(self.out, link)
        self.publish(out=link)
        self.assertTrue(os.path.islink(link))
        self.assertEqual(self.copied(), 20)

    def test_no_database(self):
        self.database = self.path("absent.db")
        self.publish(status=6)
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_full_disk_leaves_the_old_copy(self):
        self.publish()
        before = self.read()
        self.import_jobs(20, 3000)
        limit = os.path.getsize(self.database) // 2
        result = self.run_hbrsync("--db", self.database, "publish", self.out,
                                  wrapper=("bash", "-c", f'ulimit -f {limit // 1024}; trap "" XFSZ; exec "$0" "$@"'))
        self.assertEqual(result.status, 6, result)
        self.assertEqual(self.read(), before)
        self.assertEqual(os.listdir(self.folder), ["copy.db"])


class Tables(PublishTestCase):
    """publish --tables: what readers believe of types is true."""
    LONG = "\u957f" * 300
    BYTES = 1479854723555

    def setUp(self):
        super().setUp()
        lines = [json.dumps({
            "RestoreId": f"r-{number}", "Status": "FAILED", "ErrorMessage": self.LONG, "VaultId": "v-1", "ParentId": "",
            "BytesTotal": self.BYTES, "BytesDone": self.BYTES, "CreatedTime": 1700000000 + number, "StartTime": 1700000010,
            "CompleteTime": 1700000110, "UpdatedTime": at, "Progress": 5012, "Include": json.dumps(["/" + self.LONG]),
            "Options": json.dumps({"UseVSS": True, "Note": self.LONG}),
            "UdmDetail": json.dumps({"osName": self.LONG, "bootAfterRestore": True}),
            "FailbackDetail": json.dumps({"cpu": 4, "serverId": self.LONG})}) for at in (1, 2) for number in range(3)]
        for half in (lines[:3], lines[3:]):
            result = self.run_hbrsync("--db", self.database, "import", "-", stdin="\n".join(half).encode())
            self.assertEqual(result.status, 0, result)

    def rows(self, path, name):
        connection = connect(path)
        try:
            return sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
        finally:
            connection.close()

    def test_each_view_is_a_table_with_its_rows(self):
        for _ in range(2):  # the second replaces the first
            self.publish("--tables")
        plain = os.path.join(self.folder, "plain.db")
        self.publish(out=plain)
        self.assertEqual(self.query("SELECT count(*) FROM v_restore_change"), [(3,)])
        views = [name for name, in self.query("SELECT name FROM sqlite_master WHERE type = 'view'")]
        self.assertGreater(len(views), 11)
        connection = connect(self.out)
        self.addCleanup(connection.close)
        tables = dict(connection.execute("SELECT name, type FROM sqlite_master WHERE name GLOB 'v_*' AND type <> 'index'"))
        self.assertEqual(tables, dict.fromkeys(views, "table"))
        for name in views:
            columns = connection.execute(f"SELECT name, type FROM pragma_table_info('{name}')").fetchall()
            self.assertLessEqual({kind for _, kind in columns}, {"BIGINT", "INTEGER", "REAL", "TEXT"})
            # Not those with ages, and those with values of any type, which become texts.
            if name not in ("v_restore_open", "v_sync_health", "v_restore_change", "v_restore_job_option"):
                self.assertEqual(self.rows(self.out, name), self.rows(plain, name), name)
            for column, kind in columns:  # what is in it is what it is declared to be
                found = {kind for kind, in connection.execute(
                    f"SELECT DISTINCT typeof({column}) FROM {name} WHERE {column} IS NOT NULL")}
                self.assertLessEqual(found, {"text"} if kind == "TEXT" else {"real"} if kind == "REAL" else {"integer"},
                                     (name, column))
        changes = connection.execute("SELECT old_value, new_value FROM v_restore_change").fetchall()
        self.assertEqual(changes, [("1", "2")] * 3)
        plan = str(connection.execute("EXPLAIN QUERY PLAN SELECT * FROM v_restore_job WHERE vault_id = 'x'").fetchall())
        self.assertIn("USING INDEX v_restore_job_vault_id", plan)
        self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])

    def test_a_copy_with_tables_is_one_that_hbrsync_reads(self):
        self.publish("--tables")
        live, self.database = self.database, self.out
        for command in (("status",), ("report", "summary"), ("report", "open"), ("export", "--format", "csv"), ("verify",)):
            result = self.run_hbrsync("--db", self.out, *command)
            self.assertEqual(result.status, 0, result)
        result = self.run_hbrsync("--db", self.out, "import", "-", stdin=b'{"RestoreId":"r-9"}')
        self.assertEqual(result.status, 6, result)
        self.assertIn("sync the original", result.stderr)
        self.database = live

    def test_a_user_s_view_and_trigger(self):
        connection = sqlite3.connect(self.database)
        connection.executescript("CREATE VIEW mine AS SELECT count(*) AS jobs FROM v_restore_job;"
                                 "CREATE TRIGGER t AFTER INSERT ON restore_job BEGIN SELECT 1; END;")
        connection.close()
        self.publish("--tables")
        self.assertEqual(self.rows(self.out, "mine"), [(3,)])
        connection = connect(self.out)
        self.assertEqual(connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").fetchone(), (0,))
        connection.close()

    @unittest.skipIf(odbc_library() is None, "no unixodbc or no libsqliteodbc")
    def test_through_odbc(self):
        """As Excel and Power BI read: by the types and lengths that the driver gives the columns."""
        self.publish("--tables")
        for path in (self.database, self.out):
            self.assertEqual(read_by_odbc(path, "SELECT bytes_total, error_message, include, created_time FROM v_restore_job"
                                                " WHERE restore_id = 'r-1'"),
                             [(self.BYTES, self.LONG, json.dumps(["/" + self.LONG]), 1700000001)])
        self.assertNotEqual(read_by_odbc(self.database, "SELECT os_name FROM v_restore_job_udm"), [(self.LONG,)] * 3)
        names = [name for name, in self.query("SELECT name FROM sqlite_master WHERE type = 'view'")]
        for name in names:
            rows = sorted(read_by_odbc(self.out, f"SELECT * FROM {name}"), key=repr)
            self.assertEqual(rows, self.rows(self.out, name), name)


class Deaths(PublishTestCase):
    def test_kill_at_every_step(self):
        self.import_jobs(0, 100)
        self.publish()
        old, temporary, modes = self.read(), self.out + ".publishing", []
        self.import_jobs(100, 200)
        for step in range(1, 20):
            os.mkdir(temporary)
            os.chmod(temporary, 0o777)  # whatever its mode, it is private before it is used
            result = self.run_hbrsync("--db", self.database, "publish", self.out,
                                      env=self.environment(HBRSYNC_TEST_KILL_AT_STEP=str(step)),
                                      preexec_fn=lambda: os.umask(0o022))
            if result.status == 0:
                break
            self.assertEqual(result.status, -signal.SIGKILL, result)
            renamed = self.read() != old
            self.assertEqual(self.copied(), 200 if renamed else 100)
            if not renamed:
                modes.append(stat.S_IMODE(os.stat(temporary).st_mode))
            self.publish()
            self.assertEqual(self.copied(), 200)
            self.assertEqual(os.listdir(self.folder), ["copy.db"])
            with open(self.out, "wb") as file:
                file.write(old)
        self.assertGreater(step, 3)
        self.assertEqual(set(modes), {0o700})

    def test_signals_leave_nothing_behind(self):
        self.import_jobs(0, 9000, "y" * 1500)
        with open(self.out, "wb"):
            pass
        ended = set()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL) * 3:
            process = subprocess.Popen([harness.HBRSYNC, "--db", self.database, "publish", self.out],
                                       env=self.environment(), stderr=subprocess.PIPE)
            while process.poll() is None and not os.path.exists(self.out + ".publishing"):
                time.sleep(0.001)
            process.send_signal(number)
            status = process.wait()
            self.assertNotIn(b"Sanitizer", process.stderr.read())
            process.stderr.close()
            if status == 0:  # it was faster than the signal
                continue
            ended.add(number)
            self.assertEqual(status, -9 if number == signal.SIGKILL else 128 + number)
            self.assertEqual(os.path.getsize(self.out), 0)
            left = set(os.listdir(self.folder)) - {"copy.db"}
            if number != signal.SIGKILL:
                self.assertEqual(left, set())
                continue
            self.assertEqual(left, {"copy.db.publishing"})
            folder = self.out + ".publishing"
            self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o700)
            self.assertLessEqual(set(os.listdir(folder)), {"copy", "copy-journal"})
            self.publish()
            self.assertEqual(self.copied(), 9000)
            self.assertEqual(os.listdir(self.folder), ["copy.db"])
            with open(self.out, "wb"):
                pass
        self.assertTrue(ended)
        os.mkdir(self.out + ".publishing")
        for name in ("copy", "copy-journal"):  # as a kill leaves them
            with open(os.path.join(self.out + ".publishing", name), "wb") as file:
                file.write(b"half" * 3000)
        self.publish()
        self.assertEqual(self.copied(), 9000)
        self.assertEqual(os.listdir(self.folder), ["copy.db"])

    def test_two_at_once(self):
        self.import_jobs(0, 4000, "z" * 1000)
        processes = [subprocess.Popen([harness.HBRSYNC, "--db", self.database, "publish", self.out],
                                      env=self.environment(), stderr=subprocess.DEVNULL) for _ in range(4)]
        statuses = [process.wait() for process in processes]
        self.assertIn(0, statuses)
        self.assertLessEqual(set(statuses), {0, 7})
        self.assertEqual(self.copied(), 4000)
        self.assertEqual(os.listdir(self.folder), ["copy.db"])


class Readers(PublishTestCase):
    """Readers that open the live database itself, as BI tools do."""

    def start_sync(self, jobs):
        self.start("--jobs", jobs, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync("--region", "cn-hangzhou", "--max-requests", 8, status=8)
        self.simulator.set(latency_ms=30)

    def test_a_reader_sees_whole_batches_alone(self):
        self.start_sync(1500)
        truth = self.simulator.truth()
        problems = []
        looks = []
        done = threading.Event()

        def look():
            while not done.is_set():
                reader = connect(self.database)
                reader.execute("BEGIN")
                before = count(reader)
                parts = {"restore_job_report": "Report", "restore_job_ots_detail": "OtsDetail"}
                ids = [row[0] for row in reader.execute("SELECT restore_id FROM restore_job")]
                for table, name in parts.items():
                    stored = {row[0] for row in reader.execute(f"SELECT restore_id FROM {table}")}
                    wanted = {key for key in ids if isinstance(truth[key][2].get(name), dict)}
                    if stored != wanted:
                        problems.append((table, stored ^ wanted))
                if reader.execute("PRAGMA foreign_key_check").fetchall() or count(reader) != before:
                    problems.append("not one moment")
                looks.append(before)
                reader.close()
                time.sleep(0.01)

        thread = threading.Thread(target=look)
        thread.start()
        try:
            self.sync("--region", "cn-hangzhou", "--page-size", 30)
        finally:
            done.set()
            thread.join()
        self.assertEqual(problems, [])
        self.assertEqual(looks, sorted(looks))
        self.assertGreater(len(set(looks)), 3)
        self.assert_equals_truth()

    def check_open_reader(self, holds):
        """A sync beside a reader that stays in its transaction is not slower than the wait for a lock."""
        self.simulator.move(create=30, finish=5)
        started = time.monotonic()
        self.sync("--region", "cn-hangzhou")
        self.assertLess(time.monotonic() - started, 5 + 10, "the busy timeout and the work itself")
        holds()
        self.assert_equals_truth()
        self.check_database()

    def test_a_writer_in_a_transaction(self):
        """A program that writes for a moment ends no sync: that waits."""
        self.start("--jobs", 20, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync()
        self.simulator.move(create=1)
        writer = sqlite3.connect(self.database, isolation_level=None, check_same_thread=False)
        self.addCleanup(writer.close)
        writer.execute("BEGIN IMMEDIATE")
        release = threading.Timer(2.5, writer.execute, ("COMMIT",))
        release.start()
        self.addCleanup(release.join)
        self.sync()
        self.assert_equals_truth()

    def test_python_in_a_transaction(self):
        self.start_sync(600)
        reader = connect(self.database)
        self.addCleanup(reader.close)
        reader.execute("BEGIN")
        before = count(reader)
        self.check_open_reader(lambda: self.assertEqual(count(reader), before))
        reader.execute("COMMIT")
        self.assertGreater(count(reader), before)

    @unittest.skipIf(shutil.which("sqlite3") is None, "no sqlite3 shell")
    def test_the_shell_in_a_transaction(self):
        self.start_sync(600)
        shell = subprocess.Popen(["sqlite3", "-readonly", self.database], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        ask = "SELECT count(*) FROM restore_job;\n"

        def answer(text):
            shell.stdin.write(text)
            shell.stdin.flush()
            return int(shell.stdout.readline())

        before = answer("BEGIN;\n" + ask)
        self.check_open_reader(lambda: self.assertEqual(answer(ask), before))
        self.assertGreater(answer("COMMIT;\n" + ask), before)
        shell.communicate(".quit\n", timeout=60)


if __name__ == "__main__":
    unittest.main()
