"""What a sync may claim, and what it must store, where the service is odd at the edges."""
import itertools
import json
import os
import unittest

import harness

HANGZHOU = ("--region", "cn-hangzhou")
STANDARD = (*HANGZHOU, "--edition", "STANDARD")


class Case(harness.TestCase):
    def world(self, *options, jobs=150, basic=0, **settings):
        self.start("--jobs", jobs, "--basic-jobs", basic, "--regions", "cn-hangzhou", "--reports-open", 0, *options)
        if settings:
            self.simulator.set(**settings)

    def ids(self, **columns):
        """The ids stored, of jobs whose columns are those."""
        wanted = " AND ".join(f"{name} = ?" for name in columns) or "1"
        return {row[0] for row in self.query(f"SELECT restore_id FROM restore_job JOIN sync_source USING (source_id)"
                                             f" WHERE {wanted}", *columns.values())}

    def marked(self):
        return {row[0] for row in self.query("SELECT restore_id FROM restore_job WHERE missing_since IS NOT NULL")}

    def sources(self, result):
        return {source["edition"]: source for source in result.json()["sources"]}


class Regions(Case):
    """One region is one source, however it is written."""

    def regions(self):
        return [row[0] for row in self.query("SELECT region_id FROM sync_source ORDER BY region_id")]

    def test_the_option(self):
        self.world()
        self.sync("--region", "CN-HANGZHOU", "--region", "cn-hangzhou", "--edition", "STANDARD")
        result = self.sync("--region", "Cn-Hangzhou", "--edition", "STANDARD")
        self.assertEqual(self.regions(), ["cn-hangzhou"])
        self.assertEqual([source["region_id"] for source in result.json()["sources"]], ["cn-hangzhou"])
        self.assertEqual(result.json()["sources"][0]["mode"], "delta")
        self.assert_equals_truth()

    def test_the_environment_and_the_profile(self):
        self.world()
        self.sync(*STANDARD)
        arguments = [*self.sync_arguments(), "--edition", "STANDARD"]
        result = self.run_hbrsync(*arguments, env=self.environment(ALIBABA_CLOUD_REGION_ID="CN-HANGZHOU"))
        self.assertEqual(result.status, 0, result)
        os.makedirs(self.path(".aliyun"))
        with open(self.path(".aliyun/config.json"), "w", encoding="utf-8") as file:
            json.dump({"current": "p", "profiles": [{
                "name": "p", "mode": "AK", "access_key_id": harness.KEY_ID, "access_key_secret": harness.KEY_SECRET,
                "region_id": "CN-Hangzhou"}]}, file)
        os.chmod(self.path(".aliyun/config.json"), 0o600)
        result = self.run_hbrsync(*arguments, "--profile", "p")
        self.assertEqual(result.status, 0, result)
        self.assertEqual(self.regions(), ["cn-hangzhou"])
        self.assert_equals_truth()

    def test_the_service_and_what_is_hidden(self):
        self.world()
        self.sync(*HANGZHOU)
        self.simulator.set(region_capitals=True)
        self.assertNotIn("does not name the region", self.sync("--all-regions").stderr)
        self.assertEqual(set(self.regions()), {"cn-hangzhou"})

    def test_import_and_export(self):
        self.world()
        self.sync(*STANDARD)
        with open(self.path("jobs.json"), "w", encoding="utf-8") as file:
            json.dump([job for _, _, job in self.simulator.truth().values()], file)
        result = self.run_hbrsync("--db", self.database, "import", "--account-id", harness.ACCOUNT, "--region",
                                  "CN-HANGZHOU", "--edition", "STANDARD", "jobs.json")
        self.assertEqual(result.status, 0, result)
        self.assertEqual(self.regions(), ["cn-hangzhou"])
        exported = [self.run_hbrsync("--db", self.database, "export", "--region", region)
                    for region in ("cn-hangzhou", "CN-HANGZHOU", "cn-beijing")]
        self.assertEqual([result.stdout.count("\n") for result in exported], [150, 150, 0])


