"""Times of a zone: offsets, names, changes of the clocks, and what is refused. The zones are made here, by zic."""
import os
import json
import shutil
import subprocess
import unittest

import harness

ZIC = shutil.which("zic", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
RULES = """
Rule US 2007 max - Mar Sun>=8 2:00 1:00 D
Rule US 2007 max - Nov Sun>=1 2:00 0 S
Zone America/New_York -5:00 US E%sT
Zone Asia/Shanghai 8:00 - CST
Rule BR 2000 max - Nov Sun>=1 0:00 1:00 -
Rule BR 2000 max - Feb Sun>=15 0:00 0 -
Zone America/Sao_Paulo -3:00 BR -03/-02
Zone Pacific/Apia -10:00 - -10 2011 Dec 30
    14:00 - +14
Zone Asia/Kathmandu 5:45 - +0545
"""
SPRING = 1772953200   # 2026-03-08 07:00:00 UTC: New York's clocks go from 02:00 -05:00 to 03:00 -04:00
AUTUMN = 1793512800   # 2026-11-01 06:00:00 UTC: ... from 02:00 -04:00 to 01:00 -05:00


@unittest.skipUnless(ZIC, "zic makes the zones")
class Zone(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.zones = self.path("zoneinfo")
        with open(self.path("rules"), "w", encoding="utf-8") as file:
            file.write(RULES)
        subprocess.run([ZIC, "-d", self.zones, self.path("rules")], check=True, timeout=60)
        with open(os.path.join(self.zones, "zone.tab"), "w", encoding="utf-8") as file:
            file.write("# a table\nCN\t+3114+12128\tAsia/Shanghai\tBeijing Time\n"
                       "US\t+404251-0740023\tAmerica/New_York\nWS\t-1350-17144\tPacific/Apia\n")
        jobs = [{"RestoreId": f"r-{at}", "RestoreType": "OSS", "Status": "QUEUED", "CreatedTime": at, "UpdatedTime": at}
                for at in (SPRING - 1, SPRING, AUTUMN - 1, AUTUMN, 1, 253402300799)]
        with open(self.path("jobs"), "w", encoding="utf-8") as file:
            json.dump(jobs, file)
        result = self.run_hbrsync("--db", self.database, "import", "--account-id", "1", self.path("jobs"))
        self.assertEqual(result.status, 0, result)

    def run_there(self, *arguments, zone=None, status=0, **more):
        option = ("--time-zone", zone) if zone is not None else ()
        result = self.run_hbrsync("--db", self.database, *arguments, *option,
                                  env=self.environment(TZDIR=self.zones, **more))
        self.assertEqual(result.status, status, result)
        return result

    def created(self, at, zone=None, **more):
        text = self.run_there("show", f"r-{at}", zone=zone, **more).stdout
        return [line.split(None, 1)[1] for line in text.split("\n") if line.startswith("created_time ")][0]

    def since(self, text, zone=None, status=0, **more):
        result = self.run_there("changes", "--since", text, zone=zone, status=status, **more)
        return result.stderr.split("since ")[-1].split(" (")[0] if status == 0 else result.stderr

    def test_changes_of_the_clocks(self):
        for zone, at, text in (("America/New_York", SPRING - 1, "2026-03-08 01:59:59 -05:00"),
                               ("America/New_York", SPRING, "2026-03-08 03:00:00 -04:00"),
                               ("America/New_York", AUTUMN - 1, "2026-11-01 01:59:59 -04:00"),
                               ("America/New_York", AUTUMN, "2026-11-01 01:00:00 -05:00"),
                               ("Asia/Shanghai", SPRING, "2026-03-08 15:00:00 +08:00"),
                               ("Asia/Kathmandu", SPRING, "2026-03-08 12:45:00 +05:45"),
                               ("+08:00", SPRING, "2026-03-08 15:00:00 +08:00"),
                               ("-03:30", SPRING, "2026-03-08 03:30:00 -03:30"),
                               ("+14:00", SPRING, "2026-03-08 21:00:00 +14:00"),
                               ("UTC", SPRING, "2026-03-08 07:00:00 +00:00"),
                               ("-12:00", 1, "1969-12-31 12:00:01 -12:00"),
                               ("-01:00", 253402300799, "9999-12-31 22:59:59 -01:00")):
            self.assertEqual(self.created(at, zone), text, zone)

    def test_dates_are_of_the_zone(self):
        for zone, written, meant in (
                ("America/New_York", "2026-03-08", "2026-03-08 00:00:00 -05:00"),
                ("America/New_York", "2026-03-09", "2026-03-09 00:00:00 -04:00"),
                ("America/New_York", "2026-03-08 02:30:00", "2026-03-08 03:30:00 -04:00"),  # is skipped
                ("America/New_York", "2026-11-01 01:30", "2026-11-01 01:30:00 -04:00"),     # the first of two
                ("America/New_York", "2026-11-01T02:00:00", "2026-11-01 02:00:00 -05:00"),
                ("America/New_York", "2026-11", "2026-11-01 00:00:00 -04:00"),
                ("America/Sao_Paulo", "2025-11-02", "2025-11-02 01:00:00 -02:00"),          # a day begins at one
                ("Pacific/Apia", "2011-12-30", "2011-12-31 00:00:00 +14:00"),               # a day that was not
                ("Pacific/Apia", "2011-12-29", "2011-12-29 00:00:00 -10:00"),
                ("Asia/Shanghai", "2026-01", "2026-01-01 00:00:00 +08:00"),
                ("Asia/Shanghai", "2026-01-31T08:30:00Z", "2026-01-31 16:30:00 +08:00"),
                ("Asia/Shanghai", "2026-01-31t08:30:00.25-05:00", "2026-01-31 21:30:00 +08:00"),
                ("+08:00", "2026-01-31 08:30", "2026-01-31 08:30:00 +08:00")):
            self.assertEqual(self.since(written, zone), meant, (zone, written))

    def test_yesterday_and_ago(self):
        day = lambda text: self.since(text, "+08:00")
        self.assertRegex(day("today"), r" 00:00:00 \+08:00$")
        self.assertRegex(day("yesterday"), r" 00:00:00 \+08:00$")
        self.assertLess(day("yesterday"), day("today"))
        self.assertLess(day("90d"), day("60d"))

    def test_wrong_times(self):
        for text in ("2026-13", "2026-02-30", "2026-1-1", "2026-01-31 8:30", "2026-01-31T24:30:00",
                     "2026-01-31T08:30:00+8", "2026-01-31T08:30:00+08:60", "2026-01-31T08:30:00 Z", "2026-01Z",
                     "2026-01-31+08:00", "tomorrow", "",
                     "2026-01-31T08:30:00.", "2026-01-31T08:30:00.5x", "20260131"):
            self.assertIn("neither a date nor a duration", self.since(text, "UTC", status=2), text)

    def test_default_is_the_environments(self):
        for value, text in (("Asia/Shanghai", "15:00:00 +08:00"), (":Asia/Shanghai", "15:00:00 +08:00"),
                            ("CST-8", "15:00:00 +08:00"), ("EST5EDT,M3.2.0,M11.1.0", "03:00:00 -04:00"),
                            ("<+0545>-5:45", "12:45:00 +05:45"), ("", "07:00:00 +00:00"), ("UTC", "07:00:00 +00:00"),
                            (os.path.join(self.zones, "Asia/Shanghai"), "15:00:00 +08:00")):
            self.assertEqual(self.created(SPRING, TZ=value), "2026-03-08 " + text, value)
        self.assertEqual(self.created(SPRING, "+01:00", TZ="Asia/Shanghai"), "2026-03-08 08:00:00 +01:00")
        self.created(SPRING, TZ=None)

    def test_unknown_zones(self):
        """libc would take UTC for them without a word."""
        for zone, near in (("Asia/Shanghi", "Asia/Shanghai"), ("asia/shanghai", "Asia/Shanghai"),
                           ("Shanghai", "Asia/Shanghai"), ("new_york", "America/New_York"), ("Mars/Olympus_Mons", None),
                           ("../zoneinfo/Asia/Shanghai", None), (os.path.join(self.zones, "Asia/Shanghai"), None),
                           ("zone.tab", None), ("Asia", None), ("", None), ("+8", None),
                           ("+08:60", None), ("+15:00", None),
                           ("-12:01", None), ("UTC+8", None), ("CST-8", None), ("x" * 5000, None)):
            for command in (("show", f"r-{SPRING}"), ("changes",)):
                error = self.run_there(*command, zone=zone, status=2).stderr
                self.assertIn("there is no time zone", error, zone)
                self.assertEqual(f"(did you mean '{near}'?)" in error, near is not None, error)
        self.assertIn("TZ: there is no time zone 'Asia/Shanghi'",
                      self.run_there("show", f"r-{SPRING}", status=2, TZ="Asia/Shanghi").stderr)

    def test_machines_get_utc(self):
        answers = {self.run_there("show", f"r-{SPRING}", "--json", zone=zone).stdout for zone in ("UTC", "+08:00")}
        self.assertEqual(len(answers), 1)
        self.assertIn('"created_time_utc":"2026-03-08 07:00:00"', answers.pop())
        answers = {self.run_there("changes", "--json", zone=zone).stdout for zone in ("UTC", "America/New_York")}
        self.assertEqual(len(answers), 1)


if __name__ == "__main__":
    unittest.main()
