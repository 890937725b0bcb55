"""hbrsync on a pseudo-terminal of so many columns: what was drawn, and what its screen shows."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata

import harness

DEADLINE = 40  # seconds; only a failure takes so long


def width(text):
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


class Terminal:
    """Standard error is the terminal, standard output a file of the test's."""

    def __init__(self, test, columns, *arguments, **environment):
        self.test = test
        self.master, end = pty.openpty()
        self.text = ""
        self.resize(columns)
        self.stdout = open(test.path("stdout"), "wb+")
        self.process = subprocess.Popen(
            [harness.HBRSYNC, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=self.stdout, stderr=end,
            env=test.environment(**{"TERM": "xterm", **environment}), cwd=test.directory)
        os.close(end)
        test.addCleanup(self.close)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.stdout.close()
        os.close(self.master)

    def resize(self, columns):
        self.columns = columns
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def read(self):
        """Whether there is, or may be, more."""
        if not select.select([self.master], [], [], 0.1)[0]:
            return True
        try:
            piece = os.read(self.master, 65536)
        except OSError:  # the other end is closed
            return False
        self.text += piece.decode("utf-8", "replace")
        return bool(piece)

    def wait_for(self, pattern, start=0):
        deadline = time.monotonic() + DEADLINE
        while not (found := re.search(pattern, self.text[start:])):
            if not self.read() or time.monotonic() > deadline:
                self.test.fail(f"no {pattern!r} in {self.text[start:]!r}")
        return found

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.end()

    def end(self):
        """What the run gave, its messages without what was drawn over."""
        deadline = time.monotonic() + DEADLINE
        while self.read():
            if time.monotonic() > deadline:
                self.test.fail(f"hangs: {self.text!r}")
        self.process.wait(DEADLINE)
        self.stdout.seek(0)
        messages = "".join(line.split("\r\x1b[K")[-1] + "\n" for line in self.text.split("\r\n"))
        return harness.Result(self.process, self.stdout.read(), messages.encode())

    def drawn(self):
        """The lines that were rewritten later, as they stood."""
        return [line for part in self.text.split("\r\n") for line in part.split("\r\x1b[K")[:-1] if line]

    def assert_fits(self):
        """No drawn line reaches the last column, where some terminals wrap."""
        for line in self.drawn():
            self.test.assertLess(width(line), self.columns, line)
            self.test.assertNotIn("\x1b", line)