class Refusals(Case):
    """Only the service's own word about a parameter narrows what is read; anything else is a failure of the source."""

    def assert_failed(self, result, edition="BASIC"):
        self.assertNotRegex(result.stderr, r"(?<!NOT )proved complete")
        self.assertEqual(self.sources(result)[edition]["outcome"], "failed", result)
        self.assertEqual(self.sources(result)[edition]["proof"], "unproved", result)

    def assert_rest_is_done(self, result):
        self.assertEqual(result.status, 3, result)
        self.assert_failed(result)
        standard = self.sources(result)["STANDARD"]
        self.assertEqual((standard["outcome"], standard["proof"]), ("done", "proved"), result)
        self.assertEqual(self.ids(), self.ids(edition="STANDARD"))
        self.assertEqual(len(self.ids()), 150)

    def test_a_proxy_in_the_way_of_an_edition(self):
        self.world(basic=40)
        self.simulator.fault("html", parameter="Edition=BASIC", status=403, count=0)
        self.assert_rest_is_done(self.sync(*HANGZHOU, status=None))
        self.simulator.control("clear_faults", {})
        self.sync(*HANGZHOU)
        self.assert_equals_truth()

    def test_a_proxy_in_the_way_of_an_edition_that_was_read_before(self):
        self.world(basic=40)
        self.sync(*HANGZHOU)
        self.simulator.fault("html", parameter="Edition=BASIC", status=403, count=0)
        for more in ((), ("--full",)):
            result = self.sync(*HANGZHOU, *more, status=3)
            self.assert_failed(result)
            self.assert_equals_truth()

    def test_errors_of_an_edition_that_are_no_refusal(self):
        for code, status in (("NoPermission", 403), ("ServiceNotActivated", 403), ("SomethingElse", 400),
                             ("Forbidden.RAM", 403), ("InDebt", 400)):
            with self.subTest(code):
                self.database = self.path(f"{code}.db")
                self.world(basic=40)
                self.simulator.fault("http", parameter="Edition=BASIC", status=status, code=code, count=0)
                result = self.sync(*HANGZHOU, status=None)
                self.assert_rest_is_done(result)
                self.assertIn(code, self.sources(result)["BASIC"]["error"])
                alone = self.sync(*HANGZHOU, "--edition", "BASIC", status=None)
                self.assertEqual(alone.status, 5 if code == "SomethingElse" else 4, alone)
                self.stop()

    def test_an_edition_that_the_service_does_not_know(self):
        self.world()
        self.simulator.fault("http", parameter="Edition=BASIC", status=400, code="InvalidParameter.Edition", count=0)
        result = self.sync(*HANGZHOU)
        self.assertRegex(result.stderr, r"(?<!NOT )proved complete")
        self.assertNotEqual(self.sources(result).get("BASIC", {}).get("outcome"), "failed", result)
        self.assert_equals_truth()
        self.sync(*HANGZHOU)

    def test_a_refusal_that_is_not_about_the_parameter(self):
        """Whatever is asked is refused, so that nothing was said about the edition."""
        self.world(basic=40)
        self.simulator.fault("http", status=400, code="InvalidParameter", count=0, action="DescribeRestoreJobs2")
        result = self.sync(*HANGZHOU, status=5)
        self.assert_failed(result)
        self.assert_failed(result, "STANDARD")

    def test_a_proxy_in_the_way_of_a_type(self):
        """The types are listed one by one; a page of a proxy is not the service's word that there is no such type."""
        for kind, more in (("html", {}), ("http", {"code": "NoPermission"}), ("http", {"code": "SomethingElse"})):
            with self.subTest(kind=kind, **more):
                self.database = self.path(f"{kind}{more.get('code')}.db")
                self.world(untyped="refused")
                self.simulator.fault(kind, parameter="RestoreType=OSS", status=403, count=0, **more)
                result = self.sync(*STANDARD, status=None)
                self.assertEqual(result.status, 4 if "code" in more else 5, result)
                self.assert_failed(result, "STANDARD")
                self.assertEqual(self.marked(), set())
                self.simulator.control("clear_faults", {})
                self.sync(*STANDARD)
                self.assert_equals_truth()
                self.stop()

    def test_a_proxy_in_the_way_of_a_type_that_is_named(self):
        self.world()
        self.simulator.fault("html", parameter="RestoreType=OSS", status=403, count=0)
        result = self.sync(*STANDARD, "--restore-type", "OSS", "--restore-type", "NAS", status=3)
        self.assertEqual({source["scope"]: source["outcome"] for source in result.json()["sources"]},
                         {"RestoreType=OSS": "failed", "RestoreType=NAS": "done"})


