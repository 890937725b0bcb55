"""Random sequences of everything at once: the world moves, time passes, runs are cut short, the service misbehaves.

Whatever happened, every run that ends with exit 0 is complete, and once the service is itself again a sync or two bring
the database to the truth, with the vanished jobs marked and kept.
"""
import collections
import random
import signal
import unittest

import harness

REGIONS = ("cn-hangzhou", "cn-beijing")
EDITIONS = ("STANDARD", "BASIC")
TYPES = ("ECS_FILE", "OSS", "NAS", "OTS_TABLE")
VERBS = ("start", "progress", "finish", "finish_reporting", "fail", "report", "late_report", "late_expire",
         "silent_change", "silent_change_old", "vanish", "vanish_old", "create", "create_closed", "odd")
# How the service may be for a while; each alone, or with others.
SETTINGS = (
    {"order": "created_asc"}, {"order": "updated_desc"}, {"order": "hash"}, {"order": "random"},
    {"drift": "inserts", "drift_kind": "mixed", "drift_limit": 40}, {"drift": "deletes", "drift_limit": 20},
    {"drift": "both", "drift_place": "old", "drift_kind": "closed", "drift_limit": 40},
    {"drift": "both", "drift_place": "front", "drift_kind": "open", "drift_limit": 40, "drift_every": 3},
    {"deep_page_cap": 40}, {"deep_page_cap": 60, "deep_page_mode": "empty"},
    {"deep_page_cap": 50, "deep_page_mode": "repeat_last"},
    {"ignore_filters": ["all"]}, {"ignore_filters": ["Status"]}, {"ignore_filters": ["CompleteTime"]},
    {"refuse_filters": ["all"]}, {"refuse_filters": ["CompleteTime"]}, {"refuse_operators": ["BETWEEN"]},
    {"id_filters": []}, {"id_filters": ["JobId"]}, {"zero_complete_time_matches": True}, {"between": "exclusive"},
    {"between": "lower_only"}, {"between": "upper_only"}, {"untyped": "refused"}, {"untyped": "partial"},
    {"edition": "refused"}, {"total_count": "absent"}, {"total_count": "wrong_by_one"},
    {"total_count": "huge"}, {"stale_answers": 3}, {"region_empty": ["cn-beijing"]},
    {"region_down": ["cn-beijing"]}, {"extra_fields": False}, {"null_envelope": "when_empty"},
    {"success_as_string": True}, {"page_size_echo_wrong": True}, {"gzip": False},
)
# Under these the service does not tell all it has, so no run can know of what it hides.
HIDING = ("untyped", "edition", "region_empty", "stale_answers", "total_count", "ignore_filters", "region_down")
FAULTS = (("close", {}), ("reset", {}), ("cut", {}), ("garbled", {}), ("not_json", {}), ("html", {}),
          ("empty_body", {}), ("wrong_json", {"mode": "rows_strings"}), ("http", {"status": 500}),
          ("http", {"status": 503, "code": "ServiceUnavailable"}), ("http", {"status": 403, "code": "NoPermission"}),
          ("http", {"status": 400, "code": "InvalidParameter"}), ("throttle", {"retry_after_ms": 5}),
          ("success_false", {}), ("nul_id", {}), ("duplicate_rows", {}), ("token_expired", {}))

Sequence = collections.namedtuple("Sequence", "seed steps")


