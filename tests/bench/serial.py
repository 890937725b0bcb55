"""What one would write without hbrsync: one page after another, and an upsert of each into the same columns.

serial.py ENDPOINT REGION DATABASE|- [ANSWERS]: "-" stores nothing; ANSWERS gets the answers, one a line.
"""
import hashlib
import hmac
import http.client
import json
import os
import re
import sqlite3
import sys
import time
import urllib.parse
import uuid

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PARTS = {"restore_job": None, "restore_job_report": "Report", "restore_job_ots_detail": "OtsDetail"}
OURS = ("row_id", "source_id", "settled_status", "extra", "first_run_id", "changed_run_id", "missing_since")
EMPTY = hashlib.sha256(b"").hexdigest()
SIGNED = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"


def api_name(column):
    """restore_id -> RestoreId"""
    return "".join(word.capitalize() for word in column.split("_"))


def columns():
    """{table: its columns that the API fills}, from the schema itself."""
    connection = sqlite3.connect(":memory:")
    with open(os.path.join(ROOT, "sql", "0001_schema.sql"), encoding="utf-8") as file:
        connection.executescript(file.read())
    return {table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] not in OURS]
            for table in PARTS}


class Service:
    """Signature V3, on a connection that stays open."""

    def __init__(self, endpoint, region):
        self.host = urllib.parse.urlsplit(endpoint.replace("{region}", region)).netloc
        self.connection = http.client.HTTPConnection("127.0.0.1", int(self.host.rsplit(":", 1)[1]))
        self.key_id = os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"]
        self.secret = os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"].encode()

    def ask(self, **parameters):
        query = "&".join(f"{name}={urllib.parse.quote(str(value), safe='-_.~')}"
                         for name, value in sorted(parameters.items()))
        headers = {"host": self.host, "x-acs-action": "DescribeRestoreJobs2", "x-acs-content-sha256": EMPTY,
                   "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                   "x-acs-signature-nonce": uuid.uuid4().hex, "x-acs-version": "2017-09-08"}
        lines = "".join(f"{name}:{headers[name]}\n" for name in SIGNED.split(";"))
        request = f"POST\n/\n{query}\n{lines}\n{SIGNED}\n{EMPTY}"
        text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(request.encode()).hexdigest()
        signature = hmac.new(self.secret, text.encode(), "sha256").hexdigest()
        headers["Authorization"] = (f"ACS3-HMAC-SHA256 Credential={self.key_id},SignedHeaders={SIGNED},"
                                    f"Signature={signature}")
        self.connection.request("POST", "/?" + query, headers=headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f"HTTP {answer.status}: {body[:500]}")
        return body


class Database:
    """The tables with the same columns and their keys, and no other index; one transaction for all."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path)
        self.tables = columns()
        self.upserts = {}
        for table, names in self.tables.items():
            self.connection.execute(f"CREATE TABLE IF NOT EXISTS {table} (restore_id TEXT PRIMARY KEY, "
                                    + ", ".join(name for name in names if name != "restore_id") + ")")
            updates = ", ".join(f"{name} = excluded.{name}" for name in names)
            self.upserts[table] = (f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) "
                                   f"ON CONFLICT (restore_id) DO UPDATE SET {updates}")
        self.members = {table: [api_name(name) for name in names] for table, names in self.tables.items()}

    def store(self, jobs):
        for table, nested in PARTS.items():
            members = self.members[table]
            rows = []
            for job in jobs:
                part = job if nested is None else job.get(nested)
                if part:
                    part["RestoreId"] = job["RestoreId"]
                    rows.append([part.get(name) for name in members])
            self.connection.executemany(self.upserts[table], rows)


def main():
    endpoint, region, path = sys.argv[1:4]
    service = Service(endpoint, region)
    database = None if path == "-" else Database(path)
    answers = open(sys.argv[4], "wb") if len(sys.argv) > 4 else None
    page = 1
    seen = 0
    while True:
        body = service.ask(PageNumber=page, PageSize=99, Edition="STANDARD")
        answer = json.loads(body)
        jobs = answer["RestoreJobs"]["RestoreJob"]
        seen += len(jobs)
        if answers is not None:
            answers.write(re.sub(rb"\n", b"", body) + b"\n")
        if database is not None:
            database.store(jobs)
        if not jobs or seen >= answer["TotalCount"]:
            break
        page += 1
    if answers is not None:
        answers.close()
    if database is not None:
        database.connection.commit()
        database.connection.close()


if __name__ == "__main__":
    main()
