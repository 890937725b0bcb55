"""The main paths under valgrind: what sanitizers do not see, above all values read before they were set."""
import os
import shutil
import unittest

import harness

PLAIN = os.environ.get("HBRSYNC_PLAIN")  # valgrind and sanitizers do not go together


@unittest.skipUnless(PLAIN and shutil.which("valgrind"), "needs valgrind and a program without sanitizers")
class Valgrind(harness.TestCase):
    VALGRIND = ("valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite",
                "--track-origins=yes")

    def run_plain(self, *arguments, status=0):
        program, harness.HBRSYNC = harness.HBRSYNC, PLAIN
        try:
            result = self.run_hbrsync("--db", self.database, *arguments, wrapper=self.VALGRIND)
        finally:
            harness.HBRSYNC = program
        self.assertEqual(result.status, status, result)
        self.assertNotIn("==", result.stderr)
        return result

    def test_main_paths(self):
        self.start("--jobs", 40, "--basic-jobs", 3, "--regions", "cn-hangzhou", tls=True)
        service = ("--endpoint", self.simulator.endpoint(), "--ca-file", self.simulator.ca_file, "--qps", "1000",
                   "--timeout", "120s")
        self.run_plain("sync", "--all-regions", "--json", "--page-size", "10", *service,
                       "--trace", self.path("trace"), "--metrics-file", self.path("metrics"))
        self.assert_equals_truth()
        self.simulator.move(edition="STANDARD", create=2, create_closed=2, finish=1)
        gone = self.simulator.move(vanish_old=1)["vanish_old"]
        self.run_plain("sync", "--region", "cn-hangzhou", *service)
        self.assert_equals_truth(missing=gone)
        exported = self.run_plain("export").stdout
        with open(self.path("jobs.ndjson"), "w", encoding="utf-8") as file:
            file.write(exported)
        for arguments in (("import", self.path("jobs.ndjson")), ("status",), ("report", "--format", "html"),
                          ("publish", self.path("copy.db")), ("verify",),
                          ("verify", "--remote", "--region", "cn-hangzhou", *service)):
            with self.subTest(arguments[0]):
                self.run_plain(*arguments)
        self.run_plain("doctor", "--region", "cn-hangzhou", "--endpoint", self.simulator.endpoint(), "--ca-file",
                       self.simulator.ca_file)


if __name__ == "__main__":
    unittest.main()
