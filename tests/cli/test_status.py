"""The command status: a table of the sources, and what is behind it."""
import re
import unittest

import harness

REGIONS = [f"cn-region-{number}" for number in range(1, 31)]


class Status(harness.TestCase):
    def status(self, *arguments, status=0):
        result = self.run_hbrsync("--db", self.database, "status", *arguments)
        self.assertEqual(result.status, status, result)
        return result

    def rows(self, *arguments):
        """{(region, edition): the other cells}, and the lines after the table, of a table that fits 80 columns."""
        text = self.status(*arguments).stdout
        self.assertEqual([line for line in text.split("\n\n")[0].splitlines() if len(line) > 80], [])
        table, _, rest = text.partition("\n\n")
        head, rule, *lines = table.splitlines()
        self.assertRegex(rule, "^[- ]+$")
        rows = {}
        for line in lines:
            if not re.search("holds? no jobs$", line):
                row = dict(zip(head.split(), re.split("  +", line.strip())))
                self.assertEqual(len(row), len(head.split()), line)
                rows[row.pop("region"), row.pop("edition")] = row
        return rows, [line for line in lines if re.search("holds? no jobs$", line)], rest

    def make_old(self, seconds, condition="1"):
        self.change(f"UPDATE sync_run SET started_at = started_at - {seconds}, finished_at = finished_at - {seconds}"
                    f" WHERE source_id IN (SELECT source_id FROM sync_source WHERE {condition})")

    def test_a_row_a_source(self):
        self.start("--jobs", 400, "--basic-jobs", 0, "--regions", ",".join(REGIONS))
        self.sync()
        text = self.status().stdout
        self.assertLess(len(text.splitlines()), 40, text)
        self.make_old(720, "region_id = 'cn-region-7'")
        rows, folded, rest = self.rows()
        stored = {(region, edition): jobs for region, edition, jobs in self.query(
            "SELECT region_id, edition, count(*) FROM restore_job JOIN sync_source USING (source_id) GROUP BY 1, 2")}
        self.assertEqual({source: int(row["jobs"]) for source, row in rows.items()}, stored)
        self.assertEqual({source: int(row["open"]) for source, row in rows.items()}, {
            (region, edition): jobs for region, edition, jobs in self.query(
                "SELECT region_id, edition, open_jobs FROM v_sync_health WHERE jobs > 0")})
        self.assertEqual(rows["cn-region-7", "STANDARD"]["proved"], "12 min ago")
        self.assertEqual({row["result"] for row in rows.values()}, {"proved"})
        self.assertEqual(folded, [f"{60 - len(rows)} more sources hold no jobs"])
        self.assertEqual(rest, "60 sources proved, the oldest 12 min ago\n")
        self.assertNotIn("held all 0", self.status("--verbose").stdout)
        told = self.status("--region", "cn-region-7").stdout
        self.assertEqual(len(re.findall("(?m)^cn-region-[0-9]+  ", told)), 2, "an empty one is asked for")
        self.assertEqual(len(re.findall("(?m)^[0-9]+ cn-region-7 ", told)), 2)
        self.assertEqual(told.count("  evidence  "), 2)
        self.assertIn("no source of the region cn-region is stored", self.status("--region", "cn-region", status=2).stderr)

    def test_what_is_not_well(self):
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-a,cn-b,cn-c,cn-d,cn-e")
        self.simulator.set(region_unavailable=["cn-b"])
        self.sync("--all-regions", "--retry-for", "0s", status=3)
        self.simulator.set(region_unavailable=["cn-c"])
        self.sync("--region", "cn-c", "--edition", "STANDARD", "--retry-for", "0s", status=None)
        self.sync("--region", "cn-f", "--edition", "STANDARD", "--filter", "Status IN FAILED", status=None)
        self.run_hbrsync("--db", self.database, "import", "-", stdin=b'{"RestoreId":"r-1"}')
        self.run_hbrsync("--db", self.database, "source", "retire", "--region", "cn-d")
        self.simulator.set(region_unavailable=[], total_count="absent")
        self.sync("--region", "cn-e", "--edition", "STANDARD", "--full", status=8)
        rows, folded, rest = self.rows()
        self.assertEqual({source[0]: (row["proved"] == "never", row["result"]) for source, row in rows.items()
                          if source[1] == "STANDARD" or source[0] == "imported"}, {
            "cn-a": (False, "proved"), "cn-b": (True, "failed"), "cn-c": (False, "failed"), "cn-d": (False, "retired"),
            "cn-e": (False, "unproved"), "cn-f": (True, "in part"), "imported": (True, "imported")})
        self.assertEqual(rows["cn-b", "BASIC"]["result"], "failed", "an empty one that is not well has a row")
        self.assertEqual(folded, ["3 more sources hold no jobs"])
        self.assertEqual(rest, "5 of 9 sources proved, the oldest 0 s ago; --verbose tells more\n".replace(
            "0 s ago", re.search("[0-9]+ s ago", rest)[0]))
        self.assertNotRegex(self.status("--max-age", "30s", status=8).stderr, "[0-9] seconds")

    def test_several_accounts(self):
        self.start("--jobs", 60, "--basic-jobs", 0, "--regions", "ap-southeast-1")
        self.sync()
        self.assertNotIn(harness.ACCOUNT, self.status().stdout)
        self.sync("--account-id", "1000000000000002")
        rows, _, _ = self.rows()
        self.assertEqual({row["account"] for row in rows.values()} <= {harness.ACCOUNT, "1000000000000002"}, True)
        self.assertIn(harness.ACCOUNT, self.status().stdout)

    def test_nothing_but_empty_sources(self):
        self.start("--jobs", 0, "--basic-jobs", 0, "--regions", "cn-a")
        self.sync()
        text = self.status().stdout
        self.assertRegex(text, r"^2 sources hold no jobs\n2 sources proved, the oldest [0-9]+ s ago\n$")
        report = self.status("--json").json()
        self.assertEqual(len(report["sources"]), 2)
        self.assertEqual({source["retired_at"] for source in report["sources"]}, {None})