class Model:
    """One sequence: what was done so far, and every state that a job ever had."""

    def __init__(self, cell, sequence):
        self.cell = cell
        self.dice = random.Random(sequence.seed)
        self.done = []
        self.settings = {}
        self.states = collections.defaultdict(list)
        self.came_back = set()  # old jobs that vanished and came back
        self.simulator = cell.start("--jobs", self.dice.randrange(60, 220), "--basic-jobs", self.dice.randrange(0, 40),
                                    "--regions", ",".join(REGIONS), "--seed", sequence.seed, "--burst",
                                    self.dice.choice((0, 0, 30)))
        self.sequence = sequence

    def note_states(self):
        for key, (_, _, job) in self.simulator.truth().items():
            if job not in self.states[key]:
                self.states[key].append(job)

    def do(self, name, *about):
        self.done.append((name, *about))
        getattr(self, name)(*about)

    def step(self):
        name = self.dice.choices(("move", "advance", "sync", "kill", "fault", "set", "lose_permission"),
                                 (6, 2, 8, 2, 2, 3, 1))[0]
        self.do(name, *getattr(self, "choose_" + name)())

    # What a step does, and how its details are drawn.

    def choose_move(self):
        verbs = {self.dice.choice(VERBS): self.dice.randrange(1, 6) for _ in range(self.dice.randrange(1, 5))}
        if self.dice.random() < 0.15:
            gone = sorted(self.simulator.vanished())
            verbs["return_ids"] = self.dice.sample(gone, min(len(gone), 3))
        return (verbs,)

    def move(self, verbs):
        self.note_states()
        self.came_back.update(verbs.get("return_ids", ()))
        self.simulator.move(**verbs)
        self.note_states()

    def choose_advance(self):
        return (self.dice.choice((1, 60, 3600, 90000, 9 * 86400)),)

    def advance(self, seconds):
        self.simulator.control("advance", {"seconds": seconds})

    def choose_set(self):
        if self.settings and self.dice.random() < 0.5:
            return ({},)
        chosen = {}
        for settings in self.dice.sample(SETTINGS, self.dice.choice((1, 1, 2))):
            chosen.update(settings)
        return (chosen,)

    def set(self, settings):
        self.simulator.control("reset", {})
        self.settings = settings
        if settings:
            self.simulator.set(**settings)

    def choose_fault(self):
        kind, more = self.dice.choice(FAULTS)
        return kind, {"at": self.dice.randrange(1, 40), **more}

    def fault(self, kind, more):
        self.simulator.fault(kind, count=1, action="DescribeRestoreJobs2", **more)
        self.sync(self.choose_options())
        self.simulator.control("clear_faults", {})

    def choose_lose_permission(self):
        return ()

    def lose_permission(self):
        self.simulator.set(permission=["DescribeRestoreJobs2"])
        result = self.run_sync([])
        self.cell.assertEqual(result.status, 4, result)
        self.simulator.set(permission=["allow"])

    def choose_options(self):
        dice = self.dice
        options = ["--page-size", dice.choice((7, 10, 20, 99)), "--region", REGIONS[0]]
        if dice.random() < 0.7:
            options += ["--region", REGIONS[1]]
        for option, chance, value in (
                ("--edition", 0.2, dice.choice(EDITIONS)), ("--restore-type", 0.15, dice.choice(TYPES)),
                ("--overlap", 0.2, dice.choice(("0s", "1h"))), ("--full-every", 0.2, dice.choice(("0s", "1s", "365d"))),
                ("--max-requests", 0.1, dice.randrange(1, 60)), ("--connections", 0.2, dice.choice((1, 8))),
                ("--filter", 0.1, dice.choice(("Status IN COMPLETE,FAILED", "CompleteTime GREATER_THAN 5")))):
            if dice.random() < chance:
                options += [option, value]
        if dice.random() < 0.2:
            options.append("--full")
        return options

    def choose_sync(self):
        return (self.choose_options(),)

    def run_sync(self, options, kill_at=None):
        """A run that may end in any documented way, but in no other."""
        environment = self.cell.environment(HBRSYNC_TEST_KILL_AT_STEP=kill_at and str(kill_at))
        result = self.cell.sync(*(options or ["--all-regions"]), "--retry-for", "2s", "--timeout", "5s", status=None,
                                env=environment)
        allowed = (0, 3, 4, 5, 8) if kill_at is None else (0, 3, 4, 5, 8, -signal.SIGKILL)
        self.cell.assertIn(result.status, allowed, result)
        return result

    def sync(self, options):
        before = self.cell.moment()
        self.note_states()
        result = self.run_sync(options)
        self.note_states()
        if result.status == 0 and not any(name in HIDING for name in self.settings):
            self.cell.assert_no_silent_miss(before, covers=lambda *job: covers(options, *job), states=self.states,
                                            came_back=self.came_back - self.walked(result))

    def walked(self, result):
        """The jobs of every source that was walked in full."""
        modes = collections.defaultdict(set)
        for source in result.json()["sources"]:
            modes[source["region_id"], source["edition"]].add(source["mode"])
        return {key for key, (region, edition, _) in self.simulator.truth().items() if modes[region, edition] == {"full"}}

    def choose_kill(self):
        return self.choose_options(), self.dice.randrange(1, 60)

    def kill(self, options, step):
        self.note_states()
        self.run_sync(options, kill_at=step)
        self.note_states()
        self.cell.check_database() if self.is_there() else None

    def is_there(self):
        try:
            return bool(self.cell.query("SELECT name FROM sqlite_master"))
        except Exception:  # no file, or an empty one
            return False

    def settle(self):
        """The service is itself again: one sync that may still have to find its feet, then everything is there."""
        self.do("set", {})
        self.simulator.control("clear_faults", {})
        kept = {row[0] for row in self.cell.query("SELECT restore_id FROM restore_job")} if self.is_there() else set()
        before = self.cell.moment()
        first = self.run_sync([])
        if first.status == 0:
            self.cell.assert_no_silent_miss(before, states=self.states, came_back=self.came_back - self.walked(first))
        second = self.run_sync(["--all-regions", "--full"])
        self.cell.assertEqual(second.status, 0, second)
        now = {row[0] for row in self.cell.query("SELECT restore_id FROM restore_job")}
        self.cell.assertEqual(kept - now, set(), "the archive lost rows")
        self.cell.check_database()
        self.cell.assert_equals_truth(missing=now & self.simulator.vanished())
        return first.status

    def run(self):
        for _ in range(self.sequence.steps):
            self.step()
        return self.settle()


def option_values(options, name):
    return [options[at + 1] for at, option in enumerate(options) if option == name]


def covers(options, region, edition, job):
    """Whether a run with these options is asked for the job."""
    wanted = ((option_values(options, "--region"), region), (option_values(options, "--edition"), edition),
              (option_values(options, "--restore-type"), job.get("RestoreType")))
    if any(values and value not in values for values, value in wanted):
        return False
    return not option_values(options, "--filter") or "Status" in job and passes(options, job)


def passes(options, job):
    """Whether the job passes the filter; jobs that may have changed sides during the run count as not asked for."""
    if option_values(options, "--filter")[0].startswith("Status"):
        return job["Status"] in ("COMPLETE", "FAILED")
    return (job.get("CompleteTime") or 0) > 5


def play(cell, sequence):
    model = Model(cell, sequence)
    try:
        return model.run()
    except Exception as error:
        done = "\n".join(map(repr, model.done[-12:]))
        raise AssertionError(f"after {len(model.done)} steps, settings {model.settings}, the last of them\n{done}\n"
                             f"{error}") from error


class RandomSequences(harness.TestCase):
    def test_sequences(self):
        count, steps = (300, 30) if harness.LONG else (5, 20)
        sequences = [Sequence(seed, steps) for seed in range(1, count + 1)]
        statuses = harness.run_cells(self, sequences, play)
        self.assertEqual(set(statuses) - {0, 8}, set())
        self.assertGreater(statuses.count(0), count / 2, "a quiet sync hardly ever proves anything at once")


if __name__ == "__main__":
    unittest.main()