class Children(Case):
    """Jobs with a parent, which may be listed only when they are asked for by it."""

    def detail(self):
        """What the last run noted about children."""
        ((text,),) = self.query("SELECT proof_detail FROM sync_run ORDER BY run_id DESC LIMIT 1")
        return json.loads(text)[0]["children"]

    def grown_ups(self):
        return {key for key, (_, _, job) in self.simulator.truth().items()
                if job["RestoreType"] != "UDM_ECS_DISK_ROLLBACK"}

    def test_children_in_the_listing(self):
        self.world("--children", 30)
        self.sync(*STANDARD)
        self.assert_equals_truth()

    def test_children_by_parent(self):
        for page_size in (99, 7):
            with self.subTest(page_size=page_size):
                self.database = self.path(f"{page_size}.db")
                self.world("--children", 130, children="by_parent")
                self.simulator.move(edition="STANDARD", create_parent=2)
                self.sync(*STANDARD, "--page-size", page_size)
                self.assert_equals_truth()
                self.assertEqual(len(self.ids()), 282)
                (child,) = self.simulator.move(edition="STANDARD", create_child_of_open=1)["create_child_of_open"]
                self.sync(*STANDARD, "--page-size", page_size)
                self.assertIn(child, self.ids())
                self.assert_equals_truth()
                self.sync(*STANDARD, "--page-size", page_size, "--full")
                self.assert_equals_truth()
                self.check_database()
                self.stop()

    def test_children_by_parent_where_only_their_parents_can_be_named(self):
        self.world("--children", 130, children="by_parent", refuse_operators=["NOT_EQUAL"])
        self.sync(*STANDARD)
        self.assert_equals_truth()
        self.simulator.move(edition="STANDARD", create_parent=1)
        self.simulator.move(edition="STANDARD", create_child_of_open=3)
        self.sync(*STANDARD)
        self.sync(*STANDARD, "--full")
        self.assert_equals_truth()

    def test_children_that_finish_and_vanish(self):
        self.world("--children", 20, children="by_parent")
        self.simulator.move(edition="STANDARD", create_parent=1)
        opened = self.simulator.move(edition="STANDARD", create_child_of_open=3)["create_child_of_open"]
        self.sync(*STANDARD)
        self.simulator.move(finish_ids=opened[:1], vanish_ids=opened[1:2])
        self.sync(*STANDARD, "--full")
        self.assert_equals_truth(missing=opened[1:2])

    def test_a_service_that_cannot_be_asked_for_children(self):
        """Exit 0, and the evidence and a plain sentence say that nobody could look."""
        self.world("--children", 20)
        self.sync(*STANDARD)
        looked = self.detail()
        self.stop()
        for settings in ({"refuse_filters": ["ParentId"]}, {"ignore_filters": ["ParentId"]}):
            for where in ("in_listing", "by_parent"):
                with self.subTest(settings, where=where):
                    self.database = self.path(f"{where}-{list(settings)[0]}.db")
                    self.world("--children", 20, children=where, **settings)
                    result = self.sync(*STANDARD, "--verbose")
                    self.assertTrue(self.grown_ups() <= self.ids())
                    if where == "in_listing":
                        self.assert_equals_truth()
                    else:
                        self.assertNotEqual(self.detail(), looked)
                        self.assertIn("children", result.stderr)
                    self.assertNotIn("warning", result.stderr)
                    self.sync(*STANDARD)
                    self.assertEqual(self.marked(), set())
                    self.stop()


