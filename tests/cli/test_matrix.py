"""The matrix: every order of the listing, every kind of drift between two answers, every way to sync.

The claim in each cell: exit 0 means that the database holds every job the service listed. A walk that gives up is
honest, one that misses a job and exits 0 is not.
"""
import collections
import itertools
import random
import unittest

import harness

ORDERS = ("created_desc", "created_asc", "updated_desc", "random", "hash")
PLACES = ("front", "middle", "old")
KINDS = ("open", "closed", "mixed")
# What drifts, where, and what the jobs are that are made; what makes no difference stands once.
DRIFTS = [("none", "front", "mixed"),
          *(("deletes", place, "mixed") for place in PLACES),
          *((drift, place, kind) for drift in ("inserts", "both") for place in PLACES for kind in KINDS)]

EVENTS = 400  # of one run, so that a world that grows with each answer does not grow for ever

World = collections.namedtuple("World", "seed jobs burst page_size order drift place kind every")
Ended = collections.namedtuple("Ended", "world way status requests")


def worlds(seeds, sizes, every=1):
    """A world for each order, drift and seed, sized from the seed."""
    number = 0
    for seed, order, (drift, place, kind) in itertools.product(seeds, ORDERS, DRIFTS):
        number += 1
        dice = random.Random(f"{seed}/{number}")
        jobs = dice.randrange(*sizes)
        page_size = dice.choice((10, 20)) if jobs < 200 else 40
        yield World(seed * 1000 + number, jobs, dice.choice((0, 0, 35)), page_size, order, drift, place, kind, every)


def sample(all_worlds, count, seed):
    """Worlds of every order and every drift, in equal shares."""
    chosen = list(all_worlds)
    random.Random(seed).shuffle(chosen)
    picked = []
    uses = collections.Counter()
    for _ in range(count):
        best = min(chosen, key=lambda world: uses[world.order] + 2 * uses[world.drift] + uses[world.place] +
                   uses[world.kind])
        chosen.remove(best)
        picked.append(best)
        uses.update((best.order, best.drift, best.place, best.kind))
    return picked


class World3Ways:
    """One world, synced in three ways while it drifts and after each at rest."""

    def __init__(self, cell, world, regions=("cn-hangzhou",)):
        self.cell = cell
        self.regions = regions
        self.world = world
        self.simulator = cell.start("--jobs", world.jobs, "--basic-jobs", 0, "--regions", ",".join(regions),
                                    "--seed", world.seed, "--burst", world.burst)
        self.simulator.set(order=world.order)
        self.ended = []

    def sync(self, *options):
        regions = [option for region in self.regions for option in ("--region", region)]
        return self.cell.sync(*regions, "--edition", "STANDARD", "--page-size", self.world.page_size, *options,
                              status=None)

    def drift(self, drift):
        world = self.world
        self.simulator.set(drift=drift, drift_place=world.place, drift_kind=world.kind, drift_every=world.every,
                           drift_limit=EVENTS)

    def kept(self):
        return {row[0] for row in self.cell.query("SELECT restore_id FROM restore_job")}

    def under_drift(self, way, *options):
        """A run while jobs come and go, and what its exit code claims."""
        before = self.cell.moment()
        self.drift(self.world.drift)
        result = self.sync(*options)
        self.drift("none")
        self.cell.assertIn(result.status, (0, 8), f"{way}: {result}")
        self.ended.append(Ended(self.world, way, result.status, result.json()["requests"]))
        if result.status == 0:
            try:
                self.cell.assert_no_silent_miss(before)
            except AssertionError as error:
                raise AssertionError(f"{way}: exit 0, but {error}\n{result}") from error
            self.cell.assertEqual(result.json()["sources"][0]["proof"], "proved", way)

    def can_be_proved(self):
        """Whether a service at rest gives enough to go by.

        With a new order at each answer only what fits one answer can be relied on, and neither the jobs of one
        second nor the open ones can be asked for in smaller parts.
        """
        jobs = [job for _, _, job in self.simulator.truth().values()]
        seconds = collections.Counter(job["CompleteTime"] for job in jobs if job.get("CompleteTime"))
        still_open = len(jobs) - sum(seconds.values())
        return self.world.order != "random" or max(still_open, *seconds.values()) <= self.world.page_size

    def at_rest(self, way):
        """Where nothing moves one run proves everything, two at most; the archive only grows."""
        kept = self.kept()
        if not self.can_be_proved():
            self.cell.assertIn(self.sync().status, (0, 8))
            self.simulator.set(order="hash")
        result = self.sync()
        if result.status == 8:
            result = self.sync()
        self.simulator.set(order=self.world.order)
        self.cell.assertEqual(result.status, 0, f"at rest after {way}: {result}")
        self.cell.assertEqual(kept - self.kept(), set(), "the archive lost rows")
        self.cell.assert_equals_truth(missing=self.kept() & self.simulator.vanished())

    def run(self):
        self.under_drift("first")
        self.at_rest("first")
        self.simulator.move(edition="STANDARD", create=2, create_closed=3, start=1, finish=2, fail=1, vanish=2,
                            vanish_old=2)
        self.under_drift("delta")
        self.at_rest("delta")
        self.simulator.move(edition="STANDARD", create=1, create_closed=1, finish=2, silent_change_old=3, vanish_old=2)
        self.under_drift("full", "--full")
        self.at_rest("full")
        self.cell.check_database()
        return self.ended


