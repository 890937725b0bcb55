"""Files beside people who can write there: nobody makes the program write elsewhere, read the copy, or wait for ever.

The races run a bounded number of times; an attacker is a process of another user and needs root to be started.
"""
import ctypes
import os
import shutil
import signal
import subprocess
import time
import unittest

import harness

OTHER = 65534
ROUNDS = 60 if harness.LONG else 12
NEEDS_ROOT = unittest.skipUnless(os.geteuid() == 0, "needs root, to be two users")


def swap_for_ever(target, names):
    """What has the names is a link, a pipe, a file, a folder of this user, and nothing, in turn."""
    def make_file(name):
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666))
        os.chmod(name, 0o666)

    def make_folder(name):
        os.mkdir(name)
        os.chmod(name, 0o777)

    makers = (lambda name: os.symlink(target, name), os.mkfifo, make_file, make_folder)
    while True:
        for act in (action for make in makers for action in (make, os.unlink, os.rmdir)):
            for name in names:
                try:
                    act(name)
                except OSError:
                    pass


class FilesTestCase(harness.TestCase):
    def setUp(self):
        super().setUp()
        os.chmod(self.directory, 0o755)
        self.folder = self.path("shared")
        os.mkdir(self.folder)

    def inside(self, name):
        return os.path.join(self.folder, name)

    def take(self, *arguments, database=None, status=0, **options):
        result = self.run_hbrsync("--db", database or self.database, "import", "--quiet", *arguments, "-",
                                  stdin=b'{"RestoreId":"r-precious"}', **options)
        if status is not None:
            self.assertEqual(result.status, status, result)
        return result

    def publish(self, *arguments, out=None, status=0):
        result = self.run_hbrsync("--db", self.database, "publish", "--quiet", *arguments,
                                  out or self.inside("copy.db"))
        if status is not None:
            self.assertEqual(result.status, status, result)
        return result

    def attack(self, *names, target):
        """Another user is at it, in a process that ends with this one or by end()."""
        parent = os.getpid()
        attacker = os.fork()
        if attacker == 0:
            try:
                os.setgroups([])
                os.setresgid(OTHER, OTHER, OTHER)
                os.setresuid(OTHER, OTHER, OTHER)
                ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # when the parent dies
                if os.getppid() == parent:
                    swap_for_ever(target, names)
            finally:
                os._exit(1)
        self.attacker = attacker
        self.addCleanup(self.end, attacker)

    @staticmethod
    def end(attacker):
        os.kill(attacker, signal.SIGKILL)
        os.waitpid(attacker, 0)

    def assert_private(self, folder):
        """Nothing in it that the other user owns holds a job."""
        for parent, _, names in os.walk(folder):
            for path in (os.path.join(parent, name) for name in names):
                status = os.lstat(path)
                if status.st_uid == OTHER and os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        self.assertNotIn(b"r-precious", file.read(), path)


