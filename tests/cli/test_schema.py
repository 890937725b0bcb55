"""The schema of the database is input, too: what is not as this version makes it is told and not run; what users add is
theirs."""
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

import harness

ENDLESS = ("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS restore_id, x AS source_id,"
           " x AS updated_time, x AS missing_since, x AS status, x AS complete_time, x AS restore_type FROM n")
FTS = """CREATE VIRTUAL TABLE restore_job_fts USING fts5(target_path, content=restore_job);
CREATE TRIGGER restore_job_ai AFTER INSERT ON restore_job BEGIN
  INSERT INTO restore_job_fts (rowid, target_path) VALUES (new.rowid, new.target_path);
END;"""


class SchemaTestCase(harness.TestCase):
    def take(self, *arguments, job="r-1", status=0):
        result = self.run_hbrsync("--db", self.database, "import", *arguments, "-",
                                  stdin=f'{{"RestoreId":"{job}","TargetPath":"path of {job}"}}'.encode())
        self.assertEqual(result.status, status, result)
        return result

    def script(self, text):
        connection = sqlite3.connect(self.database)
        try:
            connection.executescript("PRAGMA legacy_alter_table = ON;" + text)
        finally:
            connection.close()

    def verify(self, status=0):
        result = self.run_hbrsync("--db", self.database, "verify")
        self.assertEqual(result.status, status, result)
        return result.stdout

    def assert_named_alike(self, text, kind="problem"):
        """By verify and by doctor."""
        self.assertIn(f"{kind}: {text}", self.verify(6 if kind == "problem" else 0))
        doctor = self.run_hbrsync("--db", self.database, "doctor", "--region", "cn-hangzhou", "--endpoint",
                                  "http://127.0.0.1:9", "--retry-for", "0")
        self.assertIn(text, doctor.stdout + doctor.stderr)
        return doctor.stdout


