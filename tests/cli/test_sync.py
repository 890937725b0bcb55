"""sync: a first walk, deltas, scopes, and what a run costs, compared with the simulator's truth field by field."""
import json
import os
import unittest

import harness

REGIONS = "cn-hangzhou,cn-beijing,ap-southeast-1"


class FirstAndDelta(harness.TestCase):
    """The main job over HTTPS: 20,000 jobs in several regions and both editions."""

    def test_20000_jobs_and_what_changes_after(self):
        self.start("--jobs", 18500, "--basic-jobs", 1500, "--regions", REGIONS, "--seed", 7, tls=True)
        first = self.sync().json()
        self.assertEqual(first["outcome"], "done")
        self.assertEqual(len(first["sources"]), 6)
        for source in first["sources"]:
            self.assertEqual((source["mode"], source["outcome"], source["proof"]), ("full", "done", "proved"))
            self.assertEqual(source["total_count"], source["local_count"])
            self.assertEqual(source["scope"], "")
        self.assertEqual(sum(source["inserted"] for source in first["sources"]), 20000)
        self.assert_equals_truth()

        # New, started, finished, failed, a report that came late; everywhere.
        for region in REGIONS.split(","):
            for edition in ("STANDARD", "BASIC"):
                self.simulator.move(region=region, edition=edition, create=3, create_closed=2, start=2,
                                    finish=2, fail=1, report=1)
        second = self.sync().json()
        self.assertEqual({source["mode"] for source in second["sources"]}, {"delta"})
        self.assert_equals_truth()
        self.check_database()

        # Nothing moved: a handful of requests, and only the run record is written.
        before = self.dump("sync_run")
        runs = len(self.query("SELECT * FROM sync_run"))
        third = self.sync().json()
        reports = self.report_sources()
        for source in third["sources"]:
            limit = 5 if (source["region_id"], source["edition"]) in reports else 4
            self.assertLessEqual(source["requests"], limit, source)
            self.assertEqual(source["inserted"] + source["updated"] + source["missing"], 0)
        self.assertEqual(self.dump("sync_run"), before)
        self.assertEqual(len(self.query("SELECT * FROM sync_run")), runs + 6)

    def report_sources(self):
        """The sources with a report under way."""
        return {(region, edition) for region, edition, job in self.simulator.truth().values()
                if isinstance(job.get("Report"), dict)
                and job["Report"].get("ReportTaskStatus") not in (None, "COMPLETE")}

    def test_watermark_is_the_greatest_updated_time(self):
        self.start("--jobs", 400, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        source = self.sync().json()["sources"][0]
        newest = max(job.get("UpdatedTime") or 0 for _, _, job in self.simulator.truth().values())
        self.assertEqual(source["watermark"], newest)
        self.assertEqual(self.query("SELECT updated_time FROM sync_watermark WHERE restore_type = ''"
                                    " AND updated_time > 0"), [(newest,)])


class Small(harness.TestCase):
    """Sizes around a page, where off-by-one errors live."""

    def test_sizes_around_a_page(self):
        for jobs in (0, 1, 2, 98, 99, 100, 197, 198, 199):
            with self.subTest(jobs=jobs):
                self.database = self.path(f"{jobs}.db")
                self.start("--jobs", jobs, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--seed", jobs + 1)
                self.sync()
                self.assert_equals_truth()
                before = self.dump("sync_run")
                source = self.sync().json()["sources"][0]
                self.assertLessEqual(source["requests"], 1 if jobs == 0 else 5)
                self.assertEqual(self.dump("sync_run"), before)
                self.stop()

    def test_every_page_size(self):
        self.start("--jobs", 150, "--basic-jobs", 10, "--regions", "cn-hangzhou")
        for size in (1, 2, 50, 99):
            with self.subTest(size=size):
                self.database = self.path(f"page-{size}.db")
                self.sync("--page-size", size)
                self.assert_equals_truth()

    def test_vanished_jobs_are_marked_kept_and_unmarked(self):
        self.start("--jobs", 900, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync()
        gone = self.simulator.move(vanish=3, vanish_old=4)
        ids = gone["vanish"] + gone["vanish_old"]
        self.assertEqual(len(ids), 7)
        source = self.sync().json()["sources"][0]
        self.assertEqual(source["missing"], 7)
        self.assert_equals_truth(missing=ids)
        self.simulator.move(return_ids=ids[:5])
        self.sync("--full")
        self.assert_equals_truth(missing=ids[5:])
        marks = self.query("SELECT count(*) FROM restore_job_change WHERE changed LIKE '%missing_since%'")
        self.assertEqual(marks, [(12,)])


class Requests(harness.TestCase):
    """What a run asks, and how often."""

    def requests(self, *options):
        self.simulator.clear_log()
        source = self.sync("--edition", "STANDARD", *options).json()["sources"][0]
        self.assertEqual(source["requests"], len(self.simulator.requests()))
        self.assertEqual(source["proof"], "proved")
        return source["requests"]

    def test_of_a_delta_that_finds_nothing(self):
        """T, the open jobs, what finished since the edge, the count of the older; ids only for reports under way."""
        for reports, expected in ((0, 4), (3, 5)):
            with self.subTest(reports=reports):
                self.database = self.path(f"{reports}.db")
                self.start("--jobs", 3000, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--reports-open", reports)
                self.sync("--edition", "STANDARD")
                self.assertEqual([self.requests() for _ in range(3)], [expected] * 3)
                self.stop()

    def test_of_a_full_scan(self):
        """The pages of all jobs, a count of each known RestoreType, and 12 more; first or forced, reports or none."""
        for reports in (0, 3):
            with self.subTest(reports=reports):
                self.database = self.path(f"{reports}.db")
                self.start("--jobs", 3000, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--reports-open", reports)
                for options in ((), ("--full",)):
                    requests = self.requests(*options)
                    types = {entry["parameters"].get("RestoreType") for entry in self.simulator.requests()} - {None}
                    self.assertEqual(len(types), 10)
                    self.assertLessEqual(requests, (3000 + 98) // 99 + 10 + 12)
                self.stop()


class Scope(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.start("--jobs", 700, "--basic-jobs", 120, "--regions", "cn-hangzhou,cn-beijing")

    def stored(self):
        return set(harness.stored_jobs(self.database))

    def wanted(self, condition):
        return {key for key, (region, edition, job) in self.simulator.truth().items()
                if condition(region, edition, job)}

    def test_region(self):
        self.sync("--region", "cn-beijing")
        self.assertEqual(self.stored(), self.wanted(lambda region, edition, job: region == "cn-beijing"))

    def test_edition(self):
        self.sync("--edition", "BASIC")
        self.assertEqual(self.stored(), self.wanted(lambda region, edition, job: edition == "BASIC"))

    def test_restore_types_have_their_own_watermarks(self):
        summary = self.sync("--restore-type", "OSS", "--restore-type", "NAS").json()
        self.assertEqual({source["scope"] for source in summary["sources"]},
                         {"RestoreType=OSS", "RestoreType=NAS"})
        self.assertEqual(self.stored(),
                         self.wanted(lambda region, edition, job: job.get("RestoreType") in ("OSS", "NAS")))
        types = {row[0] for row in self.query("SELECT restore_type FROM sync_watermark")}
        self.assertEqual(types, {"OSS", "NAS"})
        self.sync()
        self.assert_equals_truth()

    def test_what_is_named_twice_is_read_once(self):
        metrics = self.path("metrics")
        options = ["--region", "cn-beijing", "--edition", "STANDARD", "--restore-type", "OSS", "--restore-type", "NAS"]
        summary = self.sync(*options, *options, "--metrics-file", metrics).json()
        self.assertEqual([source["scope"] for source in summary["sources"]], ["RestoreType=OSS", "RestoreType=NAS"])
        with open(metrics, encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.assertEqual(len(lines), len(set(lines)))

    def test_filter_keeps_no_watermark_and_marks_nothing(self):
        self.sync("--region", "cn-hangzhou")
        before = self.query("SELECT * FROM sync_watermark ORDER BY 1, 2")
        vault = self.query("SELECT vault_id, count(*) FROM restore_job WHERE vault_id IS NOT NULL"
                           " GROUP BY 1 ORDER BY 2 DESC")[0][0]
        self.simulator.move(region="cn-hangzhou", edition="STANDARD", vanish=20, silent_change=30)
        summary = self.sync("--region", "cn-hangzhou", "--filter", f"VaultId IN {vault}", "--edition",
                            "STANDARD").json()
        self.assertEqual(summary["sources"][0]["scope"], f"VaultId IN {vault}")
        self.assertEqual(summary["sources"][0]["missing"], 0)
        self.assertEqual(self.query("SELECT * FROM sync_watermark ORDER BY 1, 2"), before)
        stored = harness.stored_jobs(self.database)
        for key, (_, _, job) in self.simulator.truth().items():
            if job.get("VaultId") == vault and key in stored and stored[key]["source"][2] == "STANDARD" \
                    and stored[key]["source"][1] == "cn-hangzhou":
                self.assertEqual(stored[key]["restore_job"], harness.expected_job(job)["restore_job"])

    def test_the_environment_and_a_profile_name_the_region(self):
        self.sync_named(self.environment(ALIBABA_CLOUD_REGION_ID="cn-beijing"))
        self.assertEqual(self.stored(), self.wanted(lambda region, edition, job: region == "cn-beijing"))
        os.makedirs(self.path(".aliyun"))
        profile = {"name": "mine", "mode": "AK", "access_key_id": harness.KEY_ID,
                   "access_key_secret": harness.KEY_SECRET, "region_id": "cn-hangzhou"}
        with open(self.path(".aliyun/config.json"), "w", encoding="utf-8") as file:
            json.dump({"current": "mine", "profiles": [profile]}, file)
        os.chmod(self.path(".aliyun/config.json"), 0o600)
        self.sync_named(self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID=None,
                                         ALIBABA_CLOUD_ACCESS_KEY_SECRET=None))
        self.assert_equals_truth()

    def sync_named(self, environment):
        result = self.run_hbrsync(*self.sync_arguments(), env=environment)
        self.assertEqual(result.status, 0, result)

    def test_dry_run_keeps_nothing(self):
        result = self.sync("--dry-run")
        self.assertEqual(sum(source["inserted"] for source in result.json()["sources"]), 820)
        self.assertFalse(os.path.exists(self.database))
        self.sync()
        before = self.dump()
        self.simulator.move(create=5, finish=5, vanish=2)
        result = self.sync("--dry-run")
        self.assertGreater(sum(source["inserted"] for source in result.json()["sources"]), 0)
        self.assertEqual(self.dump(), before)

    def test_what_a_run_says_of_itself(self):
        """Each job counts once, however often it is read; a full walk that is cut short was one all the same."""
        source = self.sync("--region", "cn-hangzhou", "--edition", "STANDARD").json()["sources"][0]
        self.assertEqual((source["seen"], source["inserted"], source["unchanged"]), (source["total_count"],) * 2 + (0,))
        source = self.sync("--region", "cn-hangzhou", "--edition", "STANDARD", "--filter",
                           "Status IN FAILED,COMPLETE").json()["sources"][0]
        self.assertEqual((source["seen"], source["unchanged"]), (source["total_count"],) * 2)
        source = self.sync("--region", "cn-hangzhou", "--edition", "STANDARD", "--full", "--max-requests", 2,
                           status=8).json()["sources"][0]
        self.assertEqual(source["mode"], "full")

    def test_a_type_that_nobody_knows(self):
        for kind in ("ecs_file", "NOPE"):
            result = self.sync("--region", "cn-hangzhou", "--restore-type", kind)
            self.assertRegex(result.stderr, f'warning: .*no job of RestoreType "{kind}" is listed or stored')
        self.assertNotIn("warning", self.sync("--region", "cn-hangzhou", "--restore-type", "OSS").stderr)

    def test_max_requests_stops_unproved(self):
        result = self.sync("--region", "cn-hangzhou", "--max-requests", 6, status=8)
        self.assertIn("max-requests", result.stderr)
        self.assertLessEqual(result.json()["requests"], 6)
        self.sync()
        self.assert_equals_truth()

    def test_account_id_and_sts_endpoint(self):
        summary = self.sync("--account-id", "42", "--region", "cn-beijing").json()
        self.assertEqual({source["account_id"] for source in summary["sources"]}, {"42"})
        self.assertEqual(self.simulator.requests("GetCallerIdentity"), [])

    def test_summary_line(self):
        result = self.sync()
        self.assertRegex(result.stderr, r"checked 820 jobs, 820 new, 0 changed, \d+ still open; proved complete")
        self.assertEqual(self.sync("--quiet").stderr, "")

    def test_still_open_is_what_the_view_calls_open(self):
        """A job that was finished once is under way again: its outcome stands."""
        self.sync()
        self.simulator.move(region="cn-hangzhou", edition="STANDARD", reopen=5)
        result = self.sync("--full")
        self.assert_equals_truth()
        count = self.query("SELECT count(*) FROM v_restore_job WHERE outcome = 'open' AND missing_since IS NULL")[0][0]
        self.assertLess(count, self.query("SELECT count(*) FROM restore_job WHERE coalesce(complete_time, 0) = 0")[0][0])
        self.assertEqual(self.query("SELECT sum(open_jobs) FROM sync_run WHERE run_id = ?", result.json()["run_id"]),
                         [(count,)])
        self.assertIn(f", {count} still open", result.stderr)

    def test_summary_line_of_a_restricted_run(self):
        """It says what was selected; of the whole it claims nothing."""
        self.sync()
        for options, condition in (
                (("--filter", "Status IN FAILED"), lambda region, edition, job: job["Status"] == "FAILED"),
                (("--restore-type", "OSS", "--restore-type", "NAS"),
                 lambda region, edition, job: job["RestoreType"] in ("OSS", "NAS"))):
            result = self.sync(*options)
            count = len(self.wanted(condition))
            self.assertGreater(count, 0)
            self.assertEqual(sum(source["total_count"] for source in result.json()["sources"]), count)
            self.assertEqual(result.stderr.strip().split("\n")[-1],
                             f"hbrsync: {count} jobs match the filter, 0 new, 0 changed; complete for this filter")
        self.simulator.set(total_count="absent")
        self.simulator.move(create=2)
        result = self.sync("--filter", "Status IN RUNNING,QUEUED", status=None)
        self.assertNotRegex(result.stderr, "checked|(?<!NOT )proved complete")


class Page(harness.TestCase):
    """What an answer may hold."""

    def setUp(self):
        super().setUp()
        self.start("--jobs", 300, "--basic-jobs", 30, "--regions", "cn-hangzhou")

    def test_unknown_fields_and_wrong_types(self):
        self.simulator.set(extra_fields=True, wrong_types=7)
        self.sync()
        self.assert_equals_truth()
        self.assertGreater(self.query("SELECT count(*) FROM restore_job WHERE extra IS NOT NULL")[0][0], 0)

    def test_forms_of_the_envelope(self):
        for settings in ({"flat_restore_jobs": True}, {"success_as_string": True}, {"code_as_number": True},
                         {"null_envelope": "when_empty"}, {"gzip": False}):
            with self.subTest(settings):
                self.database = self.path("-".join(settings) + ".db")
                self.simulator.control("reset", {})
                self.simulator.set(**settings)
                self.sync()
                self.assert_equals_truth()


if __name__ == "__main__":
    unittest.main()