class Glitches(Case):
    """One answer that is not like the others."""

    def test_one_empty_answer(self):
        """The types list jobs all the same, and the listing is asked again: its first answer is then the new one."""
        for options in ((), ("--full",)):
            with self.subTest(options):
                self.database = self.path(f"{len(options)}.db")
                self.world(jobs=300)
                self.sync(*STANDARD)
                self.simulator.clear_log()
                self.simulator.set(region_empty=["cn-hangzhou"])
                self.simulator.control("script", {"before_request": 2, "set": {"region_empty": []}})
                self.sync(*STANDARD, *options)
                self.assertEqual(self.marked(), set())
                self.sync(*STANDARD)
                self.assert_equals_truth()
                self.stop()

    def test_jobs_that_come_before_the_types_are_counted(self):
        for order in ("created_asc", "created_desc"):
            with self.subTest(order):
                self.database = self.path(f"{order}.db")
                self.world(jobs=94, order=order)
                self.simulator.control("script", {"before_request": 2, "do": {"edition": "STANDARD", "create": 5}})
                source, = self.sync(*STANDARD).json()["sources"]
                self.assertEqual(source["local_count"], source["total_count"])
                self.sync(*STANDARD)
                self.assert_equals_truth()
                self.stop()

    def test_a_key_that_many_open_parents_lose(self):
        """More parents with open children than two questions take, and ParentId is honoured no more."""
        self.world("--children", 0, jobs=6000, children="by_parent")
        self.simulator.move(edition="STANDARD", create_child=900)
        self.sync(*STANDARD, "--qps", 1000)
        self.assert_equals_truth()
        self.simulator.set(ignore_filters=["ParentId"])
        self.sync(*STANDARD, "--qps", 1000, status=8)
        self.assertEqual(self.marked(), set())


class Shapes(Case):
    def test_deep_pages_that_fail_with_http_200(self):
        for page_size in (20, 99):
            with self.subTest(page_size=page_size):
                self.database = self.path(f"{page_size}.db")
                self.world(jobs=400, basic=20, deep_page_mode="success_false", deep_page_cap=100)
                for more in ((), ("--full",), ()):
                    self.sync(*HANGZHOU, "--page-size", page_size, *more)
                    self.assert_equals_truth()
                self.stop()

    def test_answers_without_arrays(self):
        for settings in ({"null_envelope": "object_when_empty"}, {"single_object": True}, {"total_count": "string"},
                         {"single_object": True, "flat_restore_jobs": True},
                         {"null_envelope": "object_when_empty", "single_object": True, "total_count": "string"}):
            with self.subTest(settings):
                self.database = self.path("-".join(settings) + ".db")
                self.world(jobs=141, basic=1, **settings)
                for more in ((), ("--full",)):
                    self.sync(*HANGZHOU, "--page-size", 20, *more)
                    self.assert_equals_truth()
                self.simulator.move(edition="STANDARD", create=1, finish=1, vanish_old=1)
                self.sync(*HANGZHOU, "--page-size", 20)
                self.assert_equals_truth(missing=self.simulator.vanished())
                self.stop()


class Limits(Case):
    """--max-requests bounds what is asked, and nothing that was answered is lost."""

    def listed(self):
        return {key for entry in self.simulator.requests() for key in entry.get("ids", ())}

    def test_the_first_sync_is_cut_short(self):
        for connections in (1, 4, 16):
            with self.subTest(connections=connections):
                self.database = self.path(f"{connections}.db")
                self.world(jobs=5000, log_ids=True)
                result = self.sync(*STANDARD, "--account-id", harness.ACCOUNT, "--max-requests", 30, "--connections",
                                   connections, status=8)
                self.assertEqual(len(self.simulator.requests()), 30)
                self.assertEqual(result.json()["requests"], 30)
                self.assertEqual(self.listed() - self.ids(), set(), "answered and not stored")
                self.assertEqual(self.marked(), set())
                self.stop()

    def test_vanished_jobs_and_few_requests(self):
        self.world(jobs=600)
        options = (*STANDARD, "--page-size", 10)
        self.sync(*options)
        gone = self.simulator.move(vanish_old=4)["vanish_old"]
        self.assertEqual(len(gone), 4)
        result = self.sync(*options, "--account-id", harness.ACCOUNT, "--max-requests", 12, status=8)
        self.assertLessEqual(result.json()["requests"], 12)
        self.assertEqual(self.marked(), set())
        self.sync(*options)
        self.assert_equals_truth(missing=gone)


