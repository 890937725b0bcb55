"""examples: every query of them is run against databases made by syncs, archive.sh too; units are checked."""
import calendar
import fcntl
import glob
import gzip
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

import harness

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
EXAMPLES = os.path.join(ROOT, "examples")
ARCHIVE = os.path.join(EXAMPLES, "cron", "archive.sh")

RECIPES = {
    "changes-of-one-job": "restore_id observed_at_utc run_id column_name old_value new_value",
    "cross-account": "account_id cross_account_user_id cross_account_role_name region_id jobs succeeded last_created_utc",
    "drills-last-quarter": "quarter account_id region_id vault_id restores succeeded last_success_utc",
    "duration-percentiles": "restore_type jobs p50_seconds p90_seconds p95_seconds longest_seconds",
    "failures-explained": "times restore_type status message latest_utc latest_restore_id latest_target_path "
                          "latest_error_file",
    "open-longest": "restore_id parent_id region_id restore_type status progress_percent created_time_utc age_hours "
                    "quiet_hours target_instance_id",
    "options-used": "restore_type name type value jobs",
    "parents-and-children": "restore_id region_id restore_type status children children_succeeded children_partial "
                            "children_failed bytes_done children_bytes_done",
    "paths-restored": "path times last_utc last_restore_id last_status last_target_instance_id last_target_path",
    "slowest-restores": "restore_id parent_id region_id restore_type status start_time_utc duration mib mib_per_second "
                        "source_instance_id target_instance_id",
    "stale-copy": "account_id region_id edition scope verdict note last_proved_utc last_outcome last_finished_utc "
                  "last_error jobs open_jobs missing_jobs",
    "vanished-records": "noticed region_id edition jobs oldest_created_utc newest_created_utc least_age_days "
                        "greatest_age_days",
    "vaults-never-restored": "account_id region_id vault_id jobs partial failed canceled open other "
                             "last_created_time_utc",
    "whole-instances": "restore_id restore_type status created_time_utc source_instance_id target_instance_id "
                       "instance_name os_name destination_region_id do_copy do_backup",
}
DAY = 86400
WORLD = None


def text_of(*names):
    with open(os.path.join(ROOT, *names), encoding="utf-8") as file:
        return file.read()


def statements(text):
    """The SQL statements of a text, without its comments."""
    text = re.sub(r"^\s*--.*$", "", text, flags=re.MULTILINE)
    return [part.strip() for part in re.split(r";[ \t]*(?:\n|$)", text) if part.strip()]


def sql_blocks(name):
    """The statements of a page's ```sql blocks."""
    return [statement for block in re.findall(r"^```sql\n(.*?)^```", text_of(*name.split("/")), re.M | re.S)
            for statement in statements(block)]


class World:
    """Two databases, which tests only read: one with everything that the examples ask for, one without a job."""

    def __init__(self):
        cell = harness.Cell()
        cell.setUp()
        unittest.addModuleCleanup(cell.doCleanups)
        cell.start("--jobs", 0, "--basic-jobs", 0)
        cell.sync()
        cell.stop()
        self.empty = cell.database
        cell.database = self.full = cell.path("full.db")
        cell.start("--jobs", 300, "--basic-jobs", 20, "--seed", 3, "--regions", "cn-hangzhou,cn-beijing")
        cell.sync()
        cell.simulator.move(vanish=4, finish=5, create=3, start=2)
        cell.sync("--full")
        self.jobs = {key: job for key, (_, _, job) in cell.simulator.truth().items()}
        self.vanished = cell.simulator.vanished()
        ours = self.family()
        result = cell.run_hbrsync("--db", self.full, "import", "--account-id", harness.ACCOUNT, "--region", "cn-beijing",
                                  "--edition", "STANDARD", "-", stdin="\n".join(map(json.dumps, ours)).encode())
        cell.assertEqual(result.status, 0, result)
        self.jobs.update((job["RestoreId"], job) for job in ours)
        cell.stop()

    @staticmethod
    def family():
        """A parent and its children, of a vault from which no top-level restore has worked."""
        at = int(time.time()) - DAY
        common = {"VaultId": "v-never", "RestoreType": "ECS_FILE", "CreatedTime": at, "UpdatedTime": at,
                  "CompleteTime": at + 60}
        return [{"RestoreId": "r-parent", "Status": "FAILED", "ErrorMessage": "it's out of space", **common},
                {"RestoreId": "r-child-1", "ParentId": "r-parent", "Status": "COMPLETE", **common},
                {"RestoreId": "r-child-2", "ParentId": "r-parent", "Status": "FAILED", **common}]


