"""What each report has to say of a set of jobs, computed without SQL."""
import calendar
import datetime
import math
import time

FINAL = {"COMPLETE": "succeeded", "PARTIAL_COMPLETE": "partial", "FAILED": "failed", "CANCELED": "canceled",
         "EXPIRED": "failed", "CLIENT_DELETED": "failed"}
FAILED = {"FAILED", "EXPIRED", "CLIENT_DELETED"}
EVERYTHING = (-2**63, 2**63 - 1)


def shown(seconds):
    """A time that has a text, else None."""
    return seconds if seconds is not None and 1 <= seconds <= 253402300799 else None


def utc(seconds):
    if shown(seconds) is None:
        return None
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def seconds_of(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S"))


def believed(amount, least=0):
    return amount if amount is not None and least <= amount <= 2**53 else None


def percent(part, whole):
    return None if whole == 0 else 100.0 * part / whole


def nearest_rank(values, share):
    return sorted(values)[math.ceil(len(values) * share / 100) - 1] if values else None


def order(value):
    """SQLite's order: NULL first, then numbers, then texts by their bytes."""
    if value is None:
        return (0,)
    return (1, value) if isinstance(value, (int, float)) else (2, value.encode("utf-8", "surrogatepass"))


def groups(jobs, key):
    result = {}
    for job in jobs:
        result.setdefault(key(job), []).append(job)
    return result


def outcome(job):
    """What became of a job, by the first final status that was seen ("settled", where it is not the status now)."""
    settled = job.get("settled") or job["status"]
    if settled in FINAL:
        return "failed" if settled in FAILED else FINAL[settled]
    return "other" if (job["complete_time"] or 0) > 0 else "open"


def is_open(job):
    """Open now, as far as is known."""
    return outcome(job) == "open" and job["missing_since"] is None


def took(job):
    """Seconds from request to completion of a success, or None."""
    created, complete = job["created_time"] or 0, job["complete_time"]
    if outcome(job) == "succeeded" and created > 0 and complete is not None and complete >= created:
        return complete - created
    return None


class World:
    """The jobs as dictionaries, and what each report must say of them. An empty text of a job means none."""

    def __init__(self, jobs, period=EVERYTHING, changes=()):
        self.jobs = [{name: None if value == "" and name not in ("account_id", "region_id", "edition") else value
                      for name, value in job.items()} for job in jobs]
        self.period = period
        self.changes = changes
        self.within = [job for job in self.jobs if period[0] <= (job["created_time"] or 0) <= period[1]]
        self.top = [job for job in self.within if not job["parent_id"]]

    @staticmethod
    def counts(jobs):
        counts = {"restores": len(jobs),
                  "succeeded": sum(outcome(job) == "succeeded" for job in jobs),
                  "partial": sum(outcome(job) == "partial" for job in jobs),
                  "failed": sum(outcome(job) == "failed" for job in jobs),
                  "canceled": sum(outcome(job) == "canceled" for job in jobs),
                  "open": sum(outcome(job) == "open" for job in jobs),
                  "other": sum(outcome(job) == "other" for job in jobs)}
        rate = percent(counts["succeeded"], counts["succeeded"] + counts["partial"] + counts["failed"])
        return counts, rate

    @staticmethod
    def restored(jobs):
        return min(sum(believed(job["bytes_done"]) or 0 for job in jobs), EVERYTHING[1])

    def summary(self):
        counts, rate = self.counts(self.top)
        del counts["open"], counts["other"]
        times = [took(job) for job in self.top if took(job) is not None]
        tops = [job for job in self.jobs if not job["parent_id"]]
        return [{**counts, "success_rate_percent": rate, "bytes_restored": self.restored(self.top),
                 "restore_time_p50_seconds": nearest_rank(times, 50),
                 "restore_time_p95_seconds": nearest_rank(times, 95),
                 "open_now": sum(is_open(job) for job in tops),
                 "vanished": sum(job["missing_since"] is not None for job in tops),
                 "sources_not_proved": 0}]

    def by(self, **keys):
        rows = []
        for values, jobs in groups(self.top, lambda job: tuple(key(job) for key in keys.values())).items():
            counts, rate = self.counts(jobs)
            rows.append({**dict(zip(keys, values)), **counts, "success_rate_percent": rate})
        return rows

    @staticmethod
    def month(job):
        return (utc(job["created_time"]) or "")[:7] or None

    def success_rate(self):
        return self.by(month=self.month, restore_type=lambda job: job["restore_type"],
                       vault_id=lambda job: job["vault_id"])

    def success_by_type(self):
        return self.by(restore_type=lambda job: job["restore_type"])

    def success_by_vault(self):
        return self.by(vault_id=lambda job: job["vault_id"])

    def success_by_month(self):
        return self.by(month=self.month)

    def timeline(self):
        dated = [job for job in self.top if utc(job["created_time"])]
        if not dated:
            return []
        times = [job["created_time"] for job in dated]
        span = max(times) - min(times)
        unit = "day" if span <= 92 * 86400 else "week" if span <= 731 * 86400 else \
            "month" if span <= 20 * 366 * 86400 else "year"

        def start(job):
            day = datetime.datetime.fromtimestamp(job["created_time"], datetime.timezone.utc).date()
            return {"day": day, "week": day - datetime.timedelta(days=day.weekday()),
                    "month": day.replace(day=1), "year": day.replace(month=1, day=1)}[unit]

        def after(day):
            if unit == "month":
                return (day.replace(day=28) + datetime.timedelta(days=4)).replace(day=1)
            return day + datetime.timedelta(days=1 if unit == "day" else 7)

        starts = groups(dated, start)
        days = sorted(starts)
        if unit != "year":
            day, days = min(starts), []
            while day <= max(starts):
                days.append(day)
                day = after(day)
        return [{"unit": unit, "period_start": day.isoformat(), **self.counts(starts.get(day, []))[0],
                 "bytes_restored": self.restored(starts.get(day, []))} for day in days]

    def durations(self):
        times = [took(job) for job in self.top if took(job) is not None]
        limits = [0, 60, 300, 900, 3600, 14400, 43200, 86400, math.inf]
        labels = ["under 1 min", "1 to 5 min", "5 to 15 min", "15 to 60 min", "1 to 4 h", "4 to 12 h", "12 to 24 h",
                  "a day and more"]
        rows = []
        for label, low, high in zip(labels, limits, limits[1:]):
            count = sum(low <= value < high for value in times)
            rows.append({"took": label, "restores": count, "share_percent": percent(count, len(times))})
        return rows

    def restore_time(self):
        def size(job):
            amount = believed(job["bytes_done"], 1)
            if amount is None:
                return "none or unknown"
            for limit, label in ((2**30, "under 1 GiB"), (10 * 2**30, "1 to 10 GiB"), (100 * 2**30, "10 to 100 GiB"),
                                 (2**40, "100 GiB to 1 TiB")):
                if amount < limit:
                    return label
            return "1 TiB and more"

        rows = []
        done = [job for job in self.top if took(job) is not None]
        for (kind, label), jobs in groups(done, lambda job: (job["restore_type"], size(job))).items():
            times = [took(job) for job in jobs]
            rows.append({"restore_type": kind, "size_class": label, "restores": len(jobs),
                         "p50_seconds": nearest_rank(times, 50), "p95_seconds": nearest_rank(times, 95),
                         "max_seconds": max(times)})
        return rows

    def throughput(self):
        ran = [job for job in self.top
               if outcome(job) in ("succeeded", "partial") and believed(job["bytes_done"], 1)
               and (job["start_time"] or 0) > 0 and (job["complete_time"] or 0) > job["start_time"]]
        rows = []
        for kind, jobs in groups(ran, lambda job: job["restore_type"]).items():
            lasted = [job["complete_time"] - job["start_time"] for job in jobs]
            rates = [job["bytes_done"] // seconds for job, seconds in zip(jobs, lasted)]
            rows.append({"restore_type": kind, "restores": len(jobs), "bytes_restored": self.restored(jobs),
                         "running_seconds": sum(lasted),
                         "overall_bytes_per_second": self.restored(jobs) // sum(lasted),
                         "p5_bytes_per_second": nearest_rank(rates, 5),
                         "p50_bytes_per_second": nearest_rank(rates, 50), "max_bytes_per_second": max(rates)})
        return rows

    def failures(self):
        def ended(job):
            return shown(job["complete_time"]) or shown(job["updated_time"]) or shown(job["created_time"])

        bad = [job for job in self.within if outcome(job) in ("failed", "partial")]
        rows = []
        for message, jobs in groups(bad, lambda job: job["error_message"] or None).items():
            tops = [job for job in jobs if not job["parent_id"]]
            last = max(jobs, key=lambda job: (order(ended(job)), job["restore_id"]))
            rows.append({"error_message": message, "restores": len(tops),
                         "failed": sum(outcome(job) == "failed" for job in tops),
                         "partial": sum(outcome(job) == "partial" for job in tops),
                         "child_jobs": len(jobs) - len(tops), "latest_utc": utc(ended(last)),
                         "latest_restore_id": last["restore_id"], "latest_status": last["status"],
                         "latest_type": last["restore_type"], "latest_vault_id": last["vault_id"]})
        return rows

    def open(self):
        return [{**{name: job[name] for name in ("restore_id", "status", "restore_type", "region_id", "vault_id",
                                                 "source_instance_id", "parent_id")},
                 "created_utc": utc(job["created_time"]),
                 "open_seconds": ("age", job["created_time"]), "quiet_seconds": ("age", job["updated_time"]),
                 "progress_percent": None if job["progress"] is None else job["progress"] / 100}
                for job in self.jobs if is_open(job)]

    def elsewhere(self):
        rows = []
        for job in self.within:
            source, target = job["source_instance_id"], job["target_instance_id"]
            instance = bool(source and target and source != target)
            account = job["cross_account_type"] == "CROSS_ACCOUNT" or \
                bool(job["cross_account_user_id"]) and str(job["cross_account_user_id"]) != job["account_id"]
            if instance or account:
                rows.append({"created_utc": utc(job["created_time"]),
                             "differs": " and ".join(["instance"] * instance + ["account"] * account),
                             **{name: job[name] for name in (
                                 "restore_id", "restore_type", "status", "source_instance_id", "target_instance_id",
                                 "account_id", "cross_account_user_id", "cross_account_role_name", "region_id",
                                 "target_path", "parent_id")}})
        return rows

    def missing(self):
        rows = []
        for job in self.jobs:
            gone, expire = job["missing_since"], job["expire_time"] or 0
            if gone is not None and self.period[0] <= gone <= self.period[1]:
                rows.append({"missing_since_utc": utc(gone), "created_utc": utc(job["created_time"]),
                             "reason": None if expire <= 0 else "expired" if expire <= gone else "early",
                             "expire_utc": utc(job["expire_time"]), "complete_utc": utc(job["complete_time"]),
                             **{name: job[name] for name in ("restore_id", "restore_type", "status", "account_id",
                                                             "region_id", "edition", "vault_id", "parent_id")}})
        return rows

    def last_success(self):
        rows = []
        named = groups(self.top, lambda job: (job["source_instance_id"] or job["source_resource_id"] or None,
                                              job["account_id"], job["region_id"]))
        for (instance, account, region), jobs in named.items():
            if instance is None:
                continue
            done = [job for job in jobs if outcome(job) == "succeeded"]
            last = max(done, key=lambda job: (shown(job["complete_time"]) or 0, job["restore_id"]), default=None)
            created = [job["created_time"] for job in jobs if shown(job["created_time"])]
            complete = last and shown(last["complete_time"])
            rows.append({"instance_id": instance, "account_id": account, "region_id": region,
                         "last_success_utc": utc(complete),
                         "days_ago": ("days", complete) if complete else None,
                         "last_success_restore_id": last and last["restore_id"],
                         "last_success_type": last and last["restore_type"],
                         "last_success_seconds": last and took(last),
                         "last_success_bytes": last and believed(last["bytes_done"]),
                         "restores": len(jobs), "succeeded": len(done),
                         "last_attempt_utc": utc(max(created, default=None))})
        return rows

    def activity(self):
        rows = []
        first, last = max(self.period[0], 1), self.period[1]
        by_id = {job["restore_id"]: job for job in self.jobs}
        events = [(job[name], event, job["restore_id"], job["status"] if event == "ended" else None, None)
                  for job in self.jobs
                  for name, event in (("created_time", "created"), ("start_time", "started"),
                                      ("complete_time", "ended"))
                  if job[name] is not None and first <= job[name] <= last]
        events += [change for change in self.changes if first <= change[0] <= last]
        for at, event, restore_id, detail, run_id in events:
            job = by_id[restore_id]
            rows.append({"time_utc": utc(at), "event": event, "detail": detail, "run_id": run_id,
                         "target": job["target_instance_id"] or job["target_bucket"] or job["target_file_system_id"]
                         or job["target_instance_name"] or None,
                         **{name: job[name] for name in (
                             "restore_id", "restore_type", "account_id", "region_id", "edition", "vault_id",
                             "source_instance_id", "target_path", "parent_id")}})
        return rows
