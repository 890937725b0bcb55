"""The schema of the database is input, too: what is not as this version makes it is told and not run; what users add is
theirs."""
import os
import sqlite3
import subprocess
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
        self.take()
        connection = sqlite3.connect(self.database)
        connection.execute("UPDATE restore_job SET error_message = ?", ("x" * 300_000_000,))
        connection.commit()
        connection.close()
        for command in ("export", "verify"):
            result = self.run_hbrsync("--db", self.database, command)
            self.assertEqual(result.status, 6, str(result)[-2000:])


if __name__ == "__main__":
    unittest.main()
