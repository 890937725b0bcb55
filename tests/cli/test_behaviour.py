"""How the service may behave where its documents are silent: a sync ends in the truth, or says that it is unproved."""
import hashlib
import json
import sqlite3
import unittest

import harness

DATA_TABLES = ("restore_job", "restore_job_report", "restore_job_ots_detail", "restore_job_change")
REGION = ("--region", "cn-hangzhou")
JOBS = 260 if harness.LONG else 160


def fingerprint(cell, without=("sync_run",)):
    """{table: hash of its rows}; for tables that are too large to be held twice."""
    connection = sqlite3.connect(f"file:{cell.database}?mode=ro", uri=True)
    try:
        names = [row[0] for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        prints = {}
        for name in set(names) - set(without):
            digest = hashlib.sha256()
            for row in connection.execute(f'SELECT * FROM "{name}"'):
                digest.update(repr(row).encode())
            prints[name] = digest.hexdigest()
        return prints
    finally:
        connection.close()


def only_data(prints):
    return {name: value for name, value in prints.items() if name in DATA_TABLES}


class Case:
    """A service that behaves in one way, and what is to be expected of a sync with it."""

    def __init__(self, name, settings, options=(), mode="delta", jobs=JOBS, burst=0, page_size=20, odd=0, reports=3,
                 proved=True):
        self.name = name
        self.settings = settings
        self.options = options
        self.mode = mode  # of a run that finds nothing new; None: either
        self.jobs = jobs
        self.burst = burst
        self.page_size = page_size
        self.odd = odd
        self.reports = reports  # under way
        self.proved = proved  # whether exit 0 is owed; None: it is not, but what is claimed must be true

    def __repr__(self):
        return f"{self.name}: {self.settings}, page size {self.page_size}, burst {self.burst}, odd {self.odd}"


def check_steady(cell, case):
    """A first sync, two that find nothing, one that finds changes, one that finds nothing: none flips."""
    cell.start("--jobs", case.jobs, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--seed", 21, "--burst",
               case.burst, "--reports-open", case.reports)
    if case.odd:
        cell.simulator.move(edition="STANDARD", odd=case.odd)
    cell.simulator.set(**case.settings)

    def run(about):
        result = cell.sync(*REGION, "--page-size", case.page_size, *case.options, status=None)
        cell.assertIn(result.status, (0,) if case.proved else (0, 8), f"{about}: {result}")
        if result.status == 0:
            cell.assert_equals_truth(missing=gone)
        else:
            stored = harness.stored_jobs(cell.database)
            if case.settings.get("order") != "random" and "deep_page_cap" not in case.settings:
                cell.assertEqual(set(cell.simulator.truth()) - set(stored), set(), f"{about}: not even stored")
            cell.assertEqual([key for key, entry in stored.items() if entry["missing_since"] is not None
                              and key not in gone], [], f"{about}: marked without a proof")
        return [(source["edition"], source["mode"], source["outcome"]) for source in result.json()["sources"]]

    gone = set()
    run("first")
    second = run("second")
    before = fingerprint(cell)
    third = run("third")
    after = fingerprint(cell)
    cell.assertEqual(third, second, "the outcome flips")
    if case.settings.get("order") != "random":  # there, each unproved run may come upon more
        cell.assertEqual(only_data(after), only_data(before), "a run without news wrote")
    if case.mode == "delta":
        cell.assertEqual({mode for _, mode, _ in third}, {"delta"})
        cell.assertEqual(after, before, "a run without news wrote")
    listed = sorted(key for key, (_, edition, job) in cell.simulator.truth().items()
                    if edition == "STANDARD" and job.get("CompleteTime"))
    gone.update(cell.simulator.move(vanish_ids=listed[::90])["vanish_ids"])
    cell.simulator.move(edition="STANDARD", create=4, create_closed=12, start=2, finish=2, fail=1)
    run("after changes")
    before = fingerprint(cell)
    run("again")
    if case.settings.get("order") != "random":
        cell.assertEqual(only_data(fingerprint(cell)), only_data(before), "a run without news wrote")
    cell.check_database()


CAPS = [Case("cap", {"deep_page_cap": cap, "deep_page_mode": mode, "order": order})
        for mode in ("error", "empty", "repeat_last") for cap, order in ((20, "created_desc"), (45, "hash"),
                                                                         (100, "created_asc"), (150, "created_desc"))]
BETWEEN = [Case("between", {"between": between, "order": order}, burst=burst)
           for between in ("exclusive", "lower_only", "upper_only")
           for order, burst in (("created_desc", 0), ("hash", 45), ("created_asc", 210))]
FILTERS = [*(Case("ignored", {"ignore_filters": [key]}, mode=None) for key in ("Status", "CompleteTime", "all")),
           *(Case("refused", {"refuse_filters": [key]}, mode=None) for key in ("Status", "CompleteTime", "all")),
           *(Case("operator", {"refuse_operators": [operator]}, mode=None)
             for operator in ("IN", "BETWEEN", "GREATER_THAN_OR_EQUAL")),
           Case("ignored in random order", {"ignore_filters": ["all"], "order": "random"}, mode=None, proved=None),
           Case("capped and ignored", {"ignore_filters": ["all"], "deep_page_cap": 100}, mode=None, jobs=60)]
IDS = [Case("by id", {"id_filters": filters}) for filters in (["JobId"], ["RestoreId"], ["restoreId", "JobId"])]
IDS += [Case("not by id", {"id_filters": []}, reports=reports, mode=mode)
        for reports, mode in ((0, "delta"), (3, None))]
UNTYPED = [Case("untyped", {"untyped": untyped, "order": order}, mode=mode)
           for untyped, mode in (("refused", "delta"), ("partial", "delta")) for order in ("created_desc", "hash")]
EDITIONS = [Case("edition", {"edition": edition}, mode=None)
            for edition in ("ignored", "refused", "refused_always")]
ODD = [Case("odd", {"zero_complete_time_matches": zero, "id_filters": filters, "order": order}, odd=odd, mode=None)
       for zero, odd in ((True, 0), (True, 3), (False, 3))
       for filters, order in ((["restoreId"], "created_desc"), ([], "hash"))]
BURSTS = [Case("burst", {"order": order}, burst=230, page_size=page_size, jobs=120)
          for order in ("created_desc", "updated_desc", "hash") for page_size in (10, 99)]
BURSTS += [Case("burst in random order", {"order": "random"}, burst=230, jobs=60, proved=None, mode=None),
           Case("burst behind a cap", {"deep_page_cap": 100}, burst=230, jobs=60, proved=None, mode=None)]
TOTALS = [Case("total", {"total_count": total, "order": order}, proved=None, mode=None, jobs=150)
          for total in ("absent", "negative", "huge", "string", "wrong_by_one")
          for order in ("created_desc", "random")]


class Steady(harness.TestCase):
    """Each way of the service is seen through: no miss, no source counted twice, no flipping from run to run."""

    def test_deep_pages_fail(self):
        harness.run_cells(self, CAPS if harness.LONG else CAPS[1::5], check_steady)

    def test_ends_of_between(self):
        harness.run_cells(self, BETWEEN if harness.LONG else BETWEEN[::4], check_steady)

    def test_filters_that_do_nothing(self):
        harness.run_cells(self, FILTERS if harness.LONG else FILTERS[::3] + FILTERS[4:5], check_steady)

    def test_filters_by_id(self):
        harness.run_cells(self, IDS if harness.LONG else IDS[::2], check_steady)

    def test_without_restore_type(self):
        harness.run_cells(self, UNTYPED if harness.LONG else UNTYPED[::2], check_steady)

    def test_editions(self):
        harness.run_cells(self, EDITIONS, check_steady)

    def test_odd_jobs(self):
        harness.run_cells(self, ODD if harness.LONG else ODD[2:4], check_steady)

    def test_bursts(self):
        harness.run_cells(self, BURSTS if harness.LONG else BURSTS[2::3], check_steady)

    def test_total_count(self):
        harness.run_cells(self, TOTALS if harness.LONG else TOTALS[::3], check_steady)

    def test_the_ends_of_between_change_from_run_to_run(self):
        """No job at an edge may be marked, and no vanished one overlooked, whichever ends BETWEEN includes."""
        self.start("--jobs", 300, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync(*REGION, "--page-size", 20)
        gone = set()
        for between in ("lower_only", "exclusive", "inclusive", "upper_only", "lower_only", "inclusive"):
            with self.subTest(between):
                self.simulator.set(between=between)
                gone.update(self.simulator.move(vanish_old=2)["vanish_old"])
                self.sync(*REGION, "--page-size", 20)
                self.assert_equals_truth(missing=gone)

    def test_a_false_total_count_is_never_proved(self):
        """Where the service says that there is one job more than it lists, no run may claim to have them all."""
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.simulator.set(total_count="wrong_by_one")
        for _ in range(3):
            self.sync(*REGION, "--edition", "STANDARD", "--page-size", 20, status=8)
        self.assertEqual(self.query("SELECT count(*) FROM sync_watermark WHERE proved = 1"), [(0,)])
        self.simulator.control("reset", {})
        self.sync(*REGION)
        self.assert_equals_truth()


class Editions(harness.TestCase):
    def test_an_ignored_edition_is_not_counted_twice(self):
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.simulator.set(edition="ignored")
        for _ in range(3):
            sources = {source["edition"]: source for source in self.sync(*REGION).json()["sources"]}
            self.assertEqual(sources["BASIC"]["outcome"], "skipped")
            self.assertEqual(sources["STANDARD"]["local_count"], 150)
        self.assertEqual(self.query("SELECT edition, count(*) FROM restore_job JOIN sync_source USING (source_id)"
                                    " GROUP BY 1"), [("STANDARD", 150)])

    def test_an_ignored_edition_and_a_job_that_comes_between(self):
        """The job appears after STANDARD was listed and before BASIC is: kept once, and no reason to walk for ever."""
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.simulator.set(edition="ignored")
        self.sync(*REGION)
        requests = len(self.simulator.requests())
        self.assertGreater(requests, 5)
        self.simulator.clear_log()
        self.sync(*REGION)
        standard = sum("Edition" not in entry["parameters"] for entry in self.simulator.requests())
        self.simulator.control("script", {"before_request": standard + 1,
                                          "do": {"edition": "STANDARD", "create": 1, "create_closed": 1}})
        for _ in range(3):
            self.sync(*REGION)
        before = only_data(fingerprint(self))
        modes = {source["edition"]: source["mode"] for source in self.sync(*REGION).json()["sources"]}
        self.assertEqual(modes["STANDARD"], "delta", "a job in the wrong source forces a walk for ever")
        self.assertEqual(only_data(fingerprint(self)), before)
        self.assertEqual(set(harness.stored_jobs(self.database)), set(self.simulator.truth()))
        self.assertEqual(self.query("SELECT count(*) FROM restore_job WHERE missing_since IS NOT NULL"), [(0,)])

    def test_an_edition_that_was_ignored_once(self):
        """Jobs that came in under the wrong edition are not marked missing while the right one lists them."""
        self.start("--jobs", 120, "--basic-jobs", 20, "--regions", "cn-hangzhou")
        self.simulator.set(edition="ignored")
        self.sync(*REGION, "--edition", "BASIC")
        self.simulator.control("reset", {})
        for about in ("first", "second", "third"):
            self.sync(*REGION)
            self.assertEqual(self.query("SELECT count(*) FROM restore_job WHERE missing_since IS NOT NULL"), [(0,)],
                             about)
        self.sync(*REGION, "--edition", "BASIC", "--full")
        self.assertEqual(self.query("SELECT count(*) FROM restore_job WHERE missing_since IS NOT NULL"), [(0,)])
        self.assertEqual(set(harness.stored_jobs(self.database)), set(self.simulator.truth()))

    def test_a_refused_edition_is_skipped_with_a_warning(self):
        self.start("--jobs", 50, "--basic-jobs", 20, "--regions", "cn-hangzhou")
        self.simulator.set(edition="refused")
        for _ in range(2):
            result = self.sync(*REGION)
            self.assertRegex(result.stderr, "warning: .*BASIC")
            self.assertEqual([(source["edition"], source["outcome"]) for source in result.json()["sources"]],
                             [("STANDARD", "done"), ("BASIC", "skipped")])
        self.simulator.control("reset", {})
        self.sync(*REGION)
        self.assert_equals_truth()

    def test_an_edition_refused_whose_jobs_are_stored(self):
        """Nobody can say what became of them: no exit 0, and no mark."""
        self.start("--jobs", 50, "--basic-jobs", 20, "--regions", "cn-hangzhou")
        self.sync(*REGION)
        self.simulator.set(edition="refused")
        for options in ((), ("--full",)):
            result = self.sync(*REGION, *options, status=8)
            self.assertRegex(result.stderr, "warning: .*edition is refused .* 20 jobs of it are stored")
        self.assertEqual(self.run_hbrsync("--db", self.database, "status", "--max-age", "1h").status, 8)
        self.assertEqual(self.query("SELECT count(*) FROM restore_job WHERE missing_since IS NOT NULL"), [(0,)])
        self.simulator.control("reset", {})
        self.sync(*REGION)
        self.assert_equals_truth()
        self.assertEqual(self.run_hbrsync("--db", self.database, "status", "--max-age", "1h").status, 0)

    def ids_listed(self):
        return {row[0] for row in self.query("SELECT restore_id FROM restore_job WHERE missing_since IS NULL")}

    def test_an_edition_ignored_whose_jobs_are_stored(self):
        """The simulator lists STANDARD's jobs only then: BASIC's are looked for in a whole walk, and marked."""
        self.start("--jobs", 150, "--basic-jobs", 30, "--regions", "cn-hangzhou")
        self.sync(*REGION)
        listed = {key for key, (_, edition, _) in self.simulator.truth().items() if edition == "STANDARD"}
        self.simulator.set(edition="ignored")
        self.sync(*REGION)
        self.assertEqual(self.ids_listed(), listed)
        self.assertEqual(self.query("SELECT count(*) FROM restore_job WHERE missing_since IS NOT NULL"), [(30,)])
        sources = {source["edition"]: source["outcome"] for source in self.sync(*REGION).json()["sources"]}
        self.assertEqual(sources, {"STANDARD": "done", "BASIC": "skipped"})
        self.assertEqual(self.run_hbrsync("--db", self.database, "verify").status, 0)
        self.simulator.control("reset", {})
        self.sync(*REGION)
        self.assert_equals_truth()

    def test_an_ignored_edition_read_alone(self):
        """Nothing else of the run has read the jobs that are stored as another edition's."""
        for untyped in ("all", "refused"):
            with self.subTest(untyped):
                self.start("--jobs", 250, "--basic-jobs", 0, "--regions", "cn-hangzhou")
                self.database = self.path(untyped + ".db")
                self.simulator.set(edition="ignored", order="created_asc", untyped=untyped)
                self.sync(*REGION)
                self.simulator.move(edition="STANDARD", create=2, create_closed=3, vanish_old=2)
                self.sync(*REGION, "--edition", "BASIC")
                self.assertLessEqual(set(self.simulator.truth()), self.ids_listed())
                self.sync(*REGION)
                self.assertEqual(self.ids_listed(), set(self.simulator.truth()))
                self.assertEqual(self.run_hbrsync("--db", self.database, "verify").status, 0)
                self.stop()

    def test_an_ignored_edition_that_lists_a_job_more(self):
        """The first page is the other edition's; the job that is not on it came after that was read."""
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.simulator.set(edition="ignored", order="created_asc")
        self.sync(*REGION, "--dry-run")
        first = [entry["parameters"].get("Edition") for entry in self.simulator.requests()].index("BASIC") + 1
        self.simulator.clear_log()
        self.simulator.control("script", {"before_request": first, "do": {"edition": "STANDARD", "create_closed": 1}})
        self.sync(*REGION, status=None)
        self.assertEqual(set(harness.stored_jobs(self.database)), set(self.simulator.truth()))
        self.sync(*REGION)
        self.assert_equals_truth()


class Types(harness.TestCase):
    """What a listing without RestoreType leaves out is found; what only a type lists is not marked."""
    TYPE = ("--restore-type", "OSS")

    def of_type(self, *types):
        return [key for key, (_, _, job) in self.simulator.truth().items() if job["RestoreType"] in types]

    def begin(self, name):
        self.start("--jobs", 300, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.database = self.path(name + ".db")

    def begin_with_one_type(self, name):
        """It is listed by default, and there was no other when that was asked; now there are."""
        self.begin(name)
        later = sorted(set(self.simulator.truth()) - set(self.of_type("ECS_FILE")))
        self.simulator.set(untyped="partial")
        self.simulator.move(vanish_ids=later)
        self.sync(*REGION)
        self.simulator.move(return_ids=later)
        self.simulator.move(edition="STANDARD", create_closed=9)

    def test_types_that_come_later(self):
        for name, between in (("full", (("--full-every", "0s"),)), ("typed", (self.TYPE, ())),
                              ("forgotten", (("--full",), ("--full", "--restore-type", "ECS_FILE"), ()))):
            with self.subTest(name):
                self.begin_with_one_type(name)
                for options in between:
                    self.sync(*REGION, *options)
                self.assert_equals_truth()
                self.assertEqual(self.run_hbrsync("--db", self.database, "status", "--max-age", "1h").status, 0)
                self.assertEqual(self.query("SELECT DISTINCT proved FROM v_sync_health"), [(1,)])
                self.stop()

    def test_an_imported_job_of_a_later_type(self):
        self.begin_with_one_type("imported")
        oss = json.dumps(self.simulator.truth()[self.of_type("OSS")[0]][2])
        result = self.run_hbrsync("--db", self.database, "import", "--account-id", harness.ACCOUNT, "--region",
                                  "cn-hangzhou", "--edition", "STANDARD", "-", stdin=oss.encode())
        self.assertEqual(result.status, 0, result)
        self.sync(*REGION)
        self.assert_equals_truth()

    def test_a_type_that_is_left_out_and_one_that_nobody_knows(self):
        """The sum of the known types is no more than what is listed, and yet one is missing."""
        self.begin("unknown")
        self.simulator.move(edition="STANDARD", create_undocumented=60)
        self.simulator.set(untyped_without=["OSS"])
        self.sync(*REGION)
        self.assertEqual(set(self.of_type("OSS")) - set(harness.stored_jobs(self.database)), set())
        self.assertEqual(self.query("SELECT count(*) FROM restore_job WHERE missing_since IS NOT NULL"), [(0,)])


class Restricted(harness.TestCase):
    """Runs of one RestoreType, or of what filters select, are held to the same behaviour of the service."""
    FILTER = ("--filter", "Status IN COMPLETE,FAILED,PARTIAL_COMPLETE")

    def selected(self):
        return {key for key, (_, _, job) in self.simulator.truth().items()
                if job["Status"] in ("COMPLETE", "FAILED", "PARTIAL_COMPLETE")}

    def test_filters_where_a_type_is_wanted(self):
        for untyped in ("partial", "refused"):
            for first in ((), REGION):  # before a run has found that out, or after
                with self.subTest(untyped, first=first):
                    self.start("--jobs", 150, "--basic-jobs", 20, "--regions", "cn-hangzhou")
                    self.database = self.path(f"{untyped}-{len(first)}.db")
                    self.simulator.set(untyped=untyped)
                    if first:
                        self.sync(*first)
                        self.simulator.move(create_closed=30, edition="STANDARD")
                    result = self.sync(*REGION, *self.FILTER)
                    self.assertLessEqual(self.selected(), set(harness.stored_jobs(self.database)))
                    self.assertEqual(sum(source["total_count"] for source in result.json()["sources"]),
                                     len(self.selected()))
                    self.stop()

    def test_filters_where_the_edition_is_ignored(self):
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.simulator.set(edition="ignored")
        for _ in range(2):
            self.sync(*REGION, *self.FILTER)
            self.assertEqual(set(harness.stored_jobs(self.database)), self.selected())

    def test_filters_where_a_total_ends(self):
        self.start("--jobs", 400, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.simulator.set(deep_page_cap=150, deep_page_mode="count")
        result = self.sync(*REGION, "--filter", "Status NOT_EQUAL NOTHING", status=8)
        self.assertRegex(result.stderr, "STANDARD .*could not be proved")
        self.simulator.set(deep_page_cap=1000)
        self.sync(*REGION, "--filter", "Status NOT_EQUAL NOTHING")
        self.assert_equals_truth()

    def test_a_refused_edition(self):
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.simulator.set(edition="refused")
        for options in (self.FILTER, ("--restore-type", "ECS_FILE")):
            result = self.sync(*REGION, *options)
            self.assertRegex(result.stderr, "warning: .*edition BASIC is refused .* and was skipped")
            self.assertEqual([source["outcome"] for source in result.json()["sources"]], ["done", "skipped"])
        # What is refused for every edition is no matter of the edition.
        self.simulator.set(refuse_filters=["all"])
        self.sync(*REGION, *self.FILTER, status=5)


class GivenUp(harness.TestCase):
    def test_a_region_that_is_not_named(self):
        """DescribeRegions tells of one without a name, or does not tell any more of one whose jobs are stored."""
        self.start("--jobs", 40, "--basic-jobs", 0, "--regions", "cn-hangzhou,cn-beijing")
        self.simulator.set(region_nameless=["cn-beijing"])
        self.assertIn("1 of the regions that DescribeRegions lists have an id that is none",
                      self.sync("--all-regions", status=3).stderr)
        self.assertEqual(self.query("SELECT DISTINCT region_id FROM sync_source"), [("cn-hangzhou",)])
        self.simulator.set(region_nameless=[], region_hidden=["cn-beijing"])
        self.sync("--all-regions")
        self.simulator.set(region_hidden=[])
        self.sync("--all-regions")
        self.assert_equals_truth()
        self.simulator.set(region_hidden=["cn-beijing"])
        self.assertRegex(self.sync("--all-regions", status=3).stderr,
                         "cn-beijing STANDARD: [0-9]+ jobs are stored, but DescribeRegions does not name the region")
        result = self.run_hbrsync("--db", self.database, "verify", "--remote", "--all-regions", "--endpoint",
                                  self.simulator.endpoint())
        self.assertEqual(result.status, 8, result)
        self.sync("--region", "cn-hangzhou")

    def test_a_region_whose_jobs_are_stored(self):
        """Where every region was asked for, one without the service is skipped; not one that holds jobs."""
        self.start("--jobs", 40, "--basic-jobs", 0, "--regions", "cn-hangzhou,cn-beijing")
        self.simulator.set(region_down=["cn-beijing"])
        self.sync("--all-regions")
        self.assertEqual(self.run_hbrsync("--db", self.database, "status", "--max-age", "1h").status, 0)
        self.assertEqual(self.query("SELECT DISTINCT region_id FROM v_sync_health WHERE proved = 0"), [])
        self.simulator.control("reset", {})
        self.sync("--all-regions")
        self.assert_equals_truth()
        self.simulator.set(region_down=["cn-beijing"])
        for options in ((), ("--full",)):
            result = self.sync("--all-regions", *options, status=3)
            self.assertRegex(result.stderr, "cn-beijing STANDARD: .*ServiceNotActivated")
            self.assertIn("Jobs of this region are stored", result.stderr)
        self.assertEqual(self.query("SELECT count(*) FROM restore_job WHERE missing_since IS NOT NULL"), [(0,)])


class Rows(harness.TestCase):
    """What answers may hold."""

    def setUp(self):
        super().setUp()
        self.start("--jobs", 130, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--seed", 33)

    def sync(self, *arguments, **more):
        return super().sync(*REGION, "--edition", "STANDARD", "--page-size", 20, *arguments, **more)

    def proofs(self):
        return self.query("SELECT updated_time, full_walk_at FROM sync_watermark WHERE full_walk_at > 0")

    def test_rows_without_an_id(self):
        for mode in ("absent", "empty", "number", "null"):
            with self.subTest(mode):
                self.database = self.path(mode + ".db")
                self.simulator.fault("nul_id", mode=mode, count=0, action="DescribeRestoreJobs2")
                for options in ((), ("--full",)):
                    result = self.sync(*options, status=8)
                    self.assertRegex(result.stderr, "RestoreId")
                    self.assertEqual(self.proofs(), [], "exit 8, but the watermark moved")
                self.simulator.control("clear_faults", {})
                self.sync()
                self.assert_equals_truth()

    def test_a_single_row_without_an_id_moves_no_watermark(self):
        self.sync()
        before = self.proofs()
        self.simulator.move(create_closed=2, vanish_old=1)
        self.simulator.fault("nul_id", at=1, count=1, action="DescribeRestoreJobs2")
        self.sync("--full", status=8)
        self.assertEqual(self.proofs(), before)
        self.assertEqual(self.query("SELECT count(*) FROM restore_job WHERE missing_since IS NOT NULL"), [(0,)])
        self.assertEqual(self.sync().json()["sources"][0]["mode"], "full")

    def test_rows_that_come_twice(self):
        self.simulator.fault("duplicate_rows", count=0, action="DescribeRestoreJobs2")
        for _ in range(2):
            result = self.sync(status=8)
            self.assertEqual(result.json()["sources"][0]["proof"], "unproved")
        self.assertEqual(self.proofs(), [])
        self.simulator.control("clear_faults", {})
        self.sync()
        self.assert_equals_truth()

    def test_stale_answers_never_overwrite(self):
        self.sync()
        self.simulator.control("advance", {"seconds": 100})
        self.simulator.move(start=2, progress=2, finish=1, report=2)
        self.sync("--full")
        self.assert_equals_truth()
        before = self.dump("sync_run", "sync_source", "sync_watermark")
        for every in (1, 2, 3):
            self.simulator.set(stale_answers=every)
            for options in (("--full",), (), ("--full",)):
                result = self.sync(*options, status=None)
                self.assertIn(result.status, (0, 8), result)
                self.assertEqual(self.dump("sync_run", "sync_source", "sync_watermark"), before,
                                 f"every {every}. answer stale")
        self.simulator.control("reset", {})
        self.sync()
        self.assert_equals_truth()

    def find_late_change(self, verb, *options):
        """A change of an old job that no question about news can find; a full walk does."""
        self.sync()
        before = self.simulator.truth()
        changed = self.simulator.move(**{verb: 4})[verb]
        self.assertEqual(len(changed), 4)
        after = self.simulator.truth()
        self.assertTrue(all(before[key] != after[key] for key in changed))
        source = self.sync(*options).json()["sources"][0]
        self.assertEqual((source["mode"], source["updated"], source["inserted"]), ("full", 4, 0))
        self.assert_equals_truth()

    def test_silent_change_is_found_by_full(self):
        self.find_late_change("silent_change_old", "--full")

    def test_silent_change_is_found_by_the_periodic_walk(self):
        self.find_late_change("silent_change_old", "--full-every", "0s")

    def test_late_report(self):
        self.find_late_change("late_report", "--full")

    def test_late_expire(self):
        self.find_late_change("late_expire", "--full-every", "0s")

    def test_the_periodic_walk_comes_with_time(self):
        self.sync()
        self.assertEqual(self.sync().json()["sources"][0]["mode"], "delta")
        self.assertEqual(self.sync("--full-every", "365d").json()["sources"][0]["mode"], "delta")
        connection = sqlite3.connect(self.database)
        connection.execute("UPDATE sync_watermark SET full_walk_at = full_walk_at - 90000")
        connection.commit()
        connection.close()
        self.assertEqual(self.sync("--full-every", "365d").json()["sources"][0]["mode"], "delta")
        self.assertEqual(self.sync().json()["sources"][0]["mode"], "full")
        self.assertEqual(self.sync().json()["sources"][0]["mode"], "delta")


class Vanished(harness.TestCase):
    def marks(self):
        return {row[0] for row in self.query("SELECT restore_id FROM restore_job WHERE missing_since IS NOT NULL")}

    def history(self, key):
        """How the mark of a job went: the [old, new] pairs of missing_since."""
        rows = self.query("SELECT changed FROM restore_job_change WHERE restore_id = ? ORDER BY rowid", key)
        changes = [json.loads(row[0]) for row in rows]
        return [[value is not None for value in change["missing_since"]] for change in changes
                if "missing_since" in change]

    def test_a_region_that_is_suddenly_empty(self):
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        everything = set(self.simulator.truth())
        self.sync(*REGION, "--edition", "STANDARD")
        before = only_data(fingerprint(self))
        for _ in range(2):  # one empty run is not believed, however often it comes alone
            self.simulator.set(region_empty=["cn-hangzhou"])
            result = self.sync(*REGION, "--edition", "STANDARD", status=8)
            self.assertRegex(result.stderr, "warning: .*150")
            self.assertEqual(only_data(fingerprint(self)), before)
            self.simulator.control("reset", {})
            self.sync(*REGION, "--edition", "STANDARD")
            self.assertEqual(only_data(fingerprint(self)), before)
        self.simulator.set(region_empty=["cn-hangzhou"])
        self.sync(*REGION, "--edition", "STANDARD", status=8)
        self.sync(*REGION, "--edition", "STANDARD")
        self.assertEqual(self.marks(), everything)
        self.sync(*REGION, "--edition", "STANDARD")
        self.simulator.control("reset", {})
        self.sync(*REGION)
        self.assert_equals_truth()
        self.assertEqual(self.history(sorted(everything)[0]), [[False, True], [True, False]])

    def test_types_that_are_suddenly_empty(self):
        """Each type is doubted by itself, whether it has a lane of its own run or is one of a source's lanes."""
        for name, options in (("lanes", ()), ("scopes", ("--restore-type", "ECS_FILE", "--restore-type", "OSS"))):
            with self.subTest(name):
                self.database = self.path(name + ".db")
                self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou")
                self.simulator.set(untyped="refused")
                options = (*REGION, "--edition", "STANDARD", *options)
                self.sync(*options)
                self.simulator.set(region_empty=["cn-hangzhou"])
                self.sync(*options, status=8)
                self.assertEqual(self.marks(), set())
                self.simulator.control("reset", {})
                self.simulator.set(untyped="refused")
                self.sync(*options)
                self.assertEqual(self.marks(), set())
                # One type is really gone: the second run believes it, however much the others list.
                gone = {key for key, (_, _, job) in self.simulator.truth().items() if job["RestoreType"] == "OSS"}
                self.simulator.move(vanish_ids=sorted(gone))
                self.sync(*options, status=8)
                self.assertEqual(self.marks(), set())
                self.sync(*options)
                self.assertEqual(self.marks(), gone)
                self.sync(*options)
                self.check_database()
                self.stop()

    def test_vanish_and_return(self):
        self.start("--jobs", 400, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync(*REGION)
        rows = harness.stored_jobs(self.database)
        ids = self.simulator.move(vanish=2, vanish_old=3)
        ids = ids["vanish"] + ids["vanish_old"]
        for times in (1, 2):
            self.sync(*REGION, "--page-size", 20)
            self.assert_equals_truth(missing=ids)
            stored = harness.stored_jobs(self.database)
            for key in ids:
                self.assertEqual(stored[key]["restore_job"], rows[key]["restore_job"], "a vanished job is kept")
                self.assertEqual(self.history(key), [[False, True], [True, False]] * (times - 1) + [[False, True]])
            self.simulator.move(return_ids=ids)
            self.sync(*REGION, "--page-size", 20)
            self.assert_equals_truth()
            for key in ids:
                self.assertEqual(self.history(key), [[False, True], [True, False]] * times)
            self.simulator.move(vanish_ids=ids)

    def test_a_job_that_appears_during_a_walk_is_not_marked(self):
        """Wherever in the walk it comes up first: in a count, in a listing that is read again, or in the proof."""
        self.start("--jobs", 36, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        for at in range(1, 14):
            with self.subTest(before_request=at):
                self.database = self.path(f"{at}.db")
                before = self.moment()
                self.simulator.control("script", {"before_request": at, "do": {"edition": "STANDARD", "create": 2,
                                                                               "create_closed": 2}})
                self.sync(*REGION, "--edition", "STANDARD")
                self.assert_no_silent_miss(before)
                self.simulator.control("reset", {})

    def test_a_vanished_job_is_marked_once(self):
        self.start("--jobs", 200, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync(*REGION)
        self.simulator.move(vanish=5)
        self.sync(*REGION)
        before = fingerprint(self)
        for options in ((), ()):
            self.assertEqual(self.sync(*REGION, *options).json()["sources"][0]["missing"], 0)
            self.assertEqual(fingerprint(self), before)
        self.assertEqual(self.sync(*REGION, "--full").json()["sources"][0]["missing"], 0)
        self.assertEqual(only_data(fingerprint(self)), only_data(before))


class Figures(harness.TestCase):
    """What a delta costs, whatever the number of jobs."""

    def sync_standard(self):
        return self.sync(*REGION, "--edition", "STANDARD").json()["sources"][0]

    def check_nothing_new(self, jobs, reports):
        """At most four requests, five while reports are under way, and only the run's record is written."""
        before = fingerprint(self)
        for _ in range(2):
            source = self.sync_standard()
            self.assertEqual((source["mode"], source["proof"]), ("delta", "proved"))
            self.assertLessEqual(source["requests"], 5 if reports else 4)
            self.assertEqual(source["local_count"], jobs)
            self.assertEqual(fingerprint(self), before)

    def check_vanished(self):
        """Three jobs that vanished from old windows are found without a walk."""
        gone = self.simulator.move(vanish_old=3)["vanish_old"]
        self.assertEqual(len(gone), 3)
        source = self.sync_standard()
        self.assertEqual((source["mode"], source["proof"], source["missing"]), ("delta", "proved", 3))
        self.assertLessEqual(source["requests"], 60)
        self.assert_equals_truth(missing=gone)
        return source["requests"]

    def check_size(self, jobs, reports):
        self.start("--jobs", jobs, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--reports-open", reports)
        self.assertEqual(self.sync_standard()["proof"], "proved")
        self.check_nothing_new(jobs, reports)
        self.check_vanished()
        self.check_nothing_new(jobs - 3, reports)

    def test_1000_jobs(self):
        self.check_size(1000, reports=0)

    def test_1000_jobs_and_reports_under_way(self):
        self.check_size(1000, reports=3)

    @unittest.skipUnless(harness.LONG, "takes long")
    def test_20000_jobs(self):
        self.check_size(20000, reports=3)

    @unittest.skipUnless(harness.LONG, "takes long")
    def test_200000_jobs(self):
        self.check_size(200000, reports=0)

    def test_an_empty_source(self):
        self.start("--jobs", 10, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync(*REGION)
        for _ in range(2):
            sources = {source["edition"]: source for source in self.sync(*REGION).json()["sources"]}
            self.assertEqual((sources["BASIC"]["requests"], sources["BASIC"]["outcome"]), (1, "done"))


if __name__ == "__main__":
    unittest.main()