def setUpModule():
    global WORLD
    WORLD = World()


class Case(harness.TestCase):
    def hold_lock(self, age):
        """As a run that began so long ago holds it."""
        self.lock = open(self.database + ".lock", "r+b")
        self.addCleanup(self.lock.close)
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        then = time.time() - age
        os.utime(self.lock.name, (then, then))

    def release_lock(self):
        self.lock.close()

    def world(self):
        self.database = WORLD.full

    def empty_world(self):
        self.database = WORLD.empty

    def ask(self, sql, parameters=()):
        """The columns and the rows of one statement, which may only read."""
        connection = sqlite3.connect("file::memory:", uri=True)
        try:
            connection.execute("ATTACH ? AS hbr", (f"file:{self.database}?mode=ro",))
            cursor = connection.execute(sql, parameters)
            return [column[0] for column in cursor.description], cursor.fetchall()
        except sqlite3.Error as error:
            raise AssertionError(f"{error}\n{sql}") from error
        finally:
            connection.close()

    def columns_of(self, name):
        return [row[1] for row in self.query(f"PRAGMA table_info({name})")]


def grafana():
    return json.loads(text_of("examples", "grafana", "hbrsync-dashboard.json"))


def substituted(sql, regions):
    """As Grafana puts its variables in before the plugin sees the query: all of it there, milliseconds."""
    now = int(time.time())
    sql = sql.replace("${region:sqlstring}", ",".join("'" + region + "'" for region in regions))
    return sql.replace("$__from", str((now - 20 * 366 * DAY) * 1000)).replace("$__to", str((now + DAY) * 1000))


def duckdb_selects():
    """Every SELECT as SQLite can run it: on tables, on an export's columns, and what is in sqlite_query()."""
    for statement in statements(text_of("examples", "duckdb.sql")):
        inner = re.findall(r"sqlite_query\('hbr', '((?:[^']|'')*)'\)", statement)
        assert statement.count("sqlite_query(") == len(inner), statement
        if inner:
            yield from (sql.replace("''", "'") for sql in inner)
        elif statement.startswith("SELECT"):
            statement = re.sub(r"quantile_cont\((\w+), \[[0-9., ]+\]\)", r"max(\1)", statement)
            yield statement.replace("FROM jobs ", "FROM v_restore_job ")


