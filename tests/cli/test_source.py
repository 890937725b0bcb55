"""The command source: retired sources keep their jobs, are left alone and raise no alarm."""
import json
import os
import unittest

import harness
from test_metrics import parse

BEIJING = ("--region", "cn-beijing")
EVERY = {("cn-beijing", "BASIC"), ("cn-beijing", "STANDARD"), ("cn-hangzhou", "BASIC"), ("cn-hangzhou", "STANDARD")}


class Source(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.start("--jobs", 120, "--basic-jobs", 30, "--regions", "cn-hangzhou,cn-beijing")

    def run_db(self, *arguments, status=0):
        result = self.run_hbrsync("--db", self.database, *arguments)
        self.assertEqual(result.status, status, result)
        return result

    def source(self, *arguments, status=0):
        return self.run_db("source", *arguments, status=status)

    def retired(self):
        """The sources that say that they are retired, by each who tells it."""
        stored = set(self.query("SELECT region_id, edition FROM sync_source WHERE retired_at IS NOT NULL"))
        rows = self.source("list", "--json").json()
        self.assertEqual({(row["region_id"], row["edition"]) for row in rows}, EVERY)
        shown = self.run_db("status", "--json").json()["sources"]
        told = self.run_db("status", "--region", "cn-hangzhou", "--region", "cn-beijing").stdout
        for found in ({(row["region_id"], row["edition"]) for row in rows if row["retired_at"] is not None},
                      {(row["region_id"], row["edition"]) for row in shown if row["retired_at"] is not None},
                      set(self.query("SELECT region_id, edition FROM v_sync_health WHERE retired_utc IS NOT NULL")),
                      {tuple(line.split()[:2]) for line in told.splitlines() if line.endswith("  retired")}):
            self.assertEqual(found, stored)
        self.assertEqual(told.count("  retired          20"), len(stored))
        self.assertEqual(self.source("list").stdout.count("retired 20"), len(stored))
        return stored

    def make_old(self):
        self.change("UPDATE sync_run SET started_at = started_at - 7200, finished_at = finished_at - 7200 WHERE source_id"
                    " IN (SELECT source_id FROM sync_source WHERE region_id = 'cn-beijing')")

    def test_a_life(self):
        self.sync()
        self.assertEqual(self.retired(), set())
        jobs = self.query("SELECT * FROM restore_job")
        self.make_old()
        self.run_db("status", "--max-age", "1h", status=8)
        result = self.source("retire", *BEIJING)
        self.assertIn("cn-beijing: 2 sources retired", result.stderr)
        self.assertEqual(self.retired(), {("cn-beijing", "STANDARD"), ("cn-beijing", "BASIC")})
        self.assertEqual(self.query("SELECT * FROM restore_job"), jobs)
        self.run_db("status", "--max-age", "1h")
        since = self.query("SELECT max(retired_at) FROM sync_source")
        self.change("UPDATE sync_source SET retired_at = retired_at - 50 WHERE retired_at IS NOT NULL")
        self.source("retire", *BEIJING)
        self.assertEqual(self.query("SELECT max(retired_at) + 50 FROM sync_source"), since, "it is so since the first time")

        self.simulator.move(create=9)
        self.simulator.set(region_unavailable=["cn-beijing"])
        self.simulator.clear_log()
        self.sync("--all-regions", "--retry-for", "0s", "--metrics-file", self.path("metrics"))
        self.assertEqual({entry["region"] for entry in self.simulator.requests()}, {"cn-hangzhou"})
        with open(self.path("metrics"), encoding="utf-8") as file:
            metrics = parse(file.read())
        regions = {value for samples in metrics.values() for labels in samples for name, value in labels
                   if name == "region_id"}
        self.assertEqual(regions, {"cn-hangzhou"})
        self.assertEqual(self.query("SELECT count(*) FROM restore_job_change AS c JOIN restore_job USING (restore_id)"
                                    " JOIN sync_source USING (source_id) WHERE retired_at IS NOT NULL"), [(0,)])

        result = self.source("revive", *BEIJING, "--json")
        self.assertEqual({row["retired_at"] for row in result.json()}, {None})
        self.assertEqual(self.retired(), set())
        self.simulator.control("reset", {})
        self.sync("--all-regions")
        self.assert_equals_truth()
        self.check_database()

    def test_reports_are_not_alarmed(self):
        self.sync("--filter", "Status IN FAILED,RUNNING", *BEIJING)
        self.sync("--region", "cn-hangzhou")
        def summary():
            result = self.run_db("report", "summary", "--format", "json")
            return result.json()[0]["sources_not_proved"], result.stderr
        self.assertEqual(summary()[0], 2)
        self.assertIn("2 of 4 sources copied by filter only", summary()[1])
        self.assertGreater(self.query("SELECT count(*) FROM v_restore_open WHERE region_id = 'cn-beijing'")[0][0], 0)
        self.source("retire", *BEIJING)
        self.assertEqual(summary(), (0, ""))
        self.assertEqual(self.query("SELECT count(*) FROM v_restore_open WHERE region_id = 'cn-beijing'"), [(0,)])

    def test_a_named_region_is_synced(self):
        self.sync()
        self.source("retire", *BEIJING, "--edition", "STANDARD")
        self.simulator.move(create=20)
        result = self.sync(*BEIJING)
        self.assertIn("cn-beijing STANDARD is retired; it is synced because the region was named", result.stderr)
        self.assertNotIn("BASIC is retired", result.stderr)
        self.assertEqual({entry["edition"] for entry in result.json()["sources"]}, {"STANDARD", "BASIC"})
        self.assertEqual(self.retired(), {("cn-beijing", "STANDARD")})

    def test_account_and_edition(self):
        self.sync()
        self.source("retire", "--region", "CN-Beijing", "--edition", "BASIC", "--account-id", harness.ACCOUNT)
        self.assertEqual(self.retired(), {("cn-beijing", "BASIC")})
        self.source("retire", *BEIJING, "--account-id", "7", status=2)
        self.source("retire", "--edition", "STANDARD", "--edition", "BASIC", *BEIJING, "--region", "cn-hangzhou")
        self.assertEqual(self.retired(), EVERY)
        self.source("revive", "--region", "cn-hangzhou")
        self.assertEqual(self.retired(), {("cn-beijing", "STANDARD"), ("cn-beijing", "BASIC")})

    def test_a_region_that_is_gone(self):
        self.sync()
        self.simulator.set(region_hidden=["cn-beijing"])
        result = self.sync("--all-regions", status=3)
        self.assertIn("hbrsync source retire --region cn-beijing", result.stderr)
        self.source("retire", *BEIJING)
        self.sync("--all-regions")
        self.simulator.set(region_hidden=[], region_down=["cn-beijing"])
        self.source("revive", *BEIJING)
        result = self.sync("--all-regions", status=3)
        self.assertIn("hbrsync source retire --region cn-beijing", result.stderr)

    def test_all_are_retired(self):
        self.sync()
        self.source("retire", *BEIJING, "--region", "cn-hangzhou")
        result = self.sync("--all-regions", status=2)
        self.assertIn("every source is retired", result.stderr)
        self.assertEqual(json.loads(result.stdout)["outcome"], "failed")
        self.make_old()
        self.assertTrue(self.run_db("status", "--max-age", "1h", "--json").json()["fresh"])
        self.run_db("status", "--max-age", "1h")

    def test_usage(self):
        self.assertIn("does not exist", self.source("retire", *BEIJING, status=6).stderr)
        self.assertIn("does not exist", self.source("list", status=6).stderr)
        self.assertFalse(os.path.exists(self.database))
        self.sync()
        before = self.dump()
        for arguments, told in (
                ((), "list, retire"), (("list", "retire"), "list, retire"), (("end", *BEIJING), 'not "end"'),
                (("retire",), "at least one --region"), (("retire", "--json"), "at least one --region"),
                (("revive", "--account-id", "7"), "at least one --region"),
                (("list", *BEIJING), "no option but --json"), (("list", "--edition", "BASIC"), "no option but --json"),
                (("retire", *BEIJING, "--edition", "basic"), "not one of STANDARD|BASIC"),
                (("retire", *BEIJING, "--region", "cn-hangzou"), "no such source of the region cn-hangzou"),
                (("retire", "--region", "\x1b[31m"), "no such source"), (("retire", "--region", "x" * 99), "longer than")):
            result = self.source(*arguments, status=2)
            self.assertIn(told, result.stderr)
            self.assertNotIn("\x1b", result.stderr)
        self.assertEqual(self.dump(), before, "all or nothing")


if __name__ == "__main__":
    unittest.main()
