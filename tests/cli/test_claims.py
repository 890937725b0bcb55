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
