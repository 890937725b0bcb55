"""`check`: states, one line with performance data, and the exit codes of monitoring plugins."""
import re
import time
import unittest

import harness

DAY = 86400
LINE = re.compile(r"HBRSYNC (OK|WARNING|CRITICAL|UNKNOWN) - ([^|\n]+) \|((?: '[a-z_]+'=[^ ]+)+)\n")
PERFORMANCE = re.compile(r"'([a-z_]+)'=(U|[0-9.]+(?:s|%));([0-9.]*:?);([0-9.]+:?);0(?:;100)?")
CODES = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}


class Check(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.start("--jobs", 60, "--basic-jobs", 0, "--regions", "cn-hangzhou,cn-beijing")
        self.sync("--region", "cn-hangzhou")
        self.now = int(time.time())

    def check(self, state, *arguments):
        """The message and {label: (value, warning, critical)}."""
        result = self.run_hbrsync("--db", self.database, "check", *arguments)
        self.assertEqual(result.status, CODES[state], result)
        self.assertEqual(result.stdout.count("\n"), 1)
        self.assertLess(len(result.stdout), 2000)
        match = LINE.fullmatch(result.stdout)
        self.assertTrue(match, result)
        self.assertEqual(match[1], state)
        data = match[3].strip().split(" ")
        self.assertTrue(all(PERFORMANCE.fullmatch(one) for one in data), data)
        return match[2], {one[0]: one[1:] for one in (PERFORMANCE.fullmatch(text).groups() for text in data)}

    def unknown(self, *arguments):
        result = self.run_hbrsync("--db", self.database, "check", *arguments)
        self.assertEqual(result.status, 3, result)
        self.assertRegex(result.stdout, r"^HBRSYNC UNKNOWN - [^|\n]+\n$")
        return result.stderr

    def proved(self, ago):
        self.change(f"UPDATE sync_run SET finished_at = {self.now - ago}")

    def test_age_of_the_proofs(self):
        message, data = self.check("OK", "--max-age", "1h,2h")
        self.assertRegex(message, r"^2 sources proved, the oldest \d+ s ago$")
        self.assertEqual(data["proof_age"][1:], ("3600", "7200"))
        self.proved(5400)
        message, data = self.check("WARNING", "--max-age", "1h,2h")
        self.assertRegex(message, r"^2 of 2 sources not proved so recently: cn-hangzhou \w+ 90 min ago$")
        self.assertTrue(5400 <= float(data["proof_age"][0][:-1]) < 5500)
        self.check("CRITICAL", "--max-age", "1h")
        self.check("OK", "--max-age", "2h")
        self.change("UPDATE sync_watermark SET proved = 0")
        self.assertIn("not proved complete", self.check("CRITICAL", "--max-age", "1d")[0])

    def test_never_proved(self):
        """Not to know is not OK, and an alarm hides it."""
        self.database = self.path("filtered.db")
        self.sync("--filter", "Status EQUAL FAILED")
        self.assertIn("never proved complete", self.check("UNKNOWN", "--max-age", "1d")[0])
        self.check("CRITICAL", "--max-age", "1d", "--min-success-rate", "1", "--over", "3650d")

    def test_success_rate(self):
        """As `report summary` counts it, of the jobs created in the period."""
        for days in (3650, 400):
            report = self.run_hbrsync("--db", self.database, "report", "summary", "--format", "json", "--since",
                                      f"{days}d")
            rate = report.json()[0]["success_rate_percent"]
            message, data = self.check("OK", "--min-success-rate", "1,0.5", "--over", f"{days}d")
            self.assertEqual(data["success_rate"], (f"{rate}%", "1:", "0.5:"))
            self.assertRegex(message, rf"^{rate} % of \d+ restores succeeded in the last {days} d$")
        self.change("UPDATE restore_job SET status = 'FAILED', settled_status = 'FAILED'")
        self.check("CRITICAL", "--min-success-rate", "95,90", "--over", "3650d")
        self.check("WARNING", "--min-success-rate", "95,0", "--over", "3650d")
        message, data = self.check("OK", "--min-success-rate", "95,90", "--over", "1s")
        self.assertEqual((message, data["success_rate"][0]), ("no restores succeeded in the last 0.0 h", "U"))

    def test_open_jobs(self):
        self.change("UPDATE restore_job SET status = 'COMPLETE', settled_status = 'COMPLETE', "
                    "complete_time = created_time + 1")
        self.assertEqual(self.check("OK", "--max-open", "0"), ("no job open", {"open_age": ("0s", "", "0")}))
        self.change("UPDATE restore_job SET status = 'RUNNING', settled_status = NULL, complete_time = 0, "
                    f"created_time = {self.now - 3 * DAY} WHERE row_id = 1",
                    "UPDATE restore_job SET status = 'RUNNING', settled_status = NULL, complete_time = NULL, "
                    f"created_time = {self.now - DAY} WHERE row_id = 2")
        first = self.query("SELECT restore_id FROM restore_job WHERE row_id = 1")[0][0]
        self.assertEqual(self.check("CRITICAL", "--max-open", "1d,2d")[0], f"2 open, the oldest for 3 d: {first}")
        self.check("WARNING", "--max-open", "2d,4d")
        self.change("UPDATE restore_job SET missing_since = 1 WHERE row_id = 1")
        self.assertIn("1 open, the oldest for 24 h", self.check("OK", "--max-open", "2d")[0])

    def test_drills(self):
        """Of vaults and of instances; one that never succeeded counts from the first attempt."""
        self.change("UPDATE restore_job SET parent_id = '', status = 'COMPLETE', settled_status = 'COMPLETE', "
                    f"created_time = {self.now - 9 * DAY}, complete_time = {self.now - 2 * DAY - 10}, "
                    "vault_id = 'v-' || (row_id % 3), source_instance_id = 'i-1'",
                    "UPDATE restore_job SET status = 'FAILED', settled_status = 'FAILED' WHERE vault_id = 'v-1'",
                    "UPDATE restore_job SET vault_id = NULL WHERE vault_id = 'v-2'")
        message, data = self.check("CRITICAL", "--max-drill-age", "3d,5d")
        self.assertEqual(message, "1 of 2 vaults without a recent successful restore, the longest for 9 d: v-1 (never)")
        self.assertTrue(9 * DAY <= float(data["drill_age"][0][:-1]) < 9 * DAY + 100)
        self.assertEqual(data["drill_age"][1:], (str(3 * DAY), str(5 * DAY)))
        message, _ = self.check("WARNING", "--max-drill-age", "1d,5d", "--drill-of", "instance")
        self.assertEqual(message, "1 of 1 instances without a recent successful restore, the longest for 2 d: i-1")
        self.check("OK", "--max-drill-age", "10d")
        self.change("UPDATE restore_job SET vault_id = ''")
        self.assertEqual(self.check("UNKNOWN", "--max-drill-age", "10d")[0], "nothing was ever restored")

    def test_several_and_json(self):
        """The worst first, and the line cannot be forged by what the service says."""
        self.change("UPDATE restore_job SET created_time = 1, complete_time = 0, status = 'RUNNING', "
                    "settled_status = NULL, restore_id = 'r|x' || char(10) || char(27) || 'y' "
                    "WHERE row_id = (SELECT max(row_id) FROM restore_job)")
        message, data = self.check("CRITICAL", "--max-age", "1d", "--max-open", "1d", "--max-drill-age", "3650d")
        self.assertRegex(message, r"^\d+ open, the oldest for \d+ d: r/x\\u\{000a\}\\u\{001b\}y; ")
        self.assertEqual(set(data), {"proof_age", "open_age", "drill_age"})
        result = self.run_hbrsync("--db", self.database, "check", "--max-age", "1h,1d", "--max-open", "1d", "--json")
        self.assertEqual(result.status, 2)
        names = ("name", "state", "warning", "critical", "unit")
        self.assertEqual([tuple(row[name] for name in names) for row in result.json()],
                         [("max-open", 2, None, DAY, "seconds"), ("max-age", 0, 3600, DAY, "seconds")])

    def test_what_cannot_be_checked_is_unknown(self):
        for arguments in ((), ("--max-age",), ("--max-age", "soon"), ("--max-age", "2h,1h"), ("--max-age", "1h,2h,3h"),
                          ("--max-age", ",1h"), ("--max-age", "1h,"), ("--min-success-rate", "90,95"),
                          ("--min-success-rate", "101"), ("--min-success-rate", "1e1"), ("--min-success-rate", "nan"),
                          ("--min-success-rate", "1.2.3"), ("--max-drill-age", "1d", "--drill-of", "cat"),
                          ("--max-age", "1d", "--over", "0"), ("--no-such", ), ("operand", "--max-age", "1d")):
            self.unknown(*arguments)
        self.assertIn("such as --max-age", self.unknown())
        with open(self.path("other"), "w", encoding="utf-8") as file:
            file.write("not a database" * 100)
        for database in ("none.db", "other"):
            self.database = self.path(database)
            self.unknown("--max-age", "1d")
        self.assertEqual(self.run_hbrsync("check", "--help").status, 0)

    def test_an_empty_database(self):
        self.database = self.path("empty.db")
        with open(self.path("none"), "w", encoding="utf-8") as file:
            file.write("[]")
        self.run_hbrsync("--db", self.database, "import", "--account-id", "1", self.path("none"))
        self.assertEqual(self.check("UNKNOWN", "--max-age", "1d")[0], "no source was ever synced")

    def test_a_retired_source_raises_no_alarm(self):
        self.sync("--region", "cn-beijing")
        self.proved(9 * DAY)
        self.change("UPDATE restore_job SET complete_time = 0, status = 'RUNNING', settled_status = NULL, "
                    f"vault_id = 'v-1', parent_id = '', created_time = {self.now - 9 * DAY}")
        options = ("--max-age", "1d", "--max-open", "1d", "--max-drill-age", "1d")
        self.assertIn("4 of 4 sources", self.check("CRITICAL", *options)[0])
        for region, message in (("cn-hangzhou", "2 of 2 sources"), ("cn-beijing", "no source")):
            result = self.run_hbrsync("--db", self.database, "source", "retire", "--region", region)
            self.assertEqual(result.status, 0, result)
            state = "CRITICAL" if region == "cn-hangzhou" else "UNKNOWN"
            told, data = self.check(state, *options)
            self.assertIn(message, told)
        self.assertEqual(data["open_age"][0], "0s")
        self.assertEqual(data["drill_age"][0], "U")

    def test_agrees_with_status(self):
        """`status --max-age` asks the same with one threshold."""
        for ago in (100, 5400):
            self.proved(ago)
            status = self.run_hbrsync("--db", self.database, "status", "--max-age", "1h").status
            self.check("OK" if status == 0 else "CRITICAL", "--max-age", "1h")


if __name__ == "__main__":
    unittest.main()