class Queries(Case):
    def every_query(self):
        """(where, sql, parameters) of every query of the examples and of the READMEs."""
        for path in sorted(glob.glob(os.path.join(EXAMPLES, "sql", "*.sql"))):
            with open(path, encoding="utf-8") as file:
                found = statements(file.read())
            self.assertEqual(len(found), 1, path)
            yield os.path.basename(path), found[0], ()
        dashboard = grafana()
        regions = [row[0] for row in self.query("SELECT DISTINCT region_id FROM sync_source")] or [""]
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                yield "grafana variable " + variable["name"], variable["query"], ()
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                self.assertEqual(target["rawQueryText"], target["queryText"])
                yield "grafana " + panel["title"], substituted(target["rawQueryText"], regions), ()
        for page, least in (("README.md", 4), ("README.zh-CN.md", 4), ("sql/README.md", 8), ("examples/metabase.md", 4),
                            ("examples/superset.md", 3)):
            found = sql_blocks(page)
            self.assertGreaterEqual(len(found), least, page)
            yield from ((page, sql, ()) for sql in found)
        metadata = json.loads(text_of("examples", "datasette", "metadata.json"))
        vault, job, path = (self.query(sql)[0][0] if self.query(sql) else "" for sql in (
            "SELECT vault_id FROM restore_job WHERE vault_id <> ''", "SELECT restore_id FROM restore_job_change",
            "SELECT path FROM v_restore_job_path"))
        values = {"vault_id": vault, "restore_id": job, "part_of_path": path, "from_day": "2000-01-01",
                  "to_day": "2100-01-01"}
        for name, query in metadata["databases"]["restores"]["queries"].items():
            wanted = re.findall(r":([a-z_]+)", query["sql"])
            yield "datasette " + name, query["sql"], {key: values[key] for key in wanted}
        found = list(duckdb_selects())
        self.assertGreaterEqual(len(found), 5)
        yield from (("duckdb", sql, ()) for sql in found)

    def test_they_run_and_find_what_is_there(self):
        self.world()
        moving = ("complete_time > CAST", "seconds_since_proved > 7200", "quiet_seconds > 6")  # may find nothing today
        asked = 0
        for where, sql, parameters in self.every_query():
            with self.subTest(where):
                self.assertNotIn("$_", sql)
                self.assertNotIn("${", sql)
                columns, rows = self.ask(sql, parameters)
                self.assertEqual(len(set(columns)), len(columns), "a column's name comes twice")
                if not any(part in sql for part in moving):
                    self.assertTrue(rows, sql)
                asked += 1
        self.assertGreater(asked, 50)

    def test_they_run_on_an_empty_database(self):
        self.empty_world()
        for where, sql, parameters in self.every_query():
            with self.subTest(where):
                self.ask(sql, parameters)

    def test_the_recipes_columns(self):
        self.empty_world()
        names = [os.path.basename(path)[:-4] for path in glob.glob(os.path.join(EXAMPLES, "sql", "*.sql"))]
        self.assertEqual(sorted(names), sorted(RECIPES))
        listed = text_of("examples", "README.md")
        for name, columns in RECIPES.items():
            text = text_of("examples", "sql", name + ".sql")
            self.assertTrue(text.startswith("-- "), "its purpose comes first")
            self.assertEqual(self.ask(statements(text)[0])[0], columns.split(), name)
            self.assertIn(f"| `{name}` |", listed)

    def recipe(self, name):
        columns, rows = self.ask(statements(text_of("examples", "sql", name + ".sql"))[0])
        return [dict(zip(columns, row)) for row in rows]

    def test_the_recipes_figures(self):
        self.world()
        gone = {row[0] for row in self.query("SELECT restore_id FROM restore_job WHERE missing_since IS NOT NULL")}
        self.assertEqual(gone, WORLD.vanished)
        self.assertEqual(sum(row["jobs"] for row in self.recipe("vanished-records")), len(gone))
        # What vanished is in no truth any more; its row is the only witness.
        jobs = list(WORLD.jobs.values()) + [
            {"RestoreType": kind, "Status": status, "StartTime": start, "CompleteTime": end, "ParentId": parent,
             "VaultId": vault, "CrossAccountType": cross, "RestoreId": key}
            for key, kind, status, start, end, parent, vault, cross in self.query(
                "SELECT restore_id, restore_type, status, start_time, complete_time, parent_id, vault_id,"
                " cross_account_type FROM restore_job WHERE missing_since IS NOT NULL")]

        def took(job):
            start, end = job.get("StartTime") or 0, job.get("CompleteTime") or 0
            return end - start if 0 < start <= end else None

        durations = {}
        for job in jobs:
            if job["Status"] == "COMPLETE" and took(job) is not None and not job.get("ParentId"):
                durations.setdefault(job["RestoreType"], []).append(took(job))
        got = {row["restore_type"]: row for row in self.recipe("duration-percentiles")}
        self.assertEqual(set(got), set(durations))
        for kind, values in durations.items():
            values.sort()
            for percent in (50, 90, 95):
                rank = next(place for place in range(1, len(values) + 1) if 100 * place >= percent * len(values))
                self.assertEqual(got[kind][f"p{percent}_seconds"], values[rank - 1], (kind, percent))
            self.assertEqual((got[kind]["jobs"], got[kind]["longest_seconds"]), (len(values), values[-1]))
        slowest = sorted((took(job) for job in jobs if took(job) is not None), reverse=True)[:20]
        self.assertEqual([row["duration"] for row in self.recipe("slowest-restores")],
                         [f"{value // 3600}:{value // 60 % 60:02}:{value % 60:02}" for value in slowest])
        self.assertEqual(sum(row["jobs"] for row in self.recipe("cross-account")),
                         sum(job.get("CrossAccountType") == "CROSS_ACCOUNT" for job in jobs))
        tops = [job for job in jobs if not job.get("ParentId") and job.get("VaultId")]
        worked = {job["VaultId"] for job in tops if job["Status"] == "COMPLETE"}
        self.assertEqual({row["vault_id"] for row in self.recipe("vaults-never-restored")},
                         {job["VaultId"] for job in tops} - worked)
        self.assertIn("v-never", {row["vault_id"] for row in self.recipe("vaults-never-restored")})
        family = [row for row in self.recipe("parents-and-children") if row["restore_id"] == "r-parent"]
        self.assertEqual([(row["children"], row["children_succeeded"], row["children_partial"] + row["children_failed"])
                          for row in family], [(2, 1, 1)])
        reasons = {row["message"]: row for row in self.recipe("failures-explained")}
        self.assertEqual(reasons["it's out of space"]["times"], 1)

    def test_children_of_every_outcome_and_size(self):
        most = 2**63 - 1
        cases = {"r-all": [("COMPLETE", 5), ("PARTIAL_COMPLETE", 2**53), ("FAILED", None), ("EXPIRED", 1),
                           ("CLIENT_DELETED", 0), ("CANCELED", 2), (None, 3)],
                 "r-great": [("COMPLETE", most)] * 3, "r-small": [("FAILED", -most - 1)] * 2,
                 "r-none": [("FAILED", None)]}
        jobs = []
        for parent, children in cases.items():
            jobs.append({"RestoreId": parent})
            jobs += [{"RestoreId": f"{parent}-{number}", "ParentId": parent, "Status": status, "BytesDone": amount}
                     for number, (status, amount) in enumerate(children)]
        lines = "\n".join(json.dumps({name: value for name, value in job.items() if value is not None}) for job in jobs)
        self.assertEqual(self.run_hbrsync("--db", self.database, "import", "-", stdin=lines.encode()).status, 0)
        rows = {row["restore_id"]: row for row in self.recipe("parents-and-children")}
        names = ("children", "children_succeeded", "children_partial", "children_failed", "children_bytes_done")
        self.assertEqual({key: tuple(row[name] for name in names) for key, row in rows.items()},
                         {"r-all": (7, 1, 1, 3, 2**53 + 11), "r-great": (3, 3, 0, 0, most),
                          "r-small": (2, 0, 0, 2, -most - 1), "r-none": (1, 0, 0, 1, None)})

    def test_drills_take_the_last_complete_quarter(self):
        today = time.gmtime()
        quarter = today.tm_year * 4 + (today.tm_mon - 1) // 3
        months = [f"{at // 4:04}-{at % 4 * 3 + 1:02}-01" for at in (quarter - 1, quarter)]
        first, end = (calendar.timegm(time.strptime(month, "%Y-%m-%d")) for month in months)
        times = {"before": first - 1, "first": first, "last": end - 1, "after": end}
        lines = "\n".join(json.dumps({"RestoreId": name, "VaultId": "v-" + name, "Status": "COMPLETE",
                                      "CreatedTime": at, "UpdatedTime": at, "CompleteTime": at})
                          for name, at in times.items())
        self.run_hbrsync("--db", self.database, "import", "-", stdin=lines.encode())
        rows = self.recipe("drills-last-quarter")
        self.assertEqual({row["vault_id"]: row["restores"] for row in rows},
                         {"v-before": 0, "v-first": 1, "v-last": 1, "v-after": 0})
        self.assertTrue(all(row["quarter"].startswith(months[0] + " to ") for row in rows))