class Triggers(SchemaTestCase):
    def test_one_that_nobody_allowed(self):
        self.start("--jobs", 30, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync()
        self.script("CREATE TRIGGER innocent AFTER UPDATE ON sync_run BEGIN DELETE FROM restore_job; END;")
        before = self.dump()
        for arguments in ((), ("--dry-run",), ("--allow-trigger", "other")):
            result = self.sync(*arguments, status=6)
            self.assertIn("the trigger innocent on sync_run is not hbrsync's", result.stderr)
            self.assertIn("--allow-trigger", result.stderr)
        self.assertIn("innocent", self.take(status=6).stderr)
        self.assertEqual(self.dump(), before)
        self.assert_named_alike("the trigger innocent on sync_run is not hbrsync's, and a sync would run it")
        self.assertEqual(self.run_hbrsync("--db", self.database, "export").status, 0)  # reading runs none

    def test_one_with_a_name_of_sqlite(self):
        """CREATE TRIGGER refuses it; whoever writes to sqlite_master does not ask."""
        self.take()
        for kind, rest in (("trigger", "BEFORE INSERT ON restore_job BEGIN SELECT RAISE(IGNORE); END"),
                           ("Trigger", "AFTER INSERT ON sync_run BEGIN DELETE FROM restore_job; END")):
            self.script(f"CREATE TRIGGER bad {rest}; PRAGMA writable_schema = ON; UPDATE sqlite_master"
                        f" SET type = '{kind}', name = 'sqlite_bad',"
                        f" sql = 'CREATE TRIGGER sqlite_bad {rest}' WHERE name = 'bad'")
            self.assertIn("the trigger sqlite_bad on ", self.take(job="r-2", status=6).stderr)
            self.assert_named_alike("the trigger sqlite_bad on ")
            self.assertEqual(list(harness.stored_jobs(self.database)), ["r-1"])
            result = self.run_hbrsync("--db", self.database, "publish", self.path("copy.db"))
            self.assertEqual(result.status, 0, result)
            with open(self.path("copy.db"), "rb") as file:
                self.assertNotIn(b"sqlite_bad", file.read())
            self.script("PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE name = 'sqlite_bad'")
        self.script("CREATE VIEW bad AS SELECT 1; PRAGMA writable_schema = ON; UPDATE sqlite_master SET name ="
                    " 'sqlite_bad', tbl_name = 'sqlite_bad', sql = 'CREATE VIEW sqlite_bad AS SELECT 1'"
                    " WHERE name = 'bad'")
        self.assert_named_alike("the view sqlite_bad is not hbrsync's", "note")

    def test_what_an_allowed_one_may_do(self):
        """Tables of its own, not those of a sync; nor may it leave a row out."""
        self.take()
        self.script("CREATE TRIGGER bad AFTER INSERT ON restore_job BEGIN DELETE FROM restore_job; END;")
        self.assertRegex(self.take("--allow-trigger", "bad", job="r-2", status=6).stderr, "not authorized")
        self.script("DROP TRIGGER bad; CREATE TRIGGER worse BEFORE INSERT ON restore_job"
                    " BEGIN SELECT raise(IGNORE); END;")
        self.assertIn("RAISE(IGNORE)", self.take("--allow-trigger", "worse", job="r-2", status=6).stderr)
        self.script("DROP TRIGGER worse")
        self.take(job="r-2")
        self.assertEqual(sorted(harness.stored_jobs(self.database)), ["r-1", "r-2"])
        self.verify()

    @staticmethod
    def seconds_computed(pid):
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            user, system = file.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def test_an_endless_one(self):
        """The first signal ends it, and what the transaction wrote is undone."""
        self.take()
        self.script(f"CREATE TABLE own (n); CREATE TRIGGER endless AFTER INSERT ON restore_job"
                    f" BEGIN INSERT INTO own SELECT count(*) FROM ({ENDLESS}); END;")
        process = subprocess.Popen([harness.HBRSYNC, "--db", self.database, "import", "--quiet", "--allow-trigger",
                                    "endless", "-"], env=self.environment(), stdin=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        process.stdin.write(b'{"RestoreId":"r-2"}')
        process.stdin.close()
        deadline = time.monotonic() + 60
        while self.seconds_computed(process.pid) < 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 143)
        self.assertEqual(list(harness.stored_jobs(self.database)), ["r-1"])
        self.script("DROP TRIGGER endless")
        self.take(job="r-2")
        self.assertEqual(self.query("SELECT count(*) FROM sync_run WHERE outcome = 'running'"), [(0,)])
        self.verify()

    def test_an_index_for_full_text(self):
        self.take()
        self.script(FTS)
        self.assertIn("restore_job_ai", self.take(job="r-2", status=6).stderr)
        self.take("--allow-trigger", "restore_job_ai", job="r-2")
        self.take(job="r-3")  # it is remembered
        found = "SELECT count(*) FROM restore_job_fts WHERE restore_job_fts MATCH 'path'"
        self.assertEqual(self.query(found), [(2,)])
        self.assert_named_alike("the trigger restore_job_ai on restore_job is not hbrsync's, but allowed", "note")
        # Another of the same name is another one.
        self.script("DROP TRIGGER restore_job_ai; CREATE TRIGGER restore_job_ai AFTER INSERT ON restore_job"
                    " BEGIN INSERT INTO restore_job_fts (rowid, target_path) VALUES (new.rowid, 'x'); END;")
        self.take(job="r-4", status=6)

    def test_a_copy_has_none(self):
        self.take()
        self.script("CREATE TRIGGER mine AFTER INSERT ON restore_job BEGIN SELECT 1; END;"
                    'CREATE TRIGGER "of ""mine" AFTER DELETE ON restore_job BEGIN SELECT 1; END;')
        for _ in range(2):  # the second replaces the first: it looks like a copy that nobody wrote to
            result = self.run_hbrsync("--db", self.database, "publish", self.path("copy.db"))
            self.assertEqual(result.status, 0, result)
        live, self.database = self.database, self.path("copy.db")
        self.assertEqual(self.query("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"), [(0,)])
        self.assertEqual(list(harness.stored_jobs(self.database)), ["r-1"])
        self.verify()
        self.database = live
        self.assertEqual(self.query("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"), [(2,)])
        self.assertEqual([name for name in os.listdir(self.directory) if "copy" in name], ["copy.db"])


class Tables(SchemaTestCase):
    def test_endless_views_in_their_place(self):
        self.take()
        self.script("ALTER TABLE restore_job RENAME TO kept;"
                    f" CREATE VIEW restore_job AS {ENDLESS};")
        for command in (("import", self.path("none")), ("status",), ("export",), ("report", "summary"),
                        ("publish", self.path("copy.db"))):
            result = self.run_hbrsync("--db", self.database, *command)
            self.assertEqual(result.status, 6, result)
            self.assertIn("restore_job is a view, not a table", result.stderr)
        self.assert_named_alike("restore_job is a view, not a table")

    def test_what_is_gone_or_changed(self):
        for text, told in (
                ("DROP TABLE restore_job_report", "the table restore_job_report is not there"),
                ("CREATE TABLE t AS SELECT * FROM sync_watermark; DROP TABLE sync_watermark;"
                 "ALTER TABLE t RENAME TO sync_watermark", "the table sync_watermark is not as this version makes it"),
                ("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, 'restore_id              "
                 "TEXT NOT NULL UNIQUE', 'restore_id TEXT NOT NULL UNIQUE ON CONFLICT IGNORE')"
                 " WHERE name = 'restore_job'", "the table restore_job is not as this version makes it")):
            with self.subTest(told):
                self.take()
                self.script(text)
                self.assertIn(told, self.take(job="r-2", status=6).stderr)
                self.assert_named_alike(told)
            os.unlink(self.database)

    def test_an_index_that_is_gone(self):
        """Everything works without it, but it is told."""
        self.take()
        name, = self.query("SELECT min(name) FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")[0]
        self.script(f"DROP INDEX {name}")
        self.take(job="r-2")
        self.assert_named_alike(f"the index {name} is not there")

    def test_what_users_add(self):
        self.take()
        self.script("CREATE TABLE note (restore_id TEXT, text TEXT); CREATE VIEW mine AS SELECT * FROM note;"
                    "CREATE INDEX by_path ON restore_job (target_path); ALTER TABLE restore_job ADD COLUMN owner TEXT;"
                    "ALTER TABLE restore_job ADD COLUMN team TEXT DEFAULT 'a, (b) -- c';"
                    "CREATE TRIGGER on_note AFTER INSERT ON note BEGIN SELECT 1; END;"
                    "DROP VIEW v_restore_open; CREATE VIEW v_restore_open AS SELECT 1;")
        notes = ["the table note is", "the view mine is", "the index by_path is", "the trigger on_note is",
                 "the table restore_job has columns that are not hbrsync's",
                 "the view v_restore_open is not as this version makes it; the next sync makes it anew"]
        text = self.verify()
        for note in notes:
            self.assertIn("note: " + note, text)
        self.assert_named_alike("the table note is not hbrsync's", "note")
        self.take(job="r-2")
        self.assertEqual(self.query("SELECT restore_id, owner, team FROM restore_job ORDER BY 1"),
                         [("r-1", None, "a, (b) -- c"), ("r-2", None, "a, (b) -- c")])
        self.assertNotIn("v_restore_open", self.verify())

    # What users add. All commands work with it, and verify and doctor say that nothing is wrong.
    ADDITIONS = {
        "an index": "CREATE INDEX by_path ON restore_job (target_path COLLATE NOCASE) WHERE status = 'FAILED'",
        "an index on what JSON holds":
            "CREATE INDEX by_os ON restore_job (json_extract(udm_detail, '$.osName')) WHERE json_valid(udm_detail)",
        "columns": "ALTER TABLE restore_job ADD COLUMN owner TEXT NOT NULL DEFAULT 'nobody';"
                   "ALTER TABLE sync_source ADD COLUMN team TEXT CHECK (team <> '')",
        "a computed column": "ALTER TABLE restore_job ADD COLUMN big AS (bytes_total > 1000) VIRTUAL",
        "a column computed from JSON":
            "ALTER TABLE restore_job ADD COLUMN os_name TEXT AS (json_extract(udm_detail, '$.osName')) VIRTUAL",
        "a column that refers to a table": "CREATE TABLE person (id INTEGER PRIMARY KEY);"
                                           "ALTER TABLE restore_job ADD COLUMN owner REFERENCES person (id)",
        "a table whose references lead nowhere": "CREATE TABLE note (restore_id TEXT REFERENCES restore_job (restore_id));"
                                                 "INSERT INTO note VALUES ('r-1'), ('r-none')",
        "names like ours": "CREATE TABLE sync_notes (a); CREATE TABLE restore_job_note (b); CREATE VIEW restore_job_all AS"
                           " SELECT * FROM restore_job; CREATE VIRTUAL TABLE restore_job_text USING fts5(a)",
        "tables of all kinds": "CREATE TABLE strict (a INTEGER) STRICT; CREATE TABLE rowless (a PRIMARY KEY) WITHOUT ROWID;"
                               "CREATE VIRTUAL TABLE places USING rtree (id, low, high)",
        "triggers that no sync runs": "CREATE TABLE mine (a); CREATE VIEW seen AS SELECT * FROM restore_job;"
                                      "CREATE TRIGGER t1 AFTER INSERT ON mine BEGIN SELECT 1; END;"
                                      "CREATE TRIGGER t2 INSTEAD OF INSERT ON seen BEGIN SELECT 1; END;"
                                      "CREATE TRIGGER t3 INSTEAD OF INSERT ON v_restore_job BEGIN SELECT 1; END",
        "a view that leads nowhere": "CREATE VIEW lost AS SELECT * FROM nowhere",
        "statistics": "ANALYZE",
        "a reference on a column of ours": ("add-foreign-key", "restore_job", "parent_id", "restore_job", "restore_id"),
        "an index for full text without triggers": ("enable-fts", "restore_job", "target_path", "error_message"),
        "a trigger": "CREATE TABLE seen (a); CREATE TRIGGER t AFTER INSERT ON restore_job BEGIN INSERT INTO seen VALUES"
                     " (json_object('id', new.restore_id)); END",
        "a trigger with a table named like ours": "CREATE TABLE sync_log (a); CREATE TRIGGER t AFTER UPDATE ON restore_job"
                                                  " BEGIN INSERT INTO sync_log VALUES (new.restore_id); END",
        "an index for full text, as sqlite-utils makes it": FTS.replace("restore_job_ai", "fts_ai") + """
            CREATE TRIGGER fts_ad AFTER DELETE ON restore_job BEGIN INSERT INTO restore_job_fts
              (restore_job_fts, rowid, target_path) VALUES ('delete', old.rowid, old.target_path); END;
            CREATE TRIGGER fts_au AFTER UPDATE ON restore_job BEGIN INSERT INTO restore_job_fts
              (restore_job_fts, rowid, target_path) VALUES ('delete', old.rowid, old.target_path);
              INSERT INTO restore_job_fts (rowid, target_path) VALUES (new.rowid, new.target_path); END;
            INSERT INTO restore_job_fts (restore_job_fts) VALUES ('rebuild');""",
        "an index for full text": ("enable-fts", "restore_job", "target_path", "error_message", "--create-triggers"),
        "counts": ("enable-counts", "restore_job", "sync_run"),
    }

    def add(self, what):
        """By SQL, or as sqlite-utils does."""
        if isinstance(what, str):
            self.script(what)
            return
        if shutil.which("sqlite-utils") is None:
            self.skipTest("no sqlite-utils")
        subprocess.run(["sqlite-utils", what[0], self.database, *what[1:]], check=True, capture_output=True)

    def test_every_command_with_what_users_add(self):
        jobs = ('{"RestoreId":"r-2","ParentId":"r-none","UdmDetail":"{\\"osName\\":\\"a\\"}","BytesTotal":2000}\n'
                '{"RestoreId":"r-1","TargetPath":"/moved","Status":"COMPLETE","CompleteTime":5,"UpdatedTime":%d}')
        for name, what in self.ADDITIONS.items():
            with self.subTest(name):
                self.take()
                self.add(what)
                triggers = [trigger for trigger, in self.query(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('restore_job', 'sync_run')")]
                if triggers:
                    for trigger in triggers:
                        self.assert_named_alike(f"the trigger {trigger} on ")
                        self.assertIn(f"the trigger {trigger} on ", self.take(status=6).stderr)
                    self.assertNotIn("damaged", self.run_hbrsync("--db", self.database, "verify").stderr)
                allowed = [option for trigger in triggers for option in ("--allow-trigger", trigger)]
                for arguments in ((*allowed, "--dry-run"), allowed, ()):
                    result = self.run_hbrsync("--db", self.database, "import", *arguments, "-",
                                              stdin=(jobs % (len(arguments) + 9)).encode())
                    self.assertEqual(result.status, 0, result)
                self.assertNotIn("problem", self.verify())
                for command in (("status",), ("report", "summary"), ("report", "activity"), ("export",),
                                ("publish", self.path("copy.db")), ("publish", "--tables", self.path("tables.db"))):
                    result = self.run_hbrsync("--db", self.database, *command)
                    self.assertEqual(result.status, 0, result)
                doctor = self.run_hbrsync("--db", self.database, "doctor", "--region", "cn-hangzhou", "--endpoint",
                                          "http://127.0.0.1:9", "--retry-for", "0").stdout
                self.assertRegex(doctor, "(?m)^ok +database ")
                self.assertNotRegex(doctor, "(?m)^FAIL +(database|schema)")
                for copy in ("copy.db", "tables.db"):
                    self.database, live = self.path(copy), self.database
                    self.assertNotIn("problem", self.verify())
                    self.assertEqual(self.query("SELECT count(*) FROM v_restore_job"), [(2,)])
                    self.database = live
            for file in os.listdir(self.directory):
                if ".db" in file:
                    os.unlink(self.path(file))

    def test_what_a_sync_cannot_work_with(self):
        """It is named by every command alike, with the way out, and it is no damage."""
        def other_program(text):
            connection = sqlite3.connect(self.database)
            connection.create_function("ours", 1, lambda text: text, deterministic=True)
            connection.create_collation("ours", lambda left, right: (left > right) - (left < right))
            connection.executescript(text)
            connection.close()

        cases = (("CREATE INDEX mine ON restore_job (ours(vault_id))", "the index mine on restore_job", "unknown function"),
                 ("CREATE INDEX mine ON restore_job (vault_id COLLATE ours)", "the index mine on restore_job",
                  "no such collation"),
                 ("CREATE TRIGGER mine AFTER INSERT ON restore_job BEGIN INSERT INTO nowhere VALUES (1); END",
                  "the trigger mine on restore_job", "no such table"),
                 ("CREATE TRIGGER mine AFTER UPDATE ON sync_run BEGIN DELETE FROM restore_job; END",
                  "the trigger mine on sync_run", "not authorized"))
        for text, named, reason in cases:
            with self.subTest(text):
                self.take()
                other_program(text)
                allowed = ("--allow-trigger", "mine")
                stderr = self.take(*allowed, job="r-2", status=6).stderr
                for told in ("a sync cannot write to", named, reason, "hbrsync publish"):
                    self.assertIn(told, stderr)
                self.assertRegex(self.assert_named_alike("a sync cannot write to"), "(?m)^ok +database ")
                verify = self.run_hbrsync("--db", self.database, "verify")
                self.assertNotIn("damaged", verify.stdout + verify.stderr)
                self.assertIn("hbrsync publish", verify.stderr)
                self.assertIn(named, verify.stdout)
                self.assertEqual(self.run_hbrsync("--db", self.database, "export").status, 0)
            os.unlink(self.database)

    def test_what_fails_only_when_it_runs(self):
        for text, told in (("CREATE UNIQUE INDEX mine ON restore_job (vault_id)", "the index mine on restore_job"),
                           ("CREATE TRIGGER mine AFTER INSERT ON restore_job BEGIN SELECT RAISE(ABORT, 'no more'); END",
                            "the trigger mine on restore_job")):
            self.take()
            self.script("UPDATE restore_job SET vault_id = 'v-1';" + text)
            result = self.run_hbrsync("--db", self.database, "import", "--allow-trigger", "mine", "-",
                                      stdin=b'{"RestoreId":"r-2","VaultId":"v-1"}')
            self.assertEqual(result.status, 6, result)
            self.assertIn(told, result.stderr)
            self.assertIn("hbrsync publish", result.stderr)
            os.unlink(self.database)

    def test_a_table_with_the_name_of_a_view(self):
        self.take()
        self.script("DROP VIEW v_restore_open; CREATE TABLE v_restore_open (a)")
        self.assertIn("note: v_restore_open is a table", self.verify())
        self.assertIn("drop the table that has the name of a view", self.take(job="r-2", status=6).stderr)

    def test_a_column_that_changes_how_rows_are_stored(self):
        self.take()
        self.script("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = substr(sql, 1, length(sql) - 1)"
                    " || ', UNIQUE (source_id) ON CONFLICT IGNORE)' WHERE name = 'restore_job'")
        self.assertIn("is not as this version makes it", self.take(job="r-2", status=6).stderr)

    def test_comments_make_no_difference(self):
        self.take()
        self.script("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, ',', '  /* x */\n, -- y\n')"
                    " WHERE name = 'restore_job_report'")
        self.take(job="r-2")
        self.verify()

    def test_a_text_that_no_answer_holds(self):
        for column, commands in (("restore_job SET error_message", ("export", "verify")),
                                 ("sync_run SET error", ("verify",))):
            self.take()
            connection = sqlite3.connect(self.database)
            connection.execute(f"UPDATE {column} = ?", ("x" * 300_000_000,))
            connection.commit()
            connection.close()
            for command in commands:
                with self.subTest(column, command=command):
                    result = self.run_hbrsync("--db", self.database, command)
                    self.assertEqual(result.status, 6, str(result)[-2000:])
                    self.assertIn("too big", result.stderr)
            os.unlink(self.database)


class Open(SchemaTestCase):
    def test_it_has_one_meaning(self):
        """No final status was seen and there is no CompleteTime: in every command, report and view."""
        jobs = {"r-running": {"Status": "RUNNING"}, "r-unknown": {"Status": "MOUNTED", "CompleteTime": 0},
                "r-none": {"Status": ""}, "r-child": {"Status": "QUEUED", "ParentId": "r-running"},
                "r-complete-without-a-time": {"Status": "COMPLETE"}, "r-expired-without-a-time": {"Status": "EXPIRED"},
                "r-unknown-with-a-time": {"Status": "MOUNTED", "CompleteTime": 5}, "r-gone": {"Status": "RUNNING"}}
        lines = "\n".join(json.dumps({"RestoreId": name, "CreatedTime": 1700000000, **job}) for name, job in jobs.items())
        options = ("--account-id", "1000000000000001", "--region", "cn-hangzhou")
        result = self.run_hbrsync("--db", self.database, "import", *options, "-", stdin=lines.encode())
        self.assertEqual(result.status, 0, result)
        self.script("UPDATE restore_job SET missing_since = 1700000001 WHERE restore_id = 'r-gone'")
        wanted = ["r-child", "r-none", "r-running", "r-unknown"]
        by_outcome = "SELECT restore_id FROM v_restore_job WHERE outcome = 'open' AND missing_since IS NULL ORDER BY 1"
        for sql in (by_outcome, "SELECT restore_id FROM v_restore_open ORDER BY 1"):
            self.assertEqual([name for name, in self.query(sql)], wanted)
        self.assertEqual(self.query("SELECT open_jobs FROM v_sync_health"), [(4,)])
        # Without the child, with the one that is gone.
        self.assertEqual(self.query("SELECT open FROM v_restore_daily"), [(4,)])
        status = self.run_hbrsync("--db", self.database, "status", "--json").json()
        self.assertEqual([source["open_jobs"] for source in status["sources"]], [4])
        report = self.run_hbrsync("--db", self.database, "report", "open", "--format", "json").json()
        self.assertEqual(sorted(row["restore_id"] for row in report), wanted)
        summary = self.run_hbrsync("--db", self.database, "report", "summary", "--format", "json").json()
        self.assertEqual(summary[0]["open_now"], 3)  # top-level jobs


if __name__ == "__main__":
    unittest.main()