def look_at(cell, world):
    return World3Ways(cell, world).run()


class Matrix(harness.TestCase):
    def count(self, ended):
        """{(drift, way): [runs, runs that were proved]}"""
        counts = collections.defaultdict(lambda: [0, 0])
        for entry in itertools.chain.from_iterable(ended):
            count = counts[entry.world.drift, entry.way]
            count[0] += 1
            count[1] += entry.status == 0
        return dict(counts)

    def assert_all_proved(self, ended, drift):
        for (column, way), (runs, proved) in self.count(ended).items():
            if column == drift:
                self.assertEqual(proved, runs, f"{way} where the drift is {drift}")

    def assert_some_proved(self, ended, *drifts):
        """The honest way out, exit 8, is not the way of every run."""
        for (column, way), (runs, proved) in self.count(ended).items():
            if column in drifts:
                self.assertGreater(proved, 0, f"{way}: none of {runs} runs was proved where the drift is {column}")

    def look_at_all(self, chosen):
        ended = harness.run_cells(self, chosen, look_at)
        self.assertEqual(sum(len(entry) for entry in ended), 3 * len(chosen))
        self.assertEqual({world.drift for world in chosen} - {"none"}, {"inserts", "deletes", "both"})
        self.assertEqual({world.order for world in chosen}, set(ORDERS))
        return ended

    def test_an_event_between_every_two_answers(self):
        chosen = list(worlds((1, 2), (50, 600)))
        if not harness.LONG:
            chosen = sample(worlds((1,), (40, 110)), 7, seed=1)
        ended = self.look_at_all(chosen)
        self.assert_all_proved(ended, "none")
        self.assert_some_proved(ended, "deletes")  # what only shrinks is proved while it does

    def test_an_event_now_and_then(self):
        """Jobs vanish and appear, but not so fast that no two counts can agree: then walks must not give up."""
        chosen = [world for world in worlds((3,), (50, 400), every=6) if world.drift != "none"]
        if not harness.LONG:
            chosen = sample([world for world in worlds((3,), (40, 110), every=6) if world.drift != "none"], 5, seed=2)
        self.assert_some_proved(self.look_at_all(chosen), "inserts", "deletes", "both")

    def test_several_regions_at_once(self):
        chosen = sample(worlds((5,), (120, 300)), 12 if harness.LONG else 3, seed=3)
        regions = ("cn-hangzhou", "cn-beijing", "cn-shanghai")
        harness.run_cells(self, chosen, lambda cell, world: World3Ways(cell, world, regions).run())


if __name__ == "__main__":
    unittest.main()
