#!/usr/bin/env python3
"""Tells a webhook or a DingTalk robot which restores failed since it last did: notify.py webhook|dingtalk

Meant to run after each sync, from cron or a unit. The first run only notes where it begins. Nothing is sent when
nothing failed. What could not be delivered is tried again by the next run, so no failure is lost, and none is told
twice unless the answer to a delivery was lost. Settings are environment variables; secrets never stand among arguments:

  HBRSYNC_DB             the database, as hbrsync takes it
  NOTIFY_STATE           where to keep what was told (default: beside the database, its name with .notify)
  NOTIFY_URL             where to send: for DingTalk https://oapi.dingtalk.com/robot/send?access_token=...
  NOTIFY_URL_FILE        ... or a file that holds it
  NOTIFY_SECRET          DingTalk: the secret of a robot that signs (SEC...), or
  NOTIFY_SECRET_FILE     ... a file that holds it
  NOTIFY_CHECK           options of `hbrsync check`, such as "--max-age 3h --max-open 1d": told when its state changes

A webhook gets {"text": ..., "failed": [rows of `hbrsync changes --json`], "check": the line of `hbrsync check` or
null}; "text" alone is what Slack, Mattermost and others show. Exit code: 0, or 1 when it could not be delivered, else
hbrsync's.
"""
import base64
import hashlib
import hmac
import http.client
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

LINES_MAX = 20
NEVER = str(2**63 - 1)
STATES = {0: "OK", 1: "WARNING", 2: "CRITICAL"}


def setting(name):
    """A variable, or what the file holds that NAME_FILE names."""
    path = os.environ.get(name + "_FILE")
    if path:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    return os.environ.get(name, "")


def hbrsync(*arguments, codes=(0,)):
    run = subprocess.run(["hbrsync", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    if run.returncode not in codes:
        sys.exit(run.returncode)
    return run.returncode, run.stdout.decode("utf-8", "replace")


def read_state(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def write_state(path, state):
    """Whole or not at all."""
    descriptor, part = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=os.path.basename(path))
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def changes_since(run):
    """What failed after that run, and the run to begin with next time."""
    answer = json.loads(hbrsync("changes", "--json", "--after-run", NEVER if run is None else str(run))[1])
    failed = [job for job in answer["changes"] if job["kind"] == "failed"
              or job["kind"] == "finished" and job["outcome"] == "partial"]
    last = answer["last_run_id"]
    return failed, last if run is None or last < run else max(run, last)


def describe(failed, line):
    lines = []
    if failed:
        lines.append(f"hbrsync: {len(failed)} restore{'s' * (len(failed) != 1)} failed")
        for job in failed[:LINES_MAX]:
            words = (job["restore_id"], job["restore_type"], job["region_id"], job["status"], job["error_message"])
            lines.append(" ".join(" ".join(str(word).split())[:200] for word in words if word))
        if len(failed) > LINES_MAX:
            lines.append(f"... and {len(failed) - LINES_MAX} more")
    if line:
        lines.append(line)
    return "\n".join(lines)


def sign(url, secret):
    """https://open.dingtalk.com/document/robots/customize-robot-security-settings"""
    stamp = str(round(time.time() * 1000))
    digest = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    query = urllib.parse.urlencode({"timestamp": stamp, "sign": base64.b64encode(digest).decode()})
    return url + ("&" if "?" in url else "?") + query


def send(kind, failed, line):
    url, secret = setting("NOTIFY_URL"), setting("NOTIFY_SECRET")
    text = describe(failed, line)
    body = {"text": text, "failed": failed, "check": line or None}
    if kind == "dingtalk":
        body = {"msgtype": "text", "text": {"content": text}}
        url = sign(url, secret) if secret else url
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        content = answer.read(65536)
    if kind == "dingtalk" and json.loads(content).get("errcode") != 0:  # its HTTP status is 200 all the same
        raise OSError(f"the robot refused: {content.decode('utf-8', 'replace')[:200]}")


def main():
    if sys.argv[1:] not in (["webhook"], ["dingtalk"]) or not setting("NOTIFY_URL"):
        sys.exit(__doc__)
    path = os.environ.get("NOTIFY_STATE") or os.environ.get("HBRSYNC_DB", "hbrsync.db") + ".notify"
    state = read_state(path)
    failed, last = changes_since(state.get("run"))
    checked, line = state.get("check", "OK"), ""
    if os.environ.get("NOTIFY_CHECK"):
        code, output = hbrsync("check", *shlex.split(os.environ["NOTIFY_CHECK"]), codes=(0, 1, 2, 3))
        checked, line = STATES.get(code, "UNKNOWN"), output.split("|")[0].strip()
        line = "" if checked == state.get("check", "OK") else line
    if failed or line:
        try:
            send(sys.argv[1], failed, line)
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = error if isinstance(error, OSError) else type(error).__name__  # others quote the URL, a secret
            sys.exit(f"notify.py: not delivered, the next run tries again: {reason}")
    if {"run": last, "check": checked} != state:
        write_state(path, {"run": last, "check": checked})


if __name__ == "__main__":
    main()
