"""`show`: a job in full, its parts, family and history; what is not stored."""
import json
import os
import re
import unittest

import harness

UDM = {"doCopy": True, "osName": "Windows Server 2019 数据中心版", "diskIdList": ["d-1", "d-2"]}
QUERIES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "sql", "queries")


class Show(harness.TestCase):
    def job(self, restore_id, **fields):
        return {"RestoreId": restore_id, "RestoreType": "UDM_ECS", "Status": "RUNNING", "CreatedTime": 1795784400,
                "StartTime": 1795784401, "UpdatedTime": 1795784402, "CompleteTime": 0, "Progress": 2500, **fields}

    def load(self, *jobs, status=0):
        with open(self.path("jobs.json"), "w", encoding="utf-8") as file:
            json.dump(jobs, file)
        result = self.run_hbrsync("--db", self.database, "import", "--account-id", harness.ACCOUNT, "--region",
                                  "cn-hangzhou", self.path("jobs.json"))
        self.assertEqual(result.status, status, result)

    def show(self, *arguments, status=0, env=None):
        result = self.run_hbrsync("--db", self.database, "show", *arguments, env=env)
        self.assertEqual(result.status, status, result)
        return result

    def test_json(self):
        self.load(self.job("r-parent"), self.job("r-1", ParentId="r-parent"), self.job("r-child", ParentId="r-1"),
                  self.job("r-2"))
        self.load(self.job("r-1", ParentId="r-parent", UpdatedTime=1795784500, Progress=10000, Status="FAILED",
                           CompleteTime=1795784499, ErrorMessage="磁盘\x1b[31m", Report={"FailedFiles": "key"},
                           UdmDetail=json.dumps(UDM), ExpireTime=1895784499))
        answer = self.show("r-1", "--json").json()
        columns = [row[1] for row in self.query("PRAGMA table_info(v_restore_job)")]
        self.assertEqual(list(answer["job"]), columns)
        self.assertEqual([tuple(answer["job"].values())],
                         self.query("SELECT * FROM v_restore_job WHERE restore_id = 'r-1'"))
        self.assertEqual([(row["name"], row["value"]) for row in answer["details"]],
                         [("doCopy", 1), ("osName", UDM["osName"]), ("diskIdList", '["d-1","d-2"]')])
        self.assertEqual([(row["relation"], row["restore_id"]) for row in answer["family"]],
                         [("parent", "r-parent"), ("child", "r-child")])
        history = [(row["at"], row["event"]) for row in answer["history"]]
        self.assertEqual([event for _, event in history if event != "changed"],
                         ["created", "started", "ended", "expires", "first stored"]
                         if history[-1][1] == "first stored"
                         else ["created", "started", "ended", "first stored", "expires"])
        changes = {row["column_name"]: (row["old_value"], row["new_value"]) for row in answer["history"]
                   if row["event"] == "changed"}
        self.assertEqual(changes["status"], ("RUNNING", "FAILED"))
        self.assertEqual(changes["complete_time"], (0, 1795784499))
        self.assertEqual(changes["restore_job_report.failed_files"], (None, "key"))

    def test_details_that_are_escaped_once_more_or_no_json(self):
        self.load(self.job("r-1", UdmDetail=json.dumps(json.dumps(UDM))[1:-1], Include='["/a", "/b|c"]',
                           Exclude="C:\\q", Options="42", FailbackDetail=json.dumps(json.dumps({"cpu": 4}))))
        rows = [(row["detail"], row["name"], row["value"]) for row in self.show("r-1", "--json").json()["details"]]
        self.assertEqual(rows, [("include", None, "/a"), ("include", None, "/b|c"), ("exclude", None, "C:\\q"),
                                ("options", None, 42), ("udm_detail", "doCopy", 1),
                                ("udm_detail", "osName", UDM["osName"]), ("udm_detail", "diskIdList", '["d-1","d-2"]'),
                                ("failback_detail", "cpu", 4)])

    def test_text(self):
        self.load(self.job("r-1", ParentId="r-0", BytesDone=13204889600, ErrorMessage="two\nlines\x1b[31m"))
        self.load(self.job("r-1", ParentId="r-0", BytesDone=13204889600, UpdatedTime=1795784460))
        text = self.show("r-1", "--time-zone", "Asia/Shanghai").stdout
        self.assertRegex(text, r"\ncreated_time +2026-11-27 21:00:00 \+08:00\n")
        self.assertRegex(text, r"\nbytes_done +12\.3 GiB \(13,204,889,600\)\n")
        self.assertRegex(text, r"\nprogress_percent +25\.0 %\n")
        self.assertRegex(text, r"\n2026-11-27 21:00:01 \+08:00  started ")
        self.assertRegex(text, r" updated_time +2026-11-27 21:00:02 \+08:00 +2026-11-27 21:01:00 \+08:00\n")
        self.assertRegex(text, r"\nParent and children\n.*\n.*\nparent +r-0 ")
        self.assertRegex(text, r"\nTimes are of the zone Asia/Shanghai\.\n$")
        self.assertNotIn("\nDetails\n", text, "a section without rows is left out")
        self.assertNotIn("\ncomplete_time", text, "what a job does not have is left out")
        self.assertNotIn("\x1b", text)

    def test_every_field_is_shown(self):
        """What the text leaves out of v_restore_job is in its details, or the same in another form."""
        self.load(self.job("r-1"))
        with open(os.path.join(QUERIES, "show-fields.sql"), encoding="utf-8") as file:
            shown = re.findall(r"'(\w+)', j\.(\w+)", file.read())
        self.assertTrue(all(name == column for name, column in shown))
        columns = {row[1] for row in self.query("PRAGMA table_info(v_restore_job)")}
        self.assertEqual(columns - {name for name, _ in shown},
                         {"include", "exclude", "options", "udm_detail", "failback_detail", "progress", "source_id"}
                         | {name for name in columns if name.endswith("_utc") or name.startswith("is_")})

    def test_gone_and_back(self):
        self.start("--jobs", 20, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync()
        key = next(iter(self.simulator.truth()))
        self.simulator.move(vanish_ids=[key])
        self.sync("--full")
        self.simulator.move(return_ids=[key])
        self.sync("--full")
        events = [(row["event"], row["run_id"]) for row in self.show(key, "--json").json()["history"] if row["run_id"]]
        self.assertEqual(sorted(set(events)), [("first stored", 1), ("gone from the service", 2), ("listed again", 3)])

    def test_unknown(self):
        self.load(self.job("r-000abc"), self.job("r-000xyz"))
        self.assertIn("did you mean 'r-000xyz'?", self.show("r-000xzy", status=2).stderr)
        self.assertIn("did you mean 'r-000abc'?", self.show("R-000ABC", status=2).stderr)
        self.assertNotIn("did you mean", self.show("v-1234567890", "--json", status=2).stderr)
        for arguments in ((), ("r-000abc", "r-000xyz"), ("",), ("x" * 5000,), ("r-000abc", "--no-such")):
            self.assertEqual(self.show(*arguments, status=2).stdout, "")
        self.database = self.path("none.db")
        self.show("r-000abc", status=6)

    def test_foreign_ids(self):
        for key in ("'; DROP TABLE restore_job; --", "%", "恢复", "a b"):
            self.load(self.job(key))
            self.assertEqual(self.show(key, "--json").json()["job"]["restore_id"], key)


if __name__ == "__main__":
    unittest.main()
