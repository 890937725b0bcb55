"""Completions, as installed, in the real shells: what a key press offers is what the program's help and lists say."""
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import harness

BUILD = os.path.dirname(os.path.abspath(os.environ.get("HBRSYNC_PLAIN", harness.HBRSYNC)))
END = "END-OF-ANSWER"
PREFIX = None

# Completes the line, then replaces it by a command that prints its words, a line each.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"],
             "unset HISTFILE; . {prefix}/share/bash-completion/completions/hbrsync; PS1=; PS2=; bind 'set bell-style none';"
             " bind 'set enable-bracketed-paste off'; bind '\"\\C-xa\": insert-completions'\n"),
    "zsh": (["zsh", "-f", "-i"],
            "unset HISTFILE; fpath=({prefix}/share/zsh/site-functions $fpath); autoload -U compinit; compinit -D -u;"
            " PS1=; PS2=; unsetopt PROMPT_SP; zle -C all complete-word _generic; bindkey '^Xa' all; bindkey '^A' beginning-of-line;"
            " zstyle ':completion:all:*' completer _all_matches _complete; zstyle ':completion:all:*' insert true\n"),
}


def setUpModule():
    global PREFIX
    folder = tempfile.TemporaryDirectory(prefix="hbrsync-installed-")
    unittest.addModuleCleanup(folder.cleanup)
    PREFIX = folder.name
    subprocess.run(["cmake", "--install", BUILD, "--prefix", PREFIX], check=True, stdout=subprocess.DEVNULL)


class Shell:
    """An interactive shell on a terminal."""

    def __init__(self, name, environment):
        command, begin = SHELLS[name]
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.execvpe(command[0], command, {**environment, "TERM": "dumb", "COLUMNS": "20000", "LINES": "50"})
        self.write("stty -echo cols 20000\n" + begin.format(prefix=PREFIX))
        self.answer("true ")

    def write(self, text):
        data = text.encode()
        while data:
            data = data[os.write(self.terminal, data):]

    def answer(self, line, key=""):
        """What the line becomes with the key, word by word."""
        self.write(line + key + "\x01printf '<%s>\\n' \x05; echo " + END[:3] + "''" + END[3:] + "\n")
        text, deadline = "", time.monotonic() + 60
        while END + "\r\n" not in text:
            if not select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"no answer to {line!r}: {text!r}")
            text += os.read(self.terminal, 65536).decode()
        return re.findall(r"^<(.*)>\r$", text, re.M)

    def offered(self, line):
        words = self.answer(line, "\x18a")
        return words[len(line.split(" ")) - 1:]

    def close(self):
        os.close(self.terminal)
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)


class Fish:
    """fish answers itself."""

    def __init__(self, _, environment):
        self.environment = environment

    def offered(self, line):
        file = os.path.join(PREFIX, "share", "fish", "vendor_completions.d", "hbrsync.fish")
        result = subprocess.run(["fish", "--no-config", "-c", f"source {file}; complete -C $argv[1]", line], text=True,
                                env=self.environment, stdout=subprocess.PIPE, timeout=60, check=True)
        return [row.split("\t")[0] for row in result.stdout.splitlines()]

    def close(self):
        pass