class Filters(Case):
    def test_a_filter_that_selects_nothing(self):
        self.world(jobs=50)
        self.sync(*STANDARD)
        result = self.sync(*STANDARD, "--filter", "VaultId IN nosuch")
        self.assertNotIn("checked 50 jobs", result.stderr)
        (source,) = result.json()["sources"]
        self.assertEqual((source["seen"], source["total_count"], source["local_count"]), (0, 0, None))
        self.assert_equals_truth()

    def test_a_filter_that_selects_some(self):
        self.world(jobs=3000)
        by_vault = {}
        for key, (_, _, job) in self.simulator.truth().items():
            by_vault.setdefault(job["VaultId"], set()).add(key)
        vault, wanted = min(by_vault.items())
        self.assertGreater(len(wanted), 99)
        for before in (False, True):
            if before:
                self.sync(*STANDARD)
            result = self.sync(*STANDARD, "--filter", f"VaultId IN {vault}")
            (source,) = result.json()["sources"]
            self.assertEqual((source["seen"], source["total_count"], source["local_count"]),
                             (len(wanted), len(wanted), None))
            self.assertEqual(self.ids(), set(self.simulator.truth()) if before else wanted)

    def test_a_key_that_the_service_ignores(self):
        """No field of a job shows its plan, so that only the count of everything tells."""
        for key in ("PlanId", "VaultId", "planId"):
            for known in (False, True):
                with self.subTest(key=key, known=known):
                    self.database = self.path(f"{key}{known}.db")
                    self.world(ignore_filters=[key])
                    if known:
                        self.sync(*STANDARD)
                    result = self.sync(*STANDARD, "--filter", f"{key} IN nosuch", status=8)
                    self.assertNotRegex(result.stderr, r"(?<!NOT )proved complete")
                    self.assertEqual(result.json()["sources"][0]["proof"], "unproved")
                    self.assertEqual(self.marked(), set())
                    self.stop()


class SilentMiss(Case):
    """A finished job that is open again, and an open one that vanishes, can balance in every count."""

    LAST = 50  # a walk has about as many answers
    SEED = 104  # four jobs of one type, so that a look at each type shows only the first

    def race(self, cell, case):
        change, first, second = case
        cell.start("--jobs", 4, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--reports-open", 0, "--seed", self.SEED)
        cell.simulator.set(order="created_asc")
        jobs = sorted((job["CreatedTime"], key) for key, (_, _, job) in cell.simulator.truth().items())
        a, b, c, d = (key for _, key in jobs)
        cell.simulator.move(reopen_ids=[b, d])
        truth = {key: job for key, (_, _, job) in cell.simulator.truth().items()}
        now = json.loads(cell.simulator.control("state"))["now"]
        for key, is_open in ((a, False), (b, True), (c, False), (d, True)):
            cell.assertEqual(truth[key]["Status"] == "RUNNING", is_open, truth[key])
            cell.assertTrue(is_open or truth[key]["CompleteTime"] < now - 30 * 86400, truth[key])
        before = cell.moment()
        for number, verbs in ((first, {change: [c]}), (second, {"vanish_ids": [b]})):
            cell.simulator.control("script", {"before_request": number, "do": verbs})
        result = cell.sync(*STANDARD, "--page-size", 1, "--connections", 1, status=None)
        cell.assertIn(result.status, (0, 8), result)
        if result.status == 0:
            cell.assert_no_silent_miss(before)
        return result.status

    def race_all(self, cases):
        statuses = harness.run_cells(self, cases, self.race)
        self.assertIn(0, statuses, "no schedule was ever proved, so that nothing was tried")

    def test_known_schedules(self):
        """Which a proof by counts alone took for complete."""
        self.race_all([("reopen_ids", 24, 36), ("reopen_ids", 28, 36), ("reopen_ids", 29, 35), ("reopen_ids", 30, 38),
                       ("suspend_ids", 24, 36), ("suspend_ids", 28, 36), ("suspend_ids", 30, 45)])

    def test_a_sample(self):
        pairs = list(itertools.combinations(range(1, self.LAST), 2))
        self.race_all([(change, *pair) for change in ("reopen_ids", "suspend_ids") for pair in pairs[::23]])

    @unittest.skipUnless(harness.LONG, "takes minutes")
    def test_every_schedule(self):
        pairs = itertools.combinations(range(1, self.LAST), 2)
        self.race_all([(change, *pair) for pair in pairs for change in ("reopen_ids", "suspend_ids")])