@NEEDS_ROOT
class Races(FilesTestCase):
    def setUp(self):
        super().setUp()
        self.elsewhere = self.path("elsewhere")
        os.mkdir(self.elsewhere)

    def race(self, run, codes):
        ended = set()
        for _ in range(ROUNDS):
            result = run()
            ended.add(result.status)
            self.assertIn(result.status, codes, result)
            self.assertEqual(os.listdir(self.elsewhere), [], "root wrote where the other user wanted")
            os.kill(self.attacker, signal.SIGSTOP)
            os.waitpid(self.attacker, os.WUNTRACED)
            self.assert_private(self.folder)
            os.kill(self.attacker, signal.SIGCONT)
        return ended

    def publications(self, mode, owner, arguments, codes):
        os.chown(self.folder, owner, owner)
        os.chmod(self.folder, mode)
        self.take()
        name = self.inside("copy.db")
        self.attack(name + ".publishing", name + ".publishing-journal",
                    target=os.path.join(self.elsewhere, "made"))
        return self.race(lambda: self.publish(*arguments, "--mode=0600", status=None), codes)

    def test_publish_into_a_folder_of_another_user(self):
        self.assertEqual(self.publications(0o755, OTHER, (), {2}), {2})

    def test_publish_there_although_it_is_shared(self):
        self.publications(0o755, OTHER, ("--allow-shared-folder",), {0, 2, 6, 7})  # or taken away

    def test_publish_into_a_sticky_folder(self):
        self.publications(0o1777, 0, (), {0, 2})

    def databases(self, arguments, codes):
        database = self.inside("jobs.db")
        self.attack(*(database + suffix for suffix in ("", "-wal", "-shm", "-journal", ".lock")),
                    target=os.path.join(self.elsewhere, "made"))

        def run():
            result = self.take(*arguments, database=database, status=None)
            if result.status == 0:
                self.assertEqual(os.lstat(database).st_uid, 0)
                # Not in place: SQLite would open what the other user makes of the files beside it.
                copy = shutil.copyfile(database, self.path("copy.db"))
                self.assertEqual(list(harness.stored_jobs(copy)), ["r-precious"])
            for suffix in ("", "-wal", "-shm", "-journal", ".lock"):
                try:
                    if os.lstat(database + suffix).st_uid == 0:
                        os.unlink(database + suffix)
                except FileNotFoundError:
                    pass
            return result
        self.race(run, codes)

    def test_a_new_database_in_a_sticky_folder(self):
        os.chmod(self.folder, 0o1777)
        self.databases((), {0, 6})

    def test_a_new_database_in_a_folder_of_another_user(self):
        os.chown(self.folder, OTHER, OTHER)
        self.databases((), {6})

    def test_metrics_in_a_sticky_folder(self):
        self.start("--jobs", 5, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        os.chmod(self.folder, 0o1777)
        name = self.inside("metrics.prom")
        self.attack(name, target=os.path.join(self.elsewhere, "made"))
        self.race(lambda: self.sync("--metrics-file", name, "--region", "cn-hangzhou", status=None), {0, 2})

    def test_a_database_that_another_user_made(self):
        """He could read whatever is stored in it."""
        os.chmod(self.folder, 0o1777)
        for suffix in ("", ".lock", "-journal"):
            name = self.inside("jobs.db" + suffix)
            with open(name, "wb"):
                pass
            os.chmod(name, 0o666)
            os.chown(name, OTHER, OTHER)
            with self.subTest(suffix):
                result = self.take(database=self.inside("jobs.db"), status=6)
                self.assertRegex(result.stderr, "in the way: it belongs to another user")
                self.assert_private(self.folder)
            os.unlink(name)
        self.take(database=self.inside("jobs.db"))


class Folders(FilesTestCase):
    def outputs(self):
        """A run that writes there, and its exit code when that is refused."""
        yield lambda *more: self.take(*more, database=self.inside("jobs.db"), status=None), 6
        yield lambda *more: self.publish(*more, status=None), 2

    def each(self, wanted):
        for run, code in self.outputs():
            result = run()
            self.assertEqual(result.status, code if wanted else 0, result)
            if wanted:
                self.assertIn(wanted, result.stderr)
                self.assertIn("--allow-shared-folder", result.stderr)
                self.assertEqual(run("--allow-shared-folder").status, 0)
            for name in os.listdir(self.folder):
                os.unlink(self.inside(name))

    def test_which_pass(self):
        self.take()
        for mode, wanted in ((0o700, None), (0o755, None), (0o1777, None), (0o777, "can be written to by others"),
                             (0o702, "can be written to by others")):
            with self.subTest(oct(mode)):
                os.chmod(self.folder, mode)
                self.each(wanted)

    @NEEDS_ROOT
    def test_of_another_user_or_group(self):
        self.take()
        os.chown(self.folder, OTHER, OTHER)
        self.each("belongs to another user")
        os.chown(self.folder, 0, OTHER)
        os.chmod(self.folder, 0o770)
        self.each("can be written to by others")

    @NEEDS_ROOT
    def test_what_another_user_put_into_a_shared_folder(self):
        self.take()
        target = self.path("elsewhere.db")
        name = self.inside("jobs.db")
        os.chown(self.folder, OTHER, OTHER)
        for mode in (0o755, 0o777):
            os.chmod(self.folder, mode)
            for make, wanted in ((lambda: os.symlink(target, name), "holds a link of another user"),
                                 (lambda: os.mknod(name, 0o666), "belongs to another user")):
                with self.subTest(wanted, mode=oct(mode)):
                    with open(target, "wb"):
                        pass
                    make()
                    os.lchown(name, OTHER, OTHER)
                    result = self.take("--allow-shared-folder", database=name, status=None)
                    os.unlink(name)
                    self.assertEqual(result.status, 6, result)
                    self.assertIn(wanted, result.stderr)
                    self.assertEqual(os.path.getsize(target), 0)

    def test_what_doctor_says(self):
        os.chmod(self.folder, 0o777)
        result = self.run_hbrsync("--db", self.inside("jobs.db"), "doctor", "--region", "cn-hangzhou", "--endpoint",
                                  "http://127.0.0.1:9", "--retry-for", "0")
        self.assertIn("can be written to by others", result.stdout + result.stderr)

    def test_trace_and_metrics(self):
        self.start("--jobs", 5, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        os.chmod(self.folder, 0o777)
        for option in ("--trace", "--metrics-file"):
            arguments = (option, self.inside("out"), "--region", "cn-hangzhou")
            self.assertIn("can be written to by others", self.sync(*arguments, status=2).stderr)
            self.assertEqual(os.listdir(self.folder), [])
            self.sync(*arguments, "--allow-shared-folder")
            os.unlink(self.inside("out"))

    def test_links_of_the_user(self):
        """They are resolved once: files appear beside the target."""
        os.mkdir(self.inside("real"))
        os.symlink("shared/real", self.path("folder"))
        self.take(database=self.path("folder/jobs.db"))
        os.symlink("shared/real/jobs.db", self.path("link.db"))
        self.take(database=self.path("link.db"))
        self.assertEqual(set(os.listdir(self.inside("real"))), {"jobs.db", "jobs.db.lock"})
        self.assertEqual(sorted(os.listdir(self.directory)), ["folder", "link.db", "shared"])
        if os.geteuid() == 0:
            os.chmod(self.directory, 0o1777)
            os.lchown(self.path("link.db"), OTHER, OTHER)
            self.assertIn("link of another user", self.take(database=self.path("link.db"), status=6).stderr)

    @NEEDS_ROOT
    def test_reading_what_is_another_users(self):
        """Reports on it are made, also while it is in WAL mode; only writing is refused."""
        database = self.inside("jobs.db")
        self.take(database=database)
        os.chown(self.folder, OTHER, OTHER)
        for name in os.listdir(self.folder):
            os.chown(self.inside(name), OTHER, OTHER)
        for command in ("status", "verify", "export"):
            result = self.run_hbrsync("--db", database, command)
            self.assertEqual(result.status, 0, result)
        for name in os.listdir(self.folder):
            self.assertEqual(os.stat(self.inside(name)).st_uid, OTHER, name)
        self.assertEqual(self.take(database=database, status=None).status, 6)


class HardLinks(FilesTestCase):
    """A second name of a file of somebody else: it is not emptied."""

    def precious(self, name):
        if not os.path.exists(self.path("theirs")):
            with open(self.path("theirs"), "w", encoding="ascii") as file:
                file.write("precious")
        os.link(self.path("theirs"), name)

    def tearDown(self):
        with open(self.path("theirs"), encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")
        super().tearDown()

    def test_of_the_database(self):
        for suffix in ("", ".lock", "-journal", "-wal", "-shm"):
            with self.subTest(suffix):
                if suffix not in ("", ".lock"):
                    self.take()
                self.precious(self.database + suffix)
                result = self.take(status=6)
                if suffix != "":
                    self.assertIn("a hard link", result.stderr)
                os.unlink(self.database + suffix)

    def test_of_a_trace(self):
        self.start("--jobs", 5, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.precious(self.path("trace"))
        result = self.sync("--trace", self.path("trace"), status=2)
        self.assertIn("a hard link", result.stderr)


class Pipes(FilesTestCase):
    """Nothing waits for ever at a pipe that somebody put there, and a wait ends at the first signal."""

    def begin(self, *arguments, env=None, **options):
        process = subprocess.Popen([harness.HBRSYNC, *map(str, arguments)], env=env or self.environment(),
                                   cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, **options)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stderr.close)
        return process

    def assert_ends_at_a_signal(self, process, pipe):
        """When it has the pipe open, on which somebody is who stays silent."""
        deadline = time.monotonic() + 60
        writer = None
        while writer is None and process.poll() is None and time.monotonic() < deadline:
            try:
                writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # nobody reads it
                time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        try:
            self.assertEqual(process.wait(timeout=60), 143, process.stderr.read())
        finally:
            if writer is not None:
                os.close(writer)

    def test_beside_the_database(self):
        self.take()
        for suffix in (".lock", "-journal", "-wal", "-shm"):
            if os.path.exists(self.database + suffix):
                os.unlink(self.database + suffix)
            os.mkfifo(self.database + suffix)
            with self.subTest(suffix):
                self.assertIn("is no regular file", self.take(status=6).stderr)
                result = self.run_hbrsync("--db", self.database, "status")
                self.assertIn(result.status, (0, 6), result)
            os.unlink(self.database + suffix)

    def test_a_trace_that_nobody_reads(self):
        self.start("--jobs", 5, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        os.mkfifo(self.path("trace"))
        result = self.sync("--trace", self.path("trace"), status=2)
        self.assertIn("cannot open the trace file", result.stderr)

    def test_credentials(self):
        """They are read after a wait that is limited; a writer that stays silent is waited for no longer."""
        os.mkdir(self.path(".aliyun"))
        os.mkfifo(self.path(".aliyun/config.json"))
        os.mkfifo(self.path("pipe"))
        keys = {"ALIBABA_CLOUD_ACCESS_KEY_ID": None, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": None}
        cases = (
            (self.path(".aliyun/config.json"), keys),
            (self.path("pipe"), {**keys, "ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true",
                                 "ALIBABA_CLOUD_CREDENTIALS_FILE": self.path("pipe")}),
            (self.path("pipe"), {**keys, "ALIBABA_CLOUD_ROLE_ARN": "acs:ram::1:role/r",
                                 "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "acs:ram::1:oidc-provider/p",
                                 "ALIBABA_CLOUD_OIDC_TOKEN_FILE": self.path("pipe")}))
        arguments = ("--db", self.database, "sync", "--region", "cn-hangzhou", "--endpoint", "http://127.0.0.1:9",
                     "--retry-for", "0")
        waiting = [(self.begin(*arguments, env=self.environment(**case)), pipe) for pipe, case in cases]
        limited = self.run_hbrsync(*arguments, env=self.environment(**cases[0][1]))
        self.assertEqual(limited.status, 4, limited)
        self.assertIn("config.json", limited.stderr)
        for process, _ in waiting:
            self.assertEqual(process.wait(timeout=60), 4)
        for pipe, case in cases:
            self.assert_ends_at_a_signal(self.begin(*arguments, env=self.environment(**case)), pipe)

    def test_import(self):
        """From a pipe it waits for the writer, as with `<(zcat x)`, and ends at the first signal."""
        os.mkfifo(self.path("jobs"))
        process = self.begin("--db", self.database, "import", self.path("jobs"))
        with open(self.path("jobs"), "w", encoding="ascii") as file:
            file.write('{"RestoreId":"r-1"}\n')
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertEqual(list(harness.stored_jobs(self.database)), ["r-1"])
        self.assert_ends_at_a_signal(self.begin("--db", self.database, "import", self.path("jobs")), self.path("jobs"))
        shell = 'exec "$1" --db "$2" import <(echo "{\\"RestoreId\\":\\"r-2\\"}")'
        result = subprocess.run(["bash", "-c", shell, "bash", harness.HBRSYNC, self.database],
                                env=self.environment(), stderr=subprocess.PIPE, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(sorted(harness.stored_jobs(self.database)), ["r-1", "r-2"])


if __name__ == "__main__":
    unittest.main()
