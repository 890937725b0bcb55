"""sync --metrics-file and status --max-age: what monitoring looks at."""
import json
import os
import re
import shutil
import stat
import subprocess
import time
import unittest

import harness

SAMPLE = re.compile(r"(hbrsync_[a-z_]+)(?:\{(.*)\})? (-?[0-9]+(?:\.[0-9]+)?)")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')


def parse(text):
    """{name: {labels as sorted pairs: value}}; as strict as Prometheus is."""
    metrics = {}
    declared = None
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            declared = line.split(" ")[2]
            assert declared not in metrics, "declared twice: " + declared
            assert len(line.split(" ", 3)[3]) > 5
            metrics[declared] = {}
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {declared} gauge", line
        else:
            match = SAMPLE.fullmatch(line)
            assert match and match.group(1) == declared, line
            labels = match.group(2) or ""
            pairs = LABEL.findall(labels)
            assert LABEL.sub("", labels) == "", line
            values = [(name, re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), value))
                      for name, value in pairs]
            key = tuple(sorted(values))
            assert key not in metrics[declared], "twice: " + line
            metrics[declared][key] = float(match.group(3))
    return metrics


def without_database(metrics):
    """The same without the labels that name the database, and those labels."""
    found = {tuple(pair for pair in key if pair[0] in ("database", "database_id"))
             for samples in metrics.values() for key in samples}
    assert len(found) == 1, found
    (database, label), (identity, database_id) = next(iter(found))
    assert (database, identity) == ("database", "database_id"), found
    return {name: {tuple(pair for pair in key if pair[0] not in ("database", "database_id")): value
                   for key, value in samples.items()} for name, samples in metrics.items()}, (label, database_id)