class Completions:
    """The same for every shell."""

    shell_name = None
    shell_class = Shell

    def setUp(self):
        super().setUp()
        if not shutil.which(self.shell_name):
            self.skipTest(f"{self.shell_name} is not installed")
        self.environment_of_shell = {
            "PATH": os.path.join(PREFIX, "bin") + ":/usr/bin:/bin", "HOME": self.directory, "LC_ALL": "C.UTF-8",
            **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}}
        os.makedirs(self.path(".aliyun"))
        with open(self.path(".aliyun/config.json"), "w", encoding="utf-8") as file:
            json.dump({"current": "p", "profiles": [{"name": "audit", "mode": "AK"}, {"mode": "AK", "name": "prod-eu"}]}, file)
        for name in ("saved.json", "sandwich.json", "other.db"):
            open(self.path(name), "w", encoding="utf-8").close()
        os.chdir(self.directory)
        self.addCleanup(os.chdir, harness.__file__.rsplit("/", 1)[0])
        self.shell = self.shell_class(self.shell_name, self.environment_of_shell)
        self.addCleanup(self.shell.close)

    def help(self, *command):
        return self.run_hbrsync(*command, "--help").stdout

    def commands(self):
        block = re.search(r"^Commands:\n(.*?)\n\n", self.help(), re.M | re.S)[1]
        return re.findall(r"^  ([a-z-]+) ", block, re.M)

    def options(self, *command):
        return re.findall(r"^  +(?:-\w, )?(--[a-z-]+)", self.help(*command), re.M)

    def assert_offered(self, line, wanted):
        self.assertEqual(sorted(self.shell.offered(line)), sorted(wanted), line)

    def test_every_option_of_every_command(self):
        self.assert_offered("hbrsync ", self.commands())
        self.assertGreater(len(self.commands()), 7)
        self.assert_offered("hbrsync --", self.options())
        for command in self.commands():
            if self.help(command).startswith(f"usage: hbrsync {command}"):  # help and version have none
                self.assertGreater(len(self.options(command)), 1, command)
                self.assert_offered(f"hbrsync {command} --", self.options(command))

    def test_the_beginning_of_a_word(self):
        self.assert_offered("hbrsync --db x.db ver", [name for name in self.commands() if name.startswith("ver")])
        self.assert_offered("hbrsync sync --quiet --region cn-hangzhou --full-e", ["--full-every"])

    def test_values(self):
        for options in ("sync ", "sync --qps 3 ", "--db x sync "):
            self.assert_offered(f"hbrsync {options}--edition ", ["BASIC", "STANDARD"])
        self.assert_offered("hbrsync sync --region cn-hang", ["cn-hangzhou", "cn-hangzhou-finance"])
        self.assert_offered("hbrsync sync --profile ", ["audit", "prod-eu"])
        self.assert_offered("hbrsync report --format ", ["csv", "html", "json", "table"])
        self.assert_offered("hbrsync export --format ", ["csv", "json", "ndjson"])
        self.assert_offered("hbrsync sync --restore-type UDM_ECS_D", ["UDM_ECS_DISK", "UDM_ECS_DISK_ROLLBACK"])
        statuses = self.shell.offered("hbrsync export --where-status ")
        self.assertLessEqual({*harness.FINAL_STATUSES, "RUNNING"}, set(statuses))

    def test_values_in_one_word(self):
        self.assert_offered("hbrsync sync --edition=B", self.one_word("--edition=", "BASIC"))
        self.assert_offered("hbrsync sync --region=us-e", self.one_word("--region=", "us-east-1"))
        self.assert_offered("hbrsync sync --region cn-hangzhou,us-e", ["cn-hangzhou,us-east-1"])
        self.assert_offered("hbrsync sync --endpoint https://x:1/ --edition B", ["BASIC"])

    @staticmethod
    def one_word(option, *values):
        return [option + value for value in values]

    def test_operands(self):
        lines = self.run_hbrsync("report").stdout.splitlines()
        names = [line.split()[0] for line in lines[2:]]
        self.assertIn("summary", names)
        self.assert_offered("hbrsync report ", names)
        self.assert_offered("hbrsync report --since 90d su", [name for name in names if name.startswith("su")])
        self.assert_offered("hbrsync help st", [name for name in self.commands() if name.startswith("st")])
        for line, (words,) in ((self.help(name).split("\n")[0], re.findall(r" ([a-z]+(?:\|[a-z]+)+)", usage))
                               for name in self.commands() for usage in [self.help(name).split("\n")[0]]
                               if "|" in usage):
            self.assert_offered(f"hbrsync {line.split()[2]} ", words.split("|"))

    def test_files(self):
        self.assert_offered("hbrsync import sa", ["saved.json", "sandwich.json"])
        self.assert_offered("hbrsync --db oth", ["other.db"])
        self.assert_offered("hbrsync status --db=oth", self.one_word("--db=", "other.db"))


class Bash(Completions, harness.TestCase):
    shell_name = "bash"


class Zsh(Completions, harness.TestCase):
    shell_name = "zsh"


class FishShell(Completions, harness.TestCase):
    shell_name = "fish"
    shell_class = Fish


class Words(harness.TestCase):
    """What no help lists. CONTAINER is a type that the simulator knows and the program does not."""

    def test_they_are_the_programs_own(self):
        def complete(*words):
            result = subprocess.run([os.path.join(PREFIX, "libexec", "hbrsync", "complete"),
                                     os.path.join(PREFIX, "bin", "hbrsync"), *words, ""], text=True,
                                    stdout=subprocess.PIPE, timeout=60, check=True)
            return result.stdout.split()
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
        with open(os.path.join(root, "tests", "simulator", "job.c"), encoding="utf-8") as file:
            types = set(re.findall(r'^    \{"([A-Z_]+)", "[A-Z_]+", \d+, \w+\}', file.read(), re.M))
        self.assertGreater(len(types), 5)
        self.assertEqual(types - {"CONTAINER"}, set(complete("sync", "--restore-type")))
        regions = complete("sync", "--region")
        self.assertEqual(regions, sorted(set(regions)))
        self.assertGreater(len(regions), 30)


if __name__ == "__main__":
    unittest.main()
