"""examples/notify: what the scripts send to a server on loopback, and that every failure is told once."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import subprocess
import sys
import threading
import unittest
import urllib.parse

import harness

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "notify", "notify.py")
SECRET = "SEC-robot"
TOKEN = "token-of-the-robot"


class Notify(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.received, self.answer = [], (200, b'{"errcode":0,"errmsg":"ok"}')
        test = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                test.received.append((self.path, json.loads(body)))
                status, content = test.answer
                self.send_response(status)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}/robot/send?access_token={TOKEN}"
        os.mkdir(self.path("bin"))
        os.symlink(os.path.abspath(harness.HBRSYNC), self.path("bin/hbrsync"))
        for name, text in (("url", self.url), ("secret", SECRET)):
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write(text + "\n")
        self.start("--jobs", 60, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.sync()

    def notify(self, kind, status=0, **more):
        environment = self.environment(HBRSYNC_DB=self.database, NOTIFY_URL_FILE=self.path("url"), **more)
        environment["PATH"] = self.path("bin") + ":" + environment["PATH"]
        run = subprocess.run([sys.executable, SCRIPT, kind], env=environment, cwd=self.directory, check=False,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        output = run.stdout.decode()
        self.assertEqual(run.returncode, status, output)
        self.assertNotIn(TOKEN, output)
        self.assertNotIn(SECRET, output)
        received, self.received = self.received, []
        return received, output

    def fail_jobs(self, count):
        """So many open jobs fail in the service, and a sync sees that."""
        self.simulator.move(create=count)
        self.sync()
        before = set(row[0] for row in self.query("SELECT restore_id FROM restore_job WHERE status = 'FAILED'"))
        self.simulator.move(fail=count)
        self.sync()
        failed = self.query("SELECT restore_id FROM restore_job WHERE status = 'FAILED'")
        return sorted(row[0] for row in failed if row[0] not in before)

    def test_webhook(self):
        self.assertEqual(self.notify("webhook"), ([], ""), "the first run begins here")
        self.assertEqual(self.notify("webhook"), ([], ""))
        failed = self.fail_jobs(2)
        self.assertEqual(len(failed), 2)
        ((path, body),), _ = self.notify("webhook")
        self.assertIn(TOKEN, path)
        self.assertEqual(sorted(job["restore_id"] for job in body["failed"]), failed)
        self.assertRegex(body["text"], r"^hbrsync: 2 restores failed\n")
        for restore_id in failed:
            self.assertIn(restore_id, body["text"])
        self.assertIsNone(body["check"])
        self.assertEqual(self.notify("webhook"), ([], ""), "told once")

    def test_a_delivery_that_fails_is_made_up_for(self):
        self.notify("webhook")
        failed = self.fail_jobs(1)
        self.answer = (503, b"")
        _, output = self.notify("webhook", status=1)
        self.assertIn("503", output)
        self.answer = (200, b'{"errcode":310000,"errmsg":"sign not match"}')
        _, output = self.notify("dingtalk", status=1)
        self.assertIn("sign not match", output)
        with open(self.path("url"), "w", encoding="utf-8") as file:
            file.write(f"htp://{TOKEN}")
        self.notify("webhook", status=1)
        with open(self.path("url"), "w", encoding="utf-8") as file:
            file.write(self.url)
        self.answer = (200, b"")
        ((_, body),), _ = self.notify("webhook")
        self.assertEqual([job["restore_id"] for job in body["failed"]], failed)

    def test_dingtalk_signs(self):
        self.notify("dingtalk", NOTIFY_SECRET_FILE=self.path("secret"))
        failed = self.fail_jobs(1)
        ((path, body),), _ = self.notify("dingtalk", NOTIFY_SECRET_FILE=self.path("secret"))
        query = dict(urllib.parse.parse_qsl(path.partition("?")[2], strict_parsing=True))
        digest = hmac.new(SECRET.encode(), f"{query['timestamp']}\n{SECRET}".encode(), hashlib.sha256).digest()
        self.assertEqual(query, {"access_token": TOKEN, "timestamp": query["timestamp"],
                                 "sign": base64.b64encode(digest).decode()})
        self.assertEqual(body["msgtype"], "text")
        self.assertIn(failed[0], body["text"]["content"])

    def test_check(self):
        """The line of `check` is sent when its state changes, and no more until it changes again."""
        self.notify("webhook", NOTIFY_CHECK="--max-age 1d")
        for options, state in (("--max-age 1d --max-open 0", "CRITICAL"), ("--max-age 1d --max-open 0", None),
                               ("--max-age 1d", "OK"), ("--max-age 1d", None), ("--no-such", "UNKNOWN")):
            received, _ = self.notify("webhook", NOTIFY_CHECK=options)
            self.assertEqual([body["check"].split()[1] for _, body in received], [state] if state else [], options)

    def test_another_database(self):
        """Numbers of runs that begin anew are noticed."""
        self.notify("webhook")
        with open(self.database + ".notify", encoding="utf-8") as file:
            state = json.load(file)
        self.assertEqual(state["run"], 1)
        with open(self.database + ".notify", "w", encoding="utf-8") as file:
            json.dump({**state, "run": 77}, file)
        self.assertEqual(self.notify("webhook"), ([], ""))
        failed = self.fail_jobs(1)
        ((_, body),), _ = self.notify("webhook")
        self.assertEqual([job["restore_id"] for job in body["failed"]], failed)

    def test_wrong_use(self):
        _, output = self.notify("mail", status=1)
        self.assertIn("NOTIFY_URL", output)
        self.database = self.path("none.db")
        self.notify("webhook", status=6)


if __name__ == "__main__":
    unittest.main()