class OldRuns(harness.TestCase):
    """Runs that found nothing do not stay for ever."""

    def test_they_go(self):
        self.start("--jobs", 40, "--basic-jobs", 5, "--regions", "cn-hangzhou,cn-beijing")
        self.sync()
        for _ in range(4):
            self.sync()
        self.change("UPDATE sync_run SET started_at = started_at - 8640000, finished_at = finished_at - 8640000")
        proved = self.query("SELECT source_id, last_proved_utc, last_run_id FROM v_sync_health")
        self.sync("--region", "cn-hangzhou", "--dry-run")
        self.assertEqual(self.query("SELECT count(*) FROM sync_run"), [(20,)])
        self.simulator.move(create=8, region="cn-beijing", edition="BASIC")
        self.sync("--region", "cn-beijing", "--edition", "BASIC")
        left = self.query("SELECT source_id, run_id, inserted FROM sync_run")
        self.assertEqual({row[1] for row in left}, {1, 5, 6})
        self.assertEqual(sum(row[2] for row in left), 53)
        after = self.query("SELECT source_id, last_proved_utc, last_run_id FROM v_sync_health WHERE last_run_id < 6")
        self.assertEqual((len(after), set(after) - set(proved)), (3, set()))
        for column in ("first_run_id", "changed_run_id"):
            self.assertEqual(self.query(f"SELECT restore_id FROM restore_job AS j WHERE NOT EXISTS (SELECT 1 FROM sync_run"
                                        f" AS r WHERE r.run_id = j.{column} AND r.source_id = j.source_id)"), [])
        self.check_database()
        self.sync()
        self.assert_equals_truth()


if __name__ == "__main__":
    unittest.main()