class MetricsCase(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.file = self.path("hbrsync.prom")

    def measure(self, *arguments, status=0, **options):
        started = int(time.time())
        result = self.sync("--metrics-file", self.file, *arguments, status=status, **options)
        metrics = self.metrics()
        self.assertEqual(metrics["hbrsync_last_run_exit_code"], {(): result.status})
        self.assertGreaterEqual(metrics["hbrsync_last_run_timestamp_seconds"][()], started)
        return result, metrics

    def metrics(self):
        with open(self.file, encoding="utf-8", newline="") as file:
            text = file.read()
        if shutil.which("promtool"):
            subprocess.run(["promtool", "check", "metrics"], input=text.encode(), check=True)
        self.assertNotIn(harness.KEY_SECRET, text)
        metrics, self.database_labels = without_database(parse(text))
        return metrics

    def by_source(self, sql):
        """{(account, region, edition, more...): number} of a query."""
        return {tuple(str(value) for value in row[:-1]): row[-1] for row in self.query(sql)}

    def labelled(self, metrics, name, *labels):
        return {tuple(dict(key)[label] for label in labels): value
                for key, value in metrics["hbrsync_" + name].items()}


class Metrics(MetricsCase):
    def test_they_equal_the_database(self):
        self.start("--jobs", 500, "--basic-jobs", 60, "--regions", "cn-hangzhou,cn-beijing", "--seed", 4)
        self.sync()
        self.simulator.move(create=7, finish=3, silent_change=5, vanish=6)
        result, metrics = self.measure("--full")
        names = ("account_id", "region_id", "edition")
        source = "JOIN sync_source AS s USING (source_id)"
        columns = "s.account_id, s.region_id, s.edition"
        jobs = self.labelled(metrics, "jobs", *names, "status")
        self.assertEqual(
            {key: value for key, value in jobs.items() if value},
            self.by_source(f"SELECT {columns}, coalesce(status, ''), count(*) FROM restore_job {source}"
                           " WHERE missing_since IS NULL GROUP BY 1, 2, 3, 4"))
        self.assertEqual(len(jobs), 4 * 11, "each source has each status, and other")
        for name, condition in (("source_open_jobs", "coalesce(complete_time, 0) <= 0 AND missing_since IS NULL AND status NOT IN ('COMPLETE',"
                                 " 'PARTIAL_COMPLETE', 'FAILED', 'CANCELED', 'EXPIRED', 'CLIENT_DELETED')"),
                                ("source_missing_jobs", "missing_since IS NOT NULL")):
            self.assertEqual(
                self.labelled(metrics, name, *names),
                self.by_source(f"SELECT {columns}, total({condition}) FROM restore_job {source} GROUP BY 1, 2, 3"))
        for name, column in (("last_run_inserted_rows", "inserted"), ("last_run_updated_rows", "updated"),
                             ("last_run_missing_rows", "missing"), ("last_run_proved", "proof = 'proved'")):
            self.assertEqual(self.labelled(metrics, name, *names),
                             self.by_source(f"SELECT {columns}, {column} FROM sync_run {source} WHERE run_id = 2"))
        for name in ("source_last_proved_timestamp_seconds", "source_last_success_timestamp_seconds"):
            self.assertEqual(self.labelled(metrics, name, *names),
                             self.by_source(f"SELECT {columns}, max(finished_at) FROM sync_run {source} GROUP BY 1, 2, 3"))
        self.assertEqual(set(metrics["hbrsync_source_proved"].values()), {1})
        self.assertEqual(metrics["hbrsync_last_run_requests"], {(): result.json()["requests"]})
        self.assertEqual(metrics["hbrsync_schema_version"], {(): harness.SCHEMA_VERSION})
        self.assertAlmostEqual(metrics["hbrsync_last_run_duration_seconds"][()], result.json()["seconds"], delta=2)
        self.assertEqual(metrics["hbrsync_last_success_timestamp_seconds"],
                         metrics["hbrsync_last_run_timestamp_seconds"])
        self.assertEqual(sum(metrics["hbrsync_last_run_missing_rows"].values()), 6)

    def test_throttling_and_retries(self):
        self.start("--jobs", 120, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.simulator.fault("throttle", action="DescribeRestoreJobs2", count=2)
        result, metrics = self.measure()
        sources = result.json()["sources"]
        self.assertEqual(metrics["hbrsync_last_run_throttled"][()], sum(entry["throttled"] for entry in sources))
        self.assertGreater(metrics["hbrsync_last_run_throttled"][()], 0)
        self.assertGreaterEqual(metrics["hbrsync_last_run_retries"][()], 2)
        self.simulator.fault("http", status=500, action="DescribeRestoreJobs2", count=1)
        _, metrics = self.measure()
        self.assertEqual((metrics["hbrsync_last_run_retries"], metrics["hbrsync_last_run_throttled"]),
                         ({(): 1}, {(): 0}))

    def test_a_sync_that_failed_leaves_metrics_too(self):
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou,cn-beijing")
        _, first = self.measure("--region", "cn-hangzhou", status=4,
                                env=self.environment(ALIBABA_CLOUD_ACCESS_KEY_SECRET="wrong"))
        self.assertEqual(first["hbrsync_last_success_timestamp_seconds"], {(): 0})
        _, good = self.measure()
        success = good["hbrsync_last_success_timestamp_seconds"][()]
        time.sleep(1.1)
        self.simulator.set(region_unavailable=["cn-beijing"])
        _, bad = self.measure("--retry-for", "0s", status=3)
        self.assertTrue(success - 30 <= bad["hbrsync_last_success_timestamp_seconds"][()] <= success)
        self.assertLess(bad["hbrsync_last_success_timestamp_seconds"][()],
                        bad["hbrsync_last_run_timestamp_seconds"][()])
        proved = self.labelled(bad, "last_run_proved", "region_id", "edition")
        self.assertEqual(proved["cn-beijing", "STANDARD"], 0)
        self.assertEqual(proved["cn-hangzhou", "STANDARD"], 1)
        self.assertEqual(bad["hbrsync_jobs"], good["hbrsync_jobs"])
        _, none = self.measure(status=4, env=self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID=None,
                                                              ALIBABA_CLOUD_ACCESS_KEY_SECRET=None))
        self.assertEqual(none["hbrsync_jobs"], good["hbrsync_jobs"])
        self.assertNotIn("hbrsync_last_run_proved", none)
        self.database = self.path("text")
        with open(self.database, "w", encoding="ascii") as file:
            file.write("no database" * 1000)
        _, broken = self.measure(status=6)
        self.assertNotIn("hbrsync_jobs", broken)
        self.assertIn("hbrsync_last_run_duration_seconds", broken)

    def test_a_sync_that_failed_never_moves_the_last_success(self):
        self.start("--jobs", 20, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        os.makedirs(self.path(".aliyun"))
        with open(self.path(".aliyun/config.json"), "w", encoding="utf-8") as file:
            json.dump({"profiles": [{"name": name, "mode": "AK", "access_key_id": harness.KEY_ID,
                                     "access_key_secret": secret} for name, secret in
                                    (("good", harness.KEY_SECRET), ("bad", "canary"))]}, file)
        os.chmod(self.path(".aliyun/config.json"), 0o600)
        name = "hbrsync_last_success_timestamp_seconds"

        def fail(*arguments, status=3, **options):
            time.sleep(1.1)
            _, metrics = self.measure("--profile", "good", "--profile", "bad", *arguments, status=status, **options)
            return metrics.get(name)

        self.assertEqual(fail(), {(): 0}, "nothing before")
        self.assertEqual(fail(), {(): 0})
        _, good = self.measure()
        self.assertEqual([fail(), fail(), fail("--full")], [good[name]] * 3)
        os.unlink(self.file)
        time.sleep(1.1)
        _, unlucky = self.measure("--retry-for", "0s", "--endpoint", "http://127.0.0.1:1", "--region", "cn-hangzhou",
                                  status=5)
        self.assertLess(unlucky[name][()], unlucky["hbrsync_last_run_timestamp_seconds"][()], "the records tell")
        self.assertGreater(unlucky[name][()], 0)
        with open(self.file, "w", encoding="ascii") as file:
            file.write(f"# {name} 1\n{name}_more 2\n{name}_more{{}} 3\n{name}{{database=\"a b 7\"}} 12345\n")
        self.database, database = self.path("text"), self.database
        with open(self.database, "w", encoding="ascii") as file:
            file.write("no database" * 1000)
        self.assertEqual(self.measure(status=6)[1][name], {(): 12345}, "it stays when the database cannot be read")
        self.database = database
        for text in ("", "garbage", f"{name} 5", f"{name}{{}} -5", f"{name}{{}} 1e9", f"{name}{{}} {'9' * 400}\n",
                     f"{name}{{}} ", f"{name}{{}}", f"{name}{{", name):
            with open(self.file, "w", encoding="ascii") as file:
                file.write("\n" + text)
            self.assertGreater(fail()[()], 12345)

    def test_unproved(self):
        self.start("--jobs", 400, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.measure()
        self.simulator.move(create=3)
        self.simulator.set(total_count="absent")
        _, metrics = self.measure("--full", "--edition", "STANDARD", status=8)
        self.assertEqual(self.labelled(metrics, "source_proved", "edition")["STANDARD",], 0)
        self.assertEqual(self.labelled(metrics, "last_run_proved", "edition"), {("STANDARD",): 0})

    def test_the_file(self):
        self.start("--jobs", 20, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        with open(self.file, "w", encoding="ascii") as file:
            file.write("old 1\n")
        with open(self.file, encoding="ascii") as reader:
            self.measure()
            self.assertEqual(reader.read(), "old 1\n", "it is replaced, not written over")
        for mask in (0o022, 0o027, 0o077):
            self.measure(preexec_fn=lambda mask=mask: os.umask(mask))
            self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o644, "node_exporter is another user")
        self.assertEqual([name for name in os.listdir(self.directory) if name.startswith("hbrsync.prom")],
                         ["hbrsync.prom"])
        result = self.sync("--metrics-file", self.path("no/such/folder/file"), status=2)
        self.assertIn("no/such/folder", result.stderr)
        before = os.stat(self.file).st_mtime_ns
        self.sync("--metrics-file", self.file, "--dry-run")
        self.assertEqual(os.stat(self.file).st_mtime_ns, before, "a dry run keeps nothing")

    def test_unknown_statuses_are_other(self):
        """Whatever a job's field holds, a secret included, stays out of a file that all may read."""
        self.start("--jobs", 20, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        statuses = (harness.KEY_SECRET, "UNAVAILABLE", "complete", "", "COMPLETE", "CANCELING")
        jobs = [{"RestoreId": f"r-{number}", "Status": status} for number, status in enumerate(statuses)]
        text = "\n".join(map(json.dumps, [*jobs, {"RestoreId": "r-none"}]))
        result = self.run_hbrsync("--db", self.database, "import", "--account-id", harness.ACCOUNT, "--region",
                                  "cn-beijing", "--edition", "STANDARD", "-", stdin=text.encode())
        self.assertEqual(result.status, 0, result)
        _, metrics = self.measure("--region", "cn-hangzhou")
        os.unlink(self.database)  # it holds what was imported, the secret included
        counts = {key[1]: value for key, value in self.labelled(metrics, "jobs", "region_id", "status").items()
                  if key[0] == "cn-beijing" and value}
        self.assertEqual(counts, {"other": 5, "COMPLETE": 1, "CANCELING": 1})

    def test_labels_are_escaped(self):
        self.start("--jobs", 20, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        text = 'VaultId EQUAL a"b\\c\nd\u00e9'
        _, metrics = self.measure("--filter", text, status=None)
        scopes = {dict(key)["scope"] for key in metrics["hbrsync_last_run_proved"]}
        self.assertEqual(scopes, {text})
        _, metrics = self.measure("--filter", b"VaultId EQUAL \xff".decode("utf-8", "surrogateescape"), status=None)
        self.assertEqual({dict(key)["scope"] for key in metrics["hbrsync_last_run_proved"]}, {"VaultId EQUAL ?"})


class Databases(MetricsCase):
    """Each database has a name of its own, in every series, and every series is there before it matters."""

    def identity(self):
        return self.query("SELECT label, database_id FROM sync_database")[0]

    def test_two_of_one_name(self):
        self.start("--jobs", 60, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        text = ""
        for folder in ("one", "two"):
            os.mkdir(self.path(folder))
            self.database = self.path(folder + "/jobs.db")
            self.measure()
            self.assertEqual(self.database_labels, self.identity())
            self.assertEqual(self.database_labels[0], "jobs.db")
            self.assertRegex(self.database_labels[1], "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
            with open(self.file, encoding="utf-8") as file:
                text += "".join(line for line in file if not text or not line.startswith("#"))
        samples = [line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")]
        self.assertEqual(len(set(samples)), len(samples), "node_exporter drops what comes twice")

    def test_the_label(self):
        self.start("--jobs", 30, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        label = 'of "production" \\ \u5317\u4eac\n'
        self.measure("--database-label", label)
        self.assertEqual(self.database_labels, self.identity())
        self.assertEqual(self.database_labels[0], label)
        first = self.identity()
        self.measure()
        self.assertEqual((self.database_labels, self.identity()), (first, first), "it stays")
        self.sync("--database-label", "other", "--dry-run")
        self.assertEqual(self.identity(), first)
        self.measure("--database-label", "other")
        self.assertEqual(self.identity(), ("other", first[1]))
        copy = self.path("copy.db")
        self.assertEqual(self.run_hbrsync("--db", self.database, "publish", copy).status, 0)
        self.database = copy
        self.assertEqual(self.identity(), ("other", first[1]), "a copy is the same database")
        for wrong in ("", "x" * 201):
            self.assertIn("--database-label takes 1 to 200 bytes", self.sync("--database-label", wrong, status=2).stderr)

    def test_without_a_database(self):
        """A first sync that fails says what an alarm can watch."""
        self.start("--jobs", 30, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        no_keys = self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID=None, ALIBABA_CLOUD_ACCESS_KEY_SECRET=None)
        _, metrics = self.measure(status=4, env=no_keys)
        self.assertEqual(self.database_labels, ("jobs.db", self.database))
        self.assertEqual(metrics["hbrsync_last_success_timestamp_seconds"], {(): 0})
        self.measure("--database-label", "mine", status=4, env=no_keys)
        self.assertEqual(self.database_labels, ("mine", self.database))

    def test_series_before_their_first_event(self):
        self.start("--jobs", 0, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        now = int(time.time())
        jobs = [{"RestoreId": "r-1", "VaultId": "v-1", "Status": "RUNNING", "CreatedTime": now - 7200},
                {"RestoreId": "r-2", "VaultId": "v-1", "Status": "RUNNING", "CreatedTime": now - 600},
                {"RestoreId": "r-3", "VaultId": "v-2", "Status": "COMPLETE", "CreatedTime": 5, "CompleteTime": 500},
                {"RestoreId": "r-4", "VaultId": "v-2", "Status": "COMPLETE", "CreatedTime": 5, "CompleteTime": 400},
                {"RestoreId": "r-5", "VaultId": "v-2", "Status": "FAILED", "CreatedTime": 5, "CompleteTime": 700},
                {"RestoreId": "r-6", "VaultId": "v-2", "Status": "COMPLETE", "CompleteTime": 900, "ParentId": "r-1"},
                {"RestoreId": "r-7", "VaultId": "secret" * 9, "Status": "COMPLETE", "CompleteTime": 300},
                {"RestoreId": "r-8", "VaultId": "v-\"}\n", "Status": "COMPLETE", "CompleteTime": 200},
                {"RestoreId": "r-9", "VaultId": "", "Status": "COMPLETE", "CompleteTime": 100}]
        result = self.run_hbrsync("--db", self.database, "import", "--account-id", harness.ACCOUNT, "--region", "cn-x",
                                  "--edition", "STANDARD", "-", stdin="\n".join(map(json.dumps, jobs)).encode())
        self.assertEqual(result.status, 0, result)
        _, metrics = self.measure("--region", "cn-hangzhou", "--edition", "STANDARD")
        self.assertEqual(self.labelled(metrics, "vault_last_success_timestamp_seconds", "region_id", "vault_id"),
                         {("cn-x", "v-1"): 0, ("cn-x", "v-2"): 500, ("cn-x", "other"): 300})
        age = self.labelled(metrics, "source_oldest_open_job_age_seconds", "region_id")
        self.assertEqual(age.pop(("cn-hangzhou",)), 0)
        self.assertTrue(7200 <= age.pop(("cn-x",)) < 7300)
        self.assertEqual(age, {})
        self.assertEqual(set(self.labelled(metrics, "jobs", "region_id", "status").items()) & {
            (("cn-hangzhou", "FAILED"), 0), (("cn-x", "FAILED"), 1), (("cn-hangzhou", "other"), 0)}, {
                (("cn-hangzhou", "FAILED"), 0), (("cn-x", "FAILED"), 1), (("cn-hangzhou", "other"), 0)})
        for name in ("source_proved", "source_last_proved_timestamp_seconds", "source_last_success_timestamp_seconds",
                     "source_open_jobs", "source_missing_jobs"):
            self.assertEqual(set(self.labelled(metrics, name, "region_id")), {("cn-hangzhou",), ("cn-x",)}, name)

    def test_the_examples_of_alerts(self):
        path = os.path.join(os.path.dirname(__file__), "..", "..", "examples", "prometheus", "hbrsync-alerts.yml")
        with open(path, encoding="utf-8") as file:
            rules = re.findall("(?s)expr: (.*?)(?:for|annotations):", file.read())
        self.assertEqual(len(rules), 6)
        if shutil.which("promtool"):
            subprocess.run(["promtool", "check", "rules", path], check=True, stdout=subprocess.DEVNULL)
        self.start("--jobs", 60, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        _, metrics = self.measure()
        for name in re.findall("hbrsync_[a-z_]+", "".join(rules)):
            self.assertTrue(metrics[name], name)

    def test_types_listed_one_by_one_are_proved_with_their_source(self):
        self.start("--jobs", 60, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.simulator.set(untyped="refused")
        _, metrics = self.measure("--edition", "STANDARD")
        for name in ("source_last_proved_timestamp_seconds", "source_last_success_timestamp_seconds"):
            times = self.labelled(metrics, name, "scope")
            self.assertGreater(len(times), 3)
            self.assertEqual(set(times.values()), {times["",]})
            self.assertGreater(times["",], 0)


class OneTruth(MetricsCase):
    """Status, its JSON, --max-age, metrics, view and reports say the same of a source."""

    def told(self, *options):
        """What each of them says of the whole of the STANDARD source: proved or not, and the note on it."""
        _, metrics = self.measure("--region", "cn-hangzhou", "--edition", "STANDARD", *options)
        proved = self.labelled(metrics, "source_proved", "scope")["",]
        proved_at = self.labelled(metrics, "source_last_proved_timestamp_seconds", "scope")["",]
        self.assertEqual(proved_at > 0, bool(proved))
        view, = self.query("SELECT proved, source_proved, source_note FROM v_sync_health WHERE scope = ''")
        self.assertEqual(view[:2], (proved, proved))
        note = view[2]
        status = self.run_hbrsync("--db", self.database, "status", "--region", "cn-hangzhou")
        fresh = self.run_hbrsync("--db", self.database, "status", "--max-age", "1h", "--json")
        source = next(source for source in fresh.json()["sources"] if source["scope"] == "")
        self.assertEqual((source["proof"], source["note"]), ("proved" if proved else "unproved", note))
        self.assertEqual(source["last_proved_at"], int(proved_at) or None)
        self.assertEqual((fresh.status, fresh.json()["fresh"]), (0, True) if proved else (8, False))
        self.assertIn(f"\n{int(proved)} of 1 source proved" if note else "\n1 source proved, ", status.stdout)
        self.assertRegex(status.stdout.split("\n\n")[2], f"(?m)^  complete +{note or 'proved'}$")
        self.assertRegex(status.stdout.split("\n\n")[2], "(?m)^  last full scan +" + ("[0-9]" if proved else "never"))
        report = self.run_hbrsync("--db", self.database, "report", "completeness", "--format", "json").json()
        self.assertEqual({row["source_proved"] for row in report}, {proved})
        for name in ("summary", "success-rate", "success-by-type", "success-by-vault", "success-by-month"):
            result = self.run_hbrsync("--db", self.database, "report", name)
            self.assertEqual(result.stderr, f"hbrsync: warning: 1 of 1 sources {note}\n" if note else "", name)
        page = self.run_hbrsync("--db", self.database, "report", "--format", "html").stdout
        self.assertEqual(f'<p class="warning">1 of 1 sources {note}</p>' in page, bool(note))
        summary, = self.run_hbrsync("--db", self.database, "report", "summary", "--format", "json").json()
        self.assertEqual(summary["sources_not_proved"], 1 - proved)
        return bool(proved), note

    def test_types_listed_one_by_one(self):
        self.start("--jobs", 120, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.simulator.set(untyped="refused")
        self.assertEqual(self.told(), (True, None))
        self.assertEqual(self.query("SELECT 1 FROM sync_watermark WHERE restore_type = ''"), [])
        self.simulator.move(create=3, edition="STANDARD")
        self.assertEqual(self.told(), (True, None))
        self.sync("--region", "cn-hangzhou", "--retry-for", "0s", "--endpoint", "http://127.0.0.1:1", status=5)
        self.assertEqual(self.run_hbrsync("--db", self.database, "status", "--max-age", "1h").status, 0)

    def test_never_as_a_whole(self):
        self.start("--jobs", 120, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.assertEqual(self.told("--filter", "Status IN FAILED"), (False, "copied by filter only; never proved complete"))
        self.assertEqual(self.told("--restore-type", "OSS"), (False, "copied by RestoreType only; never proved complete"))
        self.assertEqual(self.told(), (True, None))
        self.assertEqual(self.told("--filter", "Status IN FAILED"), (True, None))


class MaxAge(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou,cn-beijing")

    def status(self, *arguments, status=0):
        result = self.run_hbrsync("--db", self.database, "status", *arguments)
        self.assertEqual(result.status, status, result)
        return result

    def age(self, seconds, condition="1"):
        """Makes what the database remembers of its runs older."""
        connection = harness.sqlite3.connect(self.database)
        connection.execute(f"UPDATE sync_run SET started_at = started_at - {seconds},"
                           f" finished_at = finished_at - {seconds} WHERE {condition}")
        connection.commit()
        connection.close()

    def test_fresh_and_old(self):
        self.sync()
        self.status("--max-age", "1h")
        self.age(7200, "source_id IN (SELECT source_id FROM sync_source WHERE region_id = 'cn-beijing'"
                       " AND edition = 'STANDARD')")
        result = self.status("--max-age", "1h", status=8)
        self.assertIn("cn-beijing STANDARD: last proved complete 2 h ago", result.stderr)
        self.assertIn("1 of 4 sources were not proved within 60 min", result.stderr)
        self.assertNotIn("cn-hangzhou", result.stderr)
        ages = re.compile(r"[0-9]+ s ago")
        self.assertEqual(ages.sub("", result.stdout), ages.sub("", self.status().stdout))
        self.status("--max-age", "3h")
        report = self.status("--max-age", "1h", "--json", status=8).json()
        self.assertEqual((report["fresh"], report["max_age_seconds"]), (False, 3600))
        ages = {(source["region_id"], source["edition"]): source for source in report["sources"]}
        self.assertGreaterEqual(ages["cn-beijing", "STANDARD"]["seconds_since_proved"], 7200)
        self.assertLess(ages["cn-hangzhou", "STANDARD"]["seconds_since_proved"], 3600)
        self.assertLess(ages["cn-hangzhou", "STANDARD"]["seconds_since_full_walk"], 3600)
        self.assertTrue(self.status("--max-age", "3h", "--json").json()["fresh"])
        self.assertNotIn("fresh", self.status("--json").json())

    def sources_not_proved(self):
        result = self.run_hbrsync("--db", self.database, "report", "summary", "--format", "json")
        return json.loads(result.stdout)[0]["sources_not_proved"]

    def test_one_type_unproved(self):
        options = ("--region", "cn-hangzhou", "--edition", "STANDARD", "--restore-type")
        self.sync(*options, "OSS", "--restore-type", "NAS")
        self.assertEqual(self.sources_not_proved(), 1, "types that somebody names are not the source")
        self.simulator.move(create=9)
        self.simulator.set(total_count="absent")
        self.sync(*options, "OSS", "--full", status=8)
        self.assertEqual(self.query("SELECT restore_type, proved FROM sync_watermark ORDER BY 1"),
                         [("NAS", 1), ("OSS", 0)])
        self.assertEqual(self.sources_not_proved(), 1, "one type that is proved does not make the source so")

    def test_unproved(self):
        self.sync()
        self.simulator.move(create=3, region="cn-hangzhou", edition="STANDARD")
        self.simulator.set(total_count="absent")
        self.sync("--region", "cn-hangzhou", "--full", "--edition", "STANDARD", status=8)
        self.simulator.control("reset", {})
        result = self.status("--max-age", "1d", status=8)
        self.assertIn("cn-hangzhou STANDARD: not proved complete", result.stderr)
        self.assertNotIn("cn-beijing", result.stderr)
        self.assertEqual(self.sources_not_proved(), 1)
        self.sync()
        self.status("--max-age", "1d")
        self.assertEqual(self.sources_not_proved(), 0)

    def test_never(self):
        self.status("--max-age", "1h", status=6)
        self.sync("--max-requests", 3, "--region", "cn-hangzhou", status=None)
        self.assertIn("never proved", self.status("--max-age", "1h", status=8).stderr)

    def test_what_was_imported_and_single_types_do_not_count(self):
        result = self.run_hbrsync("--db", self.database, "import", "-", stdin=b'{"RestoreId":"r-1"}')
        self.assertEqual(result.status, 0, result)
        self.assertIn("no source was ever synced", self.status("--max-age", "1h", status=8).stderr)
        self.sync("--restore-type", "OSS")
        self.assertIn("copied by RestoreType only; never proved complete", self.status("--max-age", "1h", status=8).stderr)
        self.sync()
        self.status("--max-age", "1h")

    def test_a_fresh_source_covers_its_own_types_only(self):
        self.sync("--region", "cn-beijing")
        self.sync("--region", "cn-hangzhou", "--restore-type", "OSS")
        self.age(7200, "scope <> ''")
        result = self.status("--max-age", "1h", status=8)
        self.assertIn("cn-hangzhou STANDARD: copied by RestoreType only; never proved complete", result.stderr)
        self.assertNotIn("cn-beijing", result.stderr)

    def test_an_import_hides_no_source(self):
        """Neither one that was never proved, nor the age of the last sync."""
        self.simulator.set(region_unavailable=["cn-beijing"])
        self.sync("--all-regions", "--retry-for", "0s", status=3)
        self.assertEqual(self.status("--max-age", "1h", status=8).stderr.count("never proved"), 2)
        self.assertEqual(self.sources_not_proved(), 2)
        self.age(7200)
        for region in ("cn-hangzhou", "cn-beijing"):
            result = self.run_hbrsync("--db", self.database, "import", "--account-id", harness.ACCOUNT, "--region",
                                      region, "--edition", "STANDARD", "-", stdin=b'{"RestoreId":"r-' + region.encode()
                                      + b'"}')
            self.assertEqual(result.status, 0, result)
        self.assertEqual(self.status("--max-age", "3h", status=8).stderr.count("never proved"), 2)
        sources = {(source["region_id"], source["edition"]): source
                   for source in self.status("--json").json()["sources"]}
        self.assertGreaterEqual(sources["cn-hangzhou", "STANDARD"]["seconds_since_success"], 7200)
        self.assertIsNone(sources["cn-beijing", "STANDARD"]["seconds_since_success"])
        self.sync("--region", "cn-hangzhou")
        self.age(3600, "mode <> 'import'")
        ended, = self.query("SELECT max(finished_at) FROM sync_run WHERE mode <> 'import'")[0]
        self.sync("--metrics-file", self.path("metrics"), "--retry-for", "0s", status=3)
        with open(self.path("metrics"), encoding="utf-8") as file:
            metrics, _ = without_database(parse(file.read()))
        self.assertEqual(metrics["hbrsync_last_success_timestamp_seconds"], {(): ended})

    def test_a_type_that_was_left_unproved_is_covered_by_its_source(self):
        of_type = ("--region", "cn-hangzhou", "--edition", "STANDARD", "--restore-type", "ECS_FILE")
        self.sync(*of_type)
        self.simulator.move(create=20, region="cn-hangzhou", edition="STANDARD")
        self.sync(*of_type, "--page-size", 20, "--max-requests", 2, status=8)
        self.status("--max-age", "1h", status=8)
        self.sync()
        self.status("--max-age", "1h")
        self.assertEqual(self.sources_not_proved(), 0)

    def test_a_region_without_the_service_is_no_alarm(self):
        self.simulator.set(region_down=["cn-beijing"])
        self.sync("--all-regions", "--metrics-file", self.path("metrics"))
        self.status("--max-age", "1h")
        ages = [source["seconds_since_success"] for source in self.status("--json").json()["sources"]]
        self.assertEqual([age is not None and age < 60 for age in ages], [True] * 4)
        with open(self.path("metrics"), encoding="utf-8") as file:
            times = parse(file.read())["hbrsync_source_last_success_timestamp_seconds"]
        self.assertEqual([at > time.time() - 60 for at in times.values()], [True] * 4)
        self.assertEqual(self.query("SELECT DISTINCT proved, seconds_since_success < 60 FROM v_sync_health"), [(1, 1)])
        self.assertEqual(self.sources_not_proved(), 0)

    def test_usage(self):
        self.status("--max-age", "soon", status=2)
        self.status("--max-age", "-1", status=2)


if __name__ == "__main__":
    unittest.main()