class Pages(Case):
    def assert_oldest_proof(self, dashboard, regions):
        """A source that was never proved is the worst, and has a colour and a word of its own."""
        panel = next(panel for panel in dashboard["panels"] if panel["title"] == "Oldest proof")
        sql = panel["targets"][0]["rawQueryText"]
        never = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
        self.assertEqual((never["result"]["text"], never["result"]["color"]), ("never", "red"))
        seconds = lambda: self.ask(substituted(sql, [*regions, "cn-new"]))[1][0][0]  # noqa: E731
        before = seconds()
        self.assertLess(before, never["from"])
        self.change("INSERT INTO sync_source (account_id, region_id, edition) VALUES ('1', 'cn-new', 'BASIC')",
                    "INSERT INTO sync_run SELECT run_id, (SELECT max(source_id) FROM sync_source), scope, mode, 'failed',"
                    " started_at, finished_at, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 0, 'unproved', NULL, NULL,"
                    " 'denied' FROM sync_run WHERE scope = '' LIMIT 1")
        self.assertGreater(seconds(), never["from"])
        self.change("UPDATE sync_source SET retired_at = 5 WHERE region_id = 'cn-new'")
        self.assertLess(seconds(), never["from"])
        self.assertGreater(self.ask(substituted(sql, ["nowhere"]))[1][0][0], never["from"])

    def test_grafana(self):
        dashboard = grafana()
        self.world()
        regions = [row[0] for row in self.query("SELECT DISTINCT region_id FROM sync_source")]
        self.assertEqual({variable["name"] for variable in dashboard["templating"]["list"]}, {"datasource", "region"})
        ids = [panel["id"] for panel in dashboard["panels"]]
        self.assertEqual(len(set(ids)), len(ids))
        taken = set()
        for panel in dashboard["panels"]:
            self.assertEqual(panel["datasource"], {"type": "frser-sqlite-datasource", "uid": "${datasource}"})
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, panel["title"])
            self.assertTrue(at["x"] + at["w"] <= 24)
            taken |= cells
            target = panel["targets"][0]
            columns, rows = self.ask(substituted(target["rawQueryText"], regions))
            self.assertLessEqual(set(target["timeColumns"]), set(columns))
            for name in target["timeColumns"]:
                values = [row[columns.index(name)] for row in rows]
                self.assertTrue(all(value is None or isinstance(value, int) for value in values))
                if target["queryType"] == "time series":
                    self.assertEqual(values, sorted(set(values)), "one row a time, ascending")
        self.assert_oldest_proof(dashboard, regions)
        daily = next(panel for panel in dashboard["panels"] if panel["type"] == "timeseries")
        columns, rows = self.ask(substituted(daily["targets"][0]["rawQueryText"], regions[:1]))
        wanted = self.query("SELECT count(*) FROM v_restore_job WHERE coalesce(parent_id, '') = '' AND region_id = ?",
                            regions[0])[0][0]
        outcomes = [columns.index(name) for name in ("succeeded", "partial", "failed", "canceled", "open", "other")]
        self.assertEqual(sum(row[at] for row in rows for at in outcomes), wanted)

    def test_datasette(self):
        metadata = json.loads(text_of("examples", "datasette", "metadata.json"))
        self.empty_world()
        tables = metadata["databases"]["restores"]["tables"]
        for name, facts in tables.items():
            columns = self.columns_of(name)
            self.assertTrue(columns, name)
            for key in ("sortable_columns", "facets"):
                self.assertLessEqual(set(facts.get(key, [])), set(columns), name)
            if "sort_desc" in facts:
                self.assertIn(facts["sort_desc"], facts.get("sortable_columns", columns))
        views = {row[0] for row in self.query("SELECT name FROM sqlite_master WHERE type = 'view'")}
        self.assertLessEqual(views, set(tables), "every view has its description")

    def test_the_list_of_examples_is_whole(self):
        listed = text_of("examples", "README.md")
        for name in sorted(os.listdir(EXAMPLES)):
            if name != "README.md":
                self.assertRegex(listed, r"`" + re.escape(name) + r"[`/]")
        for page in ("README.md", "README.zh-CN.md"):
            self.assertIn("(examples/README.md)", text_of(page))

    def test_every_column_of_every_view_is_described(self):
        self.empty_world()
        section = text_of("sql", "README.md").split("\n## Columns\n")[1].split("\n## ")[0]
        described = {}
        for table in section.strip().split("\n\n"):
            heading, *lines = table.split("\n")
            one = re.fullmatch(r"\| columns of `(\w+)` \| meaning \|", heading)
            for line in lines[1:]:
                cells = [cell.strip() for cell in line.strip("|").split(" | ")]
                if one:
                    described[one[1]] = described.get(one[1], "") + cells[0] + ", "
                elif heading == "| view | columns |":
                    described[cells[0].strip("`")] = cells[1]
        views = [row[0] for row in self.query("SELECT name FROM sqlite_master WHERE type = 'view'")]
        self.assertGreaterEqual(len(views), 11)
        for name in views:
            with self.subTest(name):
                text = re.sub(r"\([^()]*\)", "", described[name])
                names = [word.strip() for word in text.split(",") if word.strip()]
                self.assertEqual(sorted(names), sorted(self.columns_of(name)))


