"""What happens between two requests of a sync, at the worst moment: exit 0 still means that nothing was missed."""
import json
import os
import random
import sqlite3
import subprocess
import time
import unittest

import harness

ONE = ("--region", "cn-hangzhou", "--edition", "STANDARD", "--page-size", 20, "--connections", 1)
FULL = (*ONE, "--full-every", "0s")


def is_filter(entry, key, operator=None):
    parameters = entry["parameters"]
    return parameters.get("Filters.1.Key") == key and operator in (None, parameters.get("Filters.1.Operator"))


def counts_closed(entry):
    return is_filter(entry, "CompleteTime", "BETWEEN") and entry["parameters"].get("PageSize") == "1"


def reads_page(number, operator):
    return lambda entry: (is_filter(entry, "CompleteTime", operator) and entry["parameters"]["PageSize"] != "1"
                          and entry["parameters"].get("PageNumber") == str(number))


class Races(harness.TestCase):
    def world(self, *options, **settings):
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--reports-open", 0, *options)
        self.simulator.set(order="created_asc", **settings)

    def odd_world(self):
        """With jobs under way, and one that is neither under way nor finished."""
        self.world()
        self.simulator.move(edition="STANDARD", create=3)
        self.simulator.move(edition="STANDARD", odd=1)

    def oldest(self, rank):
        """The id of a job that is on the first page of a listing in the order of creation."""
        jobs = sorted((job["CreatedTime"], key) for key, (_, _, job) in self.simulator.truth().items())
        return jobs[rank][1]

    def requests_of(self, options):
        """What such a sync asks, as a dry run tells."""
        self.simulator.clear_log()
        self.sync(*options, "--dry-run", status=None)
        requests = self.simulator.requests()
        self.simulator.clear_log()
        return requests

    def happens(self, number, **verbs):
        self.simulator.control("script", {"before_request": number, "do": {"edition": "STANDARD", **verbs}})

    def just_before(self, wanted, happens, options, dry=()):
        """Lets something happen before the first request that is wanted."""
        numbers = [number for number, entry in enumerate(self.requests_of((*options, *dry)), 1) if wanted(entry)]
        self.assertNotEqual(numbers, [], "no such request")
        self.happens(numbers[0], **happens)

    def sync_and_check(self, options, status=(0, 8)):
        """A sync in which something happens; then one at rest, which has to end in the truth."""
        before = self.moment()
        result = self.sync(*options, status=None)
        self.assertIn(result.status, status, result)
        if result.status == 0:
            self.assert_no_silent_miss(before)
        gone = self.simulator.vanished()
        if self.sync(*ONE, status=None).status != 0:
            self.sync(*ONE)
        self.assert_equals_truth(missing=set(gone) & set(harness.stored_jobs(self.database)))
        self.check_database()

    def test_a_finish_hides_an_odd_job(self):
        """One that finishes between the open listing and the count of the finished ones is counted twice."""
        self.odd_world()
        self.just_before(counts_closed, {"finish": 1}, ONE)
        self.sync_and_check(ONE)

    def test_a_finish_hides_a_known_odd_job(self):
        self.odd_world()
        self.sync(*ONE)
        self.just_before(counts_closed, {"finish": 1}, FULL)
        self.sync_and_check(FULL)

    def test_a_new_job_and_a_vanished_one_hide_an_odd_job(self):
        self.odd_world()
        requests = self.requests_of(ONE)
        self.happens(1 + [is_filter(entry, "Status") for entry in requests].index(True), create=1)
        self.happens(2 + [counts_closed(entry) for entry in requests].index(True), vanish_ids=[self.oldest(30)])
        self.sync_and_check(ONE)

    def test_new_jobs_and_vanished_ones_in_step(self):
        """The same in every try of the partition."""
        self.world()
        self.sync(*ONE)
        self.simulator.move(edition="STANDARD", odd=1)
        self.simulator.clear_log()
        for number in range(2, 50, 4):
            self.happens(number, create=1)
            self.happens(number + 2, vanish_old=1)
        self.sync_and_check(FULL)

    def test_finished_jobs_and_vanished_ones_in_step(self):
        """A job that is finished when it comes is on no listing of the jobs under way, but among those counted."""
        for options in (ONE, FULL):
            for phase in range(4):
                with self.subTest(options=options, phase=phase):
                    self.odd_world()
                    self.database = self.path(f"{len(options)}-{phase}.db")
                    if options == FULL:
                        self.sync(*ONE)
                        self.simulator.clear_log()
                    for number in range(2 + phase, 70, 4):
                        self.happens(number, create_closed=1)
                        self.happens(number + 1, vanish_old=1)
                    self.sync_and_check(options)
                    self.stop()

    def test_a_job_that_returns_hides_an_odd_job_from_a_delta(self):
        self.world()
        self.simulator.move(edition="STANDARD", create=1)
        self.sync(*ONE)
        gone = self.open_jobs()[:1]
        self.simulator.move(vanish_ids=gone)
        self.sync(*ONE)
        self.simulator.move(edition="STANDARD", odd=1)
        self.simulator.clear_log()
        self.happens(2, return_ids=gone)
        self.sync_and_check(ONE)

    def test_an_open_job_that_vanishes_between_two_tries_of_a_delta(self):
        """What the first try held stands for nothing in the second."""
        self.world()
        self.simulator.move(edition="STANDARD", create=3)
        self.sync(*ONE)
        self.simulator.move(edition="STANDARD", odd=1)
        looks = [number for number, entry in enumerate(self.requests_of(ONE), 1)
                 if "Filters.1.Key" not in entry["parameters"] and entry["parameters"]["PageSize"] == "20"]
        self.happens(looks[1], vanish_ids=self.open_jobs()[:1])
        self.sync_and_check(ONE)

    def open_jobs(self):
        return sorted(key for key, (_, _, job) in self.simulator.truth().items()
                      if job["Status"] in ("CREATED", "QUEUED", "RUNNING"))

    def one_a_second(self, count):
        for _ in range(count):
            self.simulator.move(edition="STANDARD", create_closed=1)
            self.simulator.control("advance", {"seconds": 1})

    def test_a_job_at_every_second_around_the_edge(self):
        """The edge of a delta, and that between a walk's windows and what is newer, hide no second."""
        for options, settings in (((*ONE, "--overlap", "30s"), {}),
                                  ((*ONE, "--overlap", "0s"), {"between": "exclusive"})):
            with self.subTest(options):
                self.world(**settings)
                self.database = self.path(f"{options[-1]}.db")
                self.one_a_second(80)
                for _ in range(2):
                    self.sync(*options)
                    self.assert_equals_truth()
                self.stop()

    def test_more_recent_jobs_than_can_be_paged_to(self):
        """What finished in the last minutes is read by windows then, and proved."""
        self.world(deep_page_cap=60)
        self.one_a_second(100)
        for options in (ONE, FULL):
            self.sync(*options)
            self.assert_equals_truth()

    def test_a_plain_listing_that_shifts_in_both_readings(self):
        """A job slips over the border of a page in each, while as many come as go: equal counts, but not equal ids."""
        self.world(ignore_filters=["all"])
        self.simulator.move(edition="STANDARD", finish=1000)
        jobs = [self.oldest(rank) for rank in range(21)]
        asked = [entry["parameters"] for entry in self.requests_of(ONE)]
        plain = [number for number, parameters in enumerate(asked, 1)
                 if (parameters["PageNumber"], parameters["PageSize"]) == ("1", "20")
                 and parameters.keys().isdisjoint(("Filters.1.Key", "RestoreType"))]
        first, second = plain[-2:]
        self.happens(first + 2, vanish_ids=jobs[:1], create_closed=1)
        self.happens(second, vanish_ids=jobs[1:20], create_closed=19)
        self.happens(second + 1, vanish_ids=jobs[20:], create_closed=1)
        self.sync_and_check(ONE)

    def test_a_new_job_hides_an_odd_job_from_a_delta(self):
        self.world()
        self.sync(*ONE)
        self.simulator.move(edition="STANDARD", odd=1)
        self.simulator.clear_log()
        self.happens(2, create=1)
        self.sync_and_check(ONE)

    def test_windows_leave_the_jobs_under_way_out(self):
        """Where 0 is stored for these and compared, a window from 0 on would gain rows."""
        for first in (True, False):
            with self.subTest(first=first):
                self.world(zero_complete_time_matches=True)
                self.database = self.path(f"{first}.db")
                self.simulator.move(edition="STANDARD", finish=1000)
                options = ONE if first else FULL
                if not first:
                    self.sync(*ONE)
                self.just_before(reads_page(3, "BETWEEN"), {"vanish_ids": [self.oldest(3)], "create": 1}, options)
                self.sync_and_check(options)
                self.stop()

    def test_a_finished_job_that_is_under_way_again(self):
        """After the jobs under way were listed, and before its window is read."""
        for options in (ONE, FULL):
            for request in (reads_page(1, "BETWEEN"), reads_page(3, "BETWEEN")):
                with self.subTest(options=options):
                    self.world()
                    self.database = self.path(self.id() + str(len(options)) + ".db")
                    self.simulator.move(edition="STANDARD", create=3)
                    if options == FULL:
                        self.sync(*ONE)
                    self.just_before(request, {"reopen": 20}, options)
                    self.sync_and_check(options, status=(0,))
                    self.stop()
                    os.unlink(self.database)

    def test_a_finished_job_that_is_neither_any_more(self):
        """As before, but no listing holds it: it is missed in the count of all."""
        for options in (ONE, FULL):
            with self.subTest(options=options):
                self.world()
                self.database = self.path(f"{len(options)}.db")
                if options == FULL:
                    self.sync(*ONE)
                self.just_before(reads_page(1, "BETWEEN"), {"suspend": 5}, options)
                self.sync_and_check(options)
                self.stop()

    def test_an_open_job_that_vanishes_hides_an_odd_job(self):
        """Just before all are counted: its id is on the list before, but not on the one after."""
        for name, options in (("first", ONE), ("full", FULL)):
            with self.subTest(name):
                self.odd_world()
                self.database = self.path(name + ".db")
                if options == FULL:
                    self.sync(*ONE)
                asked = [entry["parameters"] for entry in self.requests_of(options)]
                opened = [parameters.get("Filters.1.Key") for parameters in asked].index("Status")
                counted = next(number for number, parameters in enumerate(asked, 1) if number > opened + 1
                               and "RestoreType" not in parameters and "Filters.1.Key" not in parameters)
                self.happens(counted, vanish_ids=self.open_jobs()[:1])
                self.sync_and_check(options)
                self.stop()

    def test_a_delta_in_which_a_job_came_marks_nothing(self):
        """As many as came may be under way again, and out of the finished ones that are counted."""
        self.world()
        self.sync(*ONE)
        self.simulator.clear_log()
        self.happens(3, reopen=1, create_closed=1)
        self.assertEqual(self.sync(*ONE).json()["sources"][0]["missing"], 0)
        self.assert_equals_truth()
        self.assertEqual(self.query("SELECT count(*) FROM restore_job_change WHERE changed LIKE '%missing%'"), [(0,)])

    def test_a_date_that_is_ahead(self):
        self.world(clock_skew_seconds=300)
        self.simulator.move(edition="STANDARD", create=3)
        self.sync(*ONE)
        self.just_before(reads_page(3, "BETWEEN"), {"vanish_ids": [self.oldest(3)], "finish": 1}, FULL)
        self.sync_and_check(FULL)

    def test_a_date_that_is_behind(self):
        for way in ("first", "delta"):
            with self.subTest(way):
                self.world(clock_skew_seconds=-300)
                self.database = self.path(way + ".db")
                if way == "delta":
                    self.sync(*ONE)
                new = self.simulator.move(edition="STANDARD", create_closed=50)["create_closed"]
                truth = self.simulator.truth()
                oldest = min((truth[key][2]["CreatedTime"], key) for key in new)[1]
                self.just_before(reads_page(2, "GREATER_THAN_OR_EQUAL"), {"vanish_ids": [oldest], "create_closed": 1},
                                 ONE)
                self.sync_and_check(ONE)
                self.stop()

    def test_a_finish_between_the_pages_of_the_open_jobs(self):
        """An empty second page is no limit on depth where TotalCount says that there is none."""
        self.world(deep_page_cap=100)
        self.simulator.move(edition="STANDARD", finish=1000)
        self.simulator.move(edition="STANDARD", create=21)
        self.sync(*ONE)
        self.just_before(lambda entry: is_filter(entry, "Status") and entry["parameters"]["PageNumber"] == "2",
                         {"finish": 1}, FULL)
        self.sync_and_check(FULL, status=(0,))

    def test_an_empty_listing_after_a_run_cut_short(self):
        """Jobs that were listed in between end the doubt, even where that run did not come to its end."""
        self.world()
        self.sync(*ONE)
        self.simulator.set(region_empty=["cn-hangzhou"])
        self.sync(*ONE, status=8)
        self.simulator.set(region_empty=[])
        self.sync(*ONE, "--max-requests", 3, status=8)
        self.simulator.set(region_empty=["cn-hangzhou"])
        self.sync(*ONE, status=8)
        self.assertEqual(self.query("SELECT count(*) FROM restore_job WHERE missing_since IS NOT NULL"), [(0,)])

    def test_one_refusal_decides_nothing(self):
        """A single 400 makes no source that is listed by type, and no RestoreType empty."""
        self.world()
        self.refuse_once()
        self.sync(*ONE)
        self.assertEqual(self.query("SELECT untyped FROM sync_source WHERE edition = 'STANDARD'"), [(1,)])
        self.simulator.set(untyped="refused")
        self.sync(*ONE, "--full")
        self.simulator.move(edition="STANDARD", create_closed=40)
        self.refuse_once()
        self.sync(*ONE, "--filter", "CompleteTime GREATER_THAN 5")
        self.sync(*ONE)
        self.assert_equals_truth()

    def refuse_once(self):
        self.simulator.fault("http", status=400, code="InvalidParameter", count=1, at=1, action="DescribeRestoreJobs2")

    def test_new_jobs_between_the_counts_of_types(self):
        """A job that comes and one that goes make the types one by one more than all: looked at twice."""
        self.world()
        self.happens(2, create=1)
        self.happens(12, vanish_ids=[self.oldest(3)])
        self.sync(*ONE, status=None)
        self.assertEqual(self.query("SELECT untyped FROM sync_source WHERE edition = 'STANDARD'"), [(1,)])