class Archive(Case):
    def setUp(self):
        super().setUp()
        self.bin = self.path("bin")
        os.mkdir(self.bin)
        self.folder = self.path("archive")
        self.copy = self.path("copy.db")
        # The date is told, the arguments of hbrsync are kept, and its sync and export can be made to fail.
        self.put("date", 'echo "$FAKE_DATE"')
        self.put("hbrsync", f'echo "$*" >>"{self.path("arguments")}"\n'
                 '[ "$1" != sync ] || [ -z "${FAKE_SYNC-}" ] || exit "$FAKE_SYNC"\n'
                 '[ "$1" != export ] || [ -z "${FAKE_EXPORT-}" ] || { echo half; exit "$FAKE_EXPORT"; }\n'
                 f'exec "{os.path.abspath(harness.HBRSYNC)}" "$@"')
        self.start("--jobs", 40, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.settings = self.path("hbrsync.env")
        self.configure()

    def put(self, name, text):
        with open(os.path.join(self.bin, name), "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + text + "\n")
        os.chmod(file.name, 0o755)

    def configure(self, keep="3"):
        self.key_files.add(self.settings)
        with open(self.settings, "w", encoding="utf-8") as file:
            file.write(f"ALIBABA_CLOUD_ACCESS_KEY_ID={harness.KEY_ID}\n"
                       f"ALIBABA_CLOUD_ACCESS_KEY_SECRET={harness.KEY_SECRET}\n"
                       f"HBRSYNC_DB={self.database}\nARCHIVE_FOLDER={self.folder}\nARCHIVE_KEEP={keep}\n"
                       f'SYNC_OPTIONS="--all-regions --qps 1000 --endpoint {self.simulator.endpoint()}"\n'
                       f"PUBLISH_TO={self.copy}\nPUBLISH_MODE=0640\n")

    def begin(self, date, *arguments, **more):
        environment = self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID=None, ALIBABA_CLOUD_ACCESS_KEY_SECRET=None,
                                       FAKE_DATE=date, **more)
        environment["PATH"] = self.bin + ":" + environment["PATH"]
        return subprocess.Popen(["sh", ARCHIVE, *(arguments or [self.settings])], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
                                cwd=self.directory, start_new_session=True)

    def archive(self, date, *arguments, status=0, **more):
        process = self.begin(date, *arguments, **more)
        output = process.communicate(timeout=harness.TIMEOUT)[0].decode()
        self.assertEqual(process.returncode, status, output)
        self.assertNotIn(harness.KEY_SECRET, output)
        if status == 0:
            self.assertEqual(output, "", "cron would send mail")
        return output

    def names(self):
        return sorted(os.listdir(self.folder))

    def jobs_of(self, name):
        with gzip.open(os.path.join(self.folder, name), "rt", encoding="utf-8") as file:
            return {job["RestoreId"]: job for job in map(json.loads, file)}

    def truth(self):
        """What the service lists, without fields that came as null, which an export leaves out."""
        def told(members):
            return {name: told(value) if isinstance(value, dict) else value
                    for name, value in members.items() if value is not None}
        return {key: told(job) for key, (_, _, job) in self.simulator.truth().items()}

    def test_several_runs(self):
        os.mkdir(self.folder)
        with open(os.path.join(self.folder, "restores-notes.txt"), "w", encoding="utf-8") as file:
            file.write("not an archive")
        for day in range(1, 6):
            self.archive(f"2026-01-0{day}")
            self.simulator.move(finish=2, create=1)
        kept = [f"restores-2026-01-0{day}.ndjson.gz" for day in (3, 4, 5)]
        self.assertEqual(self.names(), [*kept, "restores-notes.txt"])
        self.archive("2026-01-05")
        self.assertEqual(self.names(), [*kept, "restores-notes.txt"], "the day's last run takes the day's name")
        jobs = self.jobs_of(kept[-1])
        self.assertEqual(jobs, self.truth())
        self.assertNotEqual(self.jobs_of(kept[0]), jobs)
        self.assertEqual(os.stat(os.path.join(self.folder, kept[0])).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(self.copy).st_mode & 0o777, 0o640)
        self.database = self.copy
        self.assert_equals_truth()
        self.database = self.path("again.db")
        with gzip.open(os.path.join(self.folder, kept[-1])) as file:
            self.assertEqual(self.run_hbrsync("--db", self.database, "import", "-", stdin=file.read()).status, 0)
        self.assertEqual(self.query("SELECT count(*) FROM restore_job"), [(len(jobs),)])
        with open(self.path("arguments"), encoding="utf-8") as file:
            self.assertNotIn(harness.KEY_SECRET, file.read())

    def test_exit_codes(self):
        self.archive("2026-01-01", status=4, FAKE_SYNC="4")
        self.assertEqual(self.names(), [], "nothing was ever stored")
        self.archive("2026-01-01")
        self.archive("2026-01-02", FAKE_SYNC="7")
        self.assertEqual(len(self.names()), 1, "another sync is at work, and will archive")
        self.archive("2026-01-02", status=130, FAKE_SYNC="130")
        self.assertEqual(len(self.names()), 1)
        for code in (3, 4, 8):
            os.remove(self.copy)
            self.archive(f"2026-02-0{code}", status=code, FAKE_SYNC=str(code))
            self.assertIn(f"restores-2026-02-0{code}.ndjson.gz", self.names())
            self.assertTrue(os.path.exists(self.copy), "what is stored is published")

    def test_an_export_that_fails_leaves_the_old_archive(self):
        self.archive("2026-01-01")
        before = self.jobs_of("restores-2026-01-01.ndjson.gz")
        self.simulator.move(finish=3)
        self.assertIn("no archive was written", self.archive("2026-01-01", status=6, FAKE_EXPORT="6"))
        self.assertEqual(self.names(), ["restores-2026-01-01.ndjson.gz"])
        self.assertEqual(self.jobs_of("restores-2026-01-01.ndjson.gz"), before)
        self.archive("2026-01-01", status=3, FAKE_SYNC="3", FAKE_EXPORT="6")
        self.put("gzip", "cat >/dev/null; exit 1")
        self.archive("2026-01-02", status=1)
        self.assertEqual(self.names(), ["restores-2026-01-01.ndjson.gz"])

    def test_a_publication_that_fails_does_not_stop_the_archive(self):
        with open(self.copy, "w", encoding="utf-8") as file:
            file.write("somebody's file")
        self.archive("2026-01-01", status=2)
        self.assertEqual(self.jobs_of("restores-2026-01-01.ndjson.gz"), self.truth())

    def test_killed_while_it_writes(self):
        self.archive("2026-01-01")
        begun = self.path("begun")
        self.put("gzip", f'head -c 100; touch "{begun}"; sleep 100')
        process = self.begin("2026-01-02")
        deadline = time.monotonic() + 60
        while not os.path.exists(begun) and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        self.assertTrue(os.path.exists(begun))
        parts = [name for name in self.names() if name.endswith(".part")]
        self.assertEqual([name for name in self.names() if name not in parts], ["restores-2026-01-01.ndjson.gz"])
        self.assertEqual(len(parts), 1)
        os.remove(os.path.join(self.bin, "gzip"))
        old = time.time() - 3 * DAY
        os.utime(os.path.join(self.folder, parts[0]), (old, old))
        self.archive("2026-01-02")
        self.assertEqual(self.names(), ["restores-2026-01-01.ndjson.gz", "restores-2026-01-02.ndjson.gz"])
        self.assertEqual(self.jobs_of("restores-2026-01-02.ndjson.gz"), self.truth())

    def test_a_lock_that_is_held(self):
        """Another run is at work; after a day that is told, for nothing new is archived meanwhile."""
        self.archive("2026-01-01")
        self.hold_lock(0)
        self.archive_quietly(0)
        self.release_lock()
        self.hold_lock(2 * DAY)
        self.assertIn("for more than a day", self.archive_quietly(7))

    def archive_quietly(self, status):
        process = self.begin("2026-01-02")
        output = process.communicate(timeout=harness.TIMEOUT)[0].decode()
        self.assertEqual(process.returncode, status, output)
        self.assertEqual(self.names(), ["restores-2026-01-01.ndjson.gz"])
        return output

    def test_wrong_use(self):
        self.archive("2026-01-01", self.path("no-such-file"), status=2)
        self.archive("2026-01-01", self.settings, "more", status=2)
        for keep in ("0", "-1", "all", "03"):
            self.configure(keep)
            self.assertIn(keep, self.archive("2026-01-01", status=2))
        self.assertFalse(os.path.exists(self.database))
        self.assertFalse(os.path.exists(self.folder))


class Cron(Case):
    """What README and the manual page say to give to cron, run in the environment that cron gives."""

    def setUp(self):
        super().setUp()
        self.start("--jobs", 40, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.bin = self.path("usr-local-bin")
        os.mkdir(self.bin)
        with open(os.path.join(self.bin, "hbrsync"), "w", encoding="utf-8") as file:
            file.write('#!/bin/sh\ncase " $* " in\n'
                       f'*" sync "*) set -- "$@" --endpoint {self.simulator.endpoint()} ;;\nesac\n'
                       f'exec "{os.path.abspath(harness.HBRSYNC)}" "$@"\n')
        os.chmod(file.name, 0o755)
        self.credentials = self.path("credentials")
        self.key_files.add(self.credentials)
        with open(self.credentials, "w", encoding="utf-8") as file:
            file.write(f"export ALIBABA_CLOUD_ACCESS_KEY_ID={harness.KEY_ID}\n"
                       f"export ALIBABA_CLOUD_ACCESS_KEY_SECRET={harness.KEY_SECRET}\n")

    def run_there(self, script, status=0, output="^$"):
        for path, ours in (("/usr/local/bin", self.bin), ("/etc/hbrsync/credentials", self.credentials),
                           ("/var/lib/hbrsync/jobs.db", self.database), ("/srv/bi/restores.db", self.path("copy.db"))):
            script = script.replace(path, ours)
        process = subprocess.run(["env", "-i", "PATH=/usr/bin:/bin", "HOME=" + self.directory, "/bin/sh", "-c", script],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 cwd=self.directory, check=False, timeout=harness.TIMEOUT)
        self.assertEqual(process.returncode, status, process.stdout)
        self.assertRegex(process.stdout.decode(), output)

    def test_the_script_of_the_readmes(self):
        for page in ("README.md", "README.zh-CN.md"):
            script = re.search(r"```sh\n(#!/bin/sh\n.*?)```", text_of(page), re.S)[1]
            self.run_there(script)
            self.assert_equals_truth()
            self.assertEqual(os.stat(self.path("copy.db")).st_mode & 0o777, 0o640)
            os.unlink(self.path("copy.db"))

    def test_a_lock_that_is_held(self):
        for page in ("README.md", "README.zh-CN.md"):
            script = re.search(r"```sh\n(#!/bin/sh\n.*?)```", text_of(page), re.S)[1]
            self.run_there(script)
            for age, status in ((0, 0), (2 * DAY, 7)):
                self.hold_lock(age)
                self.run_there(script, status, "another process")
                self.release_lock()

    def test_the_lines_of_the_manual_page(self):
        settings, command = re.search(r"\n\.Dl (PATH=\S+)\n\.Dl 7 \* \* \* \* (.*)\n",
                                      text_of("src", "cli", "hbrsync.1")).groups()
        self.run_there(f". /etc/hbrsync/credentials; {settings}; {command}")
        self.assert_equals_truth()


class Units(Case):
    def test_crontab(self):
        text = text_of("examples", "cron", "hbrsync.cron")
        self.assertTrue(text.endswith("\n"), "cron ignores a last line without its end")
        entries = [line for line in text.split("\n") if line and not line.startswith("#")
                   and not re.fullmatch(r"[A-Z]+=\S+", line)]
        self.assertEqual(len(entries), 1)
        fields = entries[0].split(None, 6)
        for field, (low, high) in zip(fields, ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))):
            self.assertRegex(field, r"^(\*|\d+)(/\d+)?$")
            if field.isdigit():
                self.assertTrue(low <= int(field) <= high)
        self.assertEqual(fields[5], "hbrsync", "the user comes before the command in /etc/cron.d")
        self.assertNotIn("%", fields[6], "cron would take it for a line's end")
        script, settings = fields[6].split()
        self.assertTrue(os.access(os.path.join(EXAMPLES, "cron", os.path.basename(script)), os.X_OK))
        self.assertTrue(os.path.exists(os.path.join(EXAMPLES, "cron", os.path.basename(settings))))

    def test_settings(self):
        for line in text_of("examples", "cron", "hbrsync.env").rstrip("\n").split("\n"):
            self.assertRegex(line, r'^(# .*|#?[A-Z_]+=("[^"$`\\]*"|[^\s"$`\\]*)|)$', "a plain value")
        script = text_of("examples", "cron", "archive.sh")
        for name in re.findall(r"^#?([A-Z_]+)=", text_of("examples", "cron", "hbrsync.env"), re.M):
            if not name.startswith("ALIBABA_CLOUD_"):
                self.assertIn("${" + name, script.replace("${HBRSYNC_DB", "").replace('"$HBRSYNC_DB"', "${HBRSYNC_DB"))

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_units(self):
        names = ["hbrsync.service", "hbrsync.timer"]
        for name in names:
            text = text_of("examples", "systemd", name)
            if name.endswith(".service"):
                self.assertEqual(text.count("\nExecStart="), 1)
                text = text.replace("ExecStart=/usr/local/lib/hbrsync/archive.sh",
                                    "ExecStart=" + os.path.abspath(ARCHIVE))
                self.assertIn(os.path.abspath(ARCHIVE), text)
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write(text)
        paths = [self.path(name) for name in names]
        run = subprocess.run(["systemd-analyze", "verify", "--man=no", *paths], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, check=False, timeout=60)
        self.assertEqual((run.returncode, run.stdout.decode()), (0, ""))
        version = int(re.search(r"systemd (\d+)", subprocess.run(
            ["systemd-analyze", "--version"], stdout=subprocess.PIPE, check=True).stdout.decode())[1])
        if version >= 250:
            run = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=15", paths[0]],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60)
            self.assertEqual(run.returncode, 0, run.stdout.decode())


if __name__ == "__main__":
    unittest.main()