class SeveralRegions(harness.TestCase):
    """Whichever region's request it is, before which something happens."""

    def test_at_any_request(self):
        self.start("--jobs", 400, "--basic-jobs", 60, "--regions", "cn-hangzhou,cn-beijing,cn-shanghai,cn-shenzhen")
        dice = random.Random(7)
        for _ in range(20 if harness.LONG else 4):
            for _ in range(6):
                verb = dice.choice(("create", "finish", "vanish", "vanish_old", "start"))
                self.simulator.control("script", {"before_request": dice.randrange(1, 60),
                                                  "do": {"edition": "STANDARD", verb: dice.randrange(1, 4)}})
            before = self.moment()
            result = self.sync("--page-size", 20, "--full-every", dice.choice(("0s", "24h")), status=None)
            self.assertIn(result.status, (0, 8), result)
            if result.status == 0:
                self.assert_no_silent_miss(before)
            self.simulator.control("clear_log", {})
        if self.sync(status=None).status != 0:
            self.sync()
        self.assert_equals_truth(missing=self.simulator.vanished() & set(harness.stored_jobs(self.database)))


class Counts(harness.TestCase):
    """Counts that mean something else than they say."""

    def start_world(self, *options):
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--reports-open", 0, *options)

    def test_a_total_that_ends_somewhere(self):
        """TotalCount and the pages end at 40 rows: never proved, and read by windows as far as they go."""
        for running in (0, 3):
            with self.subTest(running):
                self.start_world()
                self.database = self.path(f"{running}.db")
                self.simulator.move(edition="STANDARD", finish=1000)
                self.simulator.move(edition="STANDARD", create=running)
                self.simulator.set(deep_page_cap=40, deep_page_mode="count")
                for _ in range(2):
                    self.sync(*ONE, status=8)
                self.assertEqual(set(self.simulator.truth()) - set(harness.stored_jobs(self.database)), set())
                self.simulator.control("reset", {})
                self.sync(*ONE)
                self.assert_equals_truth()
                self.stop()

    def test_a_total_that_ends_somewhere_else(self):
        """Met by a walk without filters, with all that is listed in one second, or with BETWEEN not yet known."""
        def early():
            self.simulator.move(edition="STANDARD", create=2)
            self.simulator.move(edition="STANDARD", complete_early=1)

        def burst():
            self.simulator.move(edition="STANDARD", finish=1000)
            self.simulator.control("advance", {"seconds": 100000})
            self.simulator.move(edition="STANDARD", create_closed=60)
            self.simulator.control("advance", {"seconds": 100000})

        def odd():
            self.simulator.move(edition="STANDARD", odd=1)
            self.simulator.set(id_filters=[])

        for about, happens, options in (("early", early, ONE), ("burst", burst, (*ONE, "--restore-type", "ECS_FILE")),
                                        ("odd", odd, ONE), ("pages", lambda: None, (*ONE[:4], "--page-size", 1))):
            with self.subTest(about):
                self.start("--jobs", 400, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--reports-open", 0)
                self.database = self.path(about + ".db")
                happens()
                self.simulator.set(deep_page_cap=40, deep_page_mode="count")
                for _ in range(2):
                    self.sync(*options, status=8)
                self.assertEqual(self.query("SELECT count(*) FROM restore_job WHERE missing_since IS NOT NULL"), [(0,)])
                self.stop()

    def test_a_total_that_ends_within_the_second_of_the_first_page(self):
        """Then nothing that is stored parts the finished jobs before their windows are read."""
        self.start("--jobs", 1, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--reports-open", 0)
        self.simulator.move(edition="STANDARD", vanish=1)
        self.simulator.move(edition="STANDARD", create_closed=100)
        for _ in range(5):
            self.simulator.control("advance", {"seconds": 100000})
            self.simulator.move(edition="STANDARD", create_closed=80)
        self.simulator.control("advance", {"seconds": 100000})
        self.simulator.set(order="created_asc", deep_page_cap=60, deep_page_mode="count")
        self.sync(*ONE, "--restore-type", "ECS_FILE", status=8)
        listed = {key for key, (_, _, job) in self.simulator.truth().items() if job["RestoreType"] == "ECS_FILE"}
        self.assertEqual(listed - set(harness.stored_jobs(self.database)), set())
        self.sync(*ONE, "--restore-type", "ECS_FILE", status=8)

    def requests_of_a_sync(self, *options):
        result = self.sync(*options)
        return result.json()["sources"][0]["mode"], result.json()["requests"]

    def test_what_stays_odd_costs_little(self):
        """Jobs in both classes or in neither, more ids than fit a page, and many jobs of one second."""
        self.start("--jobs", 500, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--reports-open", 0)
        self.simulator.set(deep_page_cap=200)
        self.simulator.move(edition="STANDARD", finish=1000)
        self.simulator.move(edition="STANDARD", odd=25)
        self.sync(*ONE, status=8)  # nothing tells of them but a walk without filters, which the cap ends
        self.sync(*ONE)
        mode, requests = self.requests_of_a_sync(*ONE)
        self.assertEqual(mode, "delta")
        self.assertLess(requests, 25)
        self.simulator.move(edition="STANDARD", create=3)
        self.simulator.move(edition="STANDARD", complete_early=1)
        self.sync(*ONE, "--full")
        self.simulator.control("advance", {"seconds": 3600})
        self.simulator.move(edition="STANDARD", create_closed=120)
        self.sync(*ONE)
        mode, requests = self.requests_of_a_sync(*ONE)
        self.assertEqual(mode, "delta")
        self.assertLess(requests, 60)
        self.assert_equals_truth()

    def test_more_jobs_of_one_second_than_can_be_paged_to(self):
        """They cannot be listed whole: not in the last minutes, and not as a window."""
        for hours in (0, 2):
            with self.subTest(hours):
                self.start_world()
                self.database = self.path(f"{hours}.db")
                self.simulator.set(deep_page_cap=100)
                self.simulator.move(edition="STANDARD", create_closed=150)
                self.simulator.control("advance", {"seconds": 3600 * hours})
                self.sync(*ONE, status=8)
                self.simulator.set(deep_page_cap=0)
                self.sync(*ONE, "--full")
                self.assert_equals_truth()
                self.stop()

    def test_an_id_filter_that_suddenly_selects_nothing(self):
        """A report under way is asked for by id: where nothing comes back, another way is taken."""
        self.start("--jobs", 150, "--basic-jobs", 0, "--regions", "cn-hangzhou", "--reports-open", 3)
        self.sync(*ONE)
        self.simulator.control("advance", {"seconds": 100000})
        self.simulator.move(edition="STANDARD", create_closed=30)
        self.sync(*ONE)
        self.simulator.set(empty_filters=["restoreId"])
        self.simulator.move(report=3)
        self.sync(*ONE)
        self.assert_equals_truth()

    def test_a_filter_that_hides_everything(self):
        """CompleteTime suddenly selects nothing: no mark, not even where the run is cut short."""
        self.start_world()
        self.sync(*ONE)
        self.simulator.set(empty_filters=["CompleteTime"])
        for options in (("--max-requests", 9), ()):
            self.sync(*ONE, *options, status=None)
            self.assertEqual(self.query("SELECT count(*) FROM restore_job WHERE missing_since IS NOT NULL"), [(0,)])
        self.simulator.control("reset", {})
        self.sync(*ONE)
        self.assert_equals_truth()

    def test_pages_without_end(self):
        """No TotalCount, and the last page comes again for every page beyond."""
        self.start_world()
        self.simulator.set(total_count="absent", deep_page_cap=100, deep_page_mode="repeat_last")
        self.sync(*ONE, "--max-requests", 1000, status=8)
        self.assertLess(len(self.simulator.requests()), 300)
        self.assertEqual(self.query("SELECT count(*) FROM restore_job"), [(100,)])

    def imported(self, jobs, *source):
        lines = "\n".join(json.dumps(job) for job in jobs)
        result = self.run_hbrsync("--db", self.database, "import", *source, "-",
                                  stdin=lines.encode("utf-8", "surrogatepass"))
        self.assertEqual(result.status, 0, result)

    def test_jobs_imported_as_another_source(self):
        """A sync takes over what was only ever imported, so that its counts are about all that it lists."""
        for source in (("--account-id", harness.ACCOUNT), ("--account-id", "42", "--region", "cn-beijing", "--edition",
                                                           "STANDARD")):
            with self.subTest(source):
                self.start_world()
                self.database = self.path(f"{len(source)}.db")
                jobs = [job for _, _, job in self.simulator.truth().values()]
                self.imported(jobs[:20], *source)
                self.sync(*ONE)
                self.assert_equals_truth()
                self.assertEqual(self.sync(*ONE).json()["sources"][0]["mode"], "delta")
                gone = self.simulator.move(edition="STANDARD", vanish_old=3)["vanish_old"]
                self.sync(*ONE)
                self.assert_equals_truth(missing=gone)
                self.check_database()
                self.stop()


class Vacuum(harness.TestCase):
    """VACUUM by another program in the middle of a run: rows are named by their numbers, which must hold still."""

    MOST = 40  # of one run
    LEAST = 3

    def sync_under_vacuum(self, *options):
        """A sync of many slow answers, and VACUUM as soon as it is under way, again and again."""
        asked = len(self.simulator.requests())
        arguments = [*self.sync_arguments(), *ONE, *options]
        sync = subprocess.Popen([harness.HBRSYNC, *map(str, arguments)], env=self.environment(),
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        vacuums = 0
        connection = sqlite3.connect(self.database, timeout=60)
        while sync.poll() is None and vacuums < self.MOST:
            if len(self.simulator.requests()) > asked + 3 * vacuums:
                connection.execute("VACUUM")
                vacuums += sync.poll() is None
            else:
                time.sleep(0.005)
        connection.close()
        _, errors = sync.communicate(timeout=harness.TIMEOUT)
        self.assertEqual(sync.returncode, 0, errors)
        self.assertGreaterEqual(vacuums, self.LEAST)

    def test_first_sync_and_full_scan(self):
        self.start("--jobs", 1200, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync(*ONE, "--max-requests", 40, status=8)
        # Gaps in the numbers, without which VACUUM would have nothing to renumber.
        self.change("PRAGMA foreign_keys = ON", "DELETE FROM restore_job WHERE row_id % 3 = 1")
        self.simulator.set(latency_ms=20)
        self.sync_under_vacuum()
        self.assert_equals_truth()
        self.check_database()
        self.simulator.control("advance", {"seconds": 100})
        moved = self.simulator.move(edition="STANDARD", vanish_old=7, silent_change=20, create=3, finish=2)
        self.sync_under_vacuum("--full")
        self.assert_equals_truth(missing=moved["vanish_old"])
        self.check_database()
        self.simulator.set(latency_ms=0)
        before = self.dump("sync_run")
        self.sync(*ONE)
        self.assertEqual(self.dump("sync_run"), before)


if __name__ == "__main__":
    unittest.main()
