"""Proxies on loopback: over TLS, with every authentication, and in trouble; every host leads to the simulator."""
import os
import shutil
import socket
import ssl
import subprocess
import time
import unittest
import warnings

import harness
import proxies

REGION = "cn-hangzhou"


class ProxyCase(harness.TestCase):
    def world(self):
        simulator = self.start("--regions", REGION, "--jobs", 30, tls=True)
        self.server_file = os.path.join(simulator.directory, "server.pem")
        return simulator

    def proxy(self, *arguments, **options):
        proxy = proxies.Proxy(*arguments, **options)
        self.addCleanup(proxy.stop)
        return proxy

    def through(self, url, *arguments, status=0, ca=True, command="sync", **environment):
        """A run that asks the official hosts, by way of the proxy."""
        arguments = ["--db", self.database, command, "--region", REGION, "--retry-for", "0s", "--timeout", "20s",
                     *arguments]
        if ca:
            arguments += ["--ca-file", self.simulator.ca_file]
        result = self.run_hbrsync(*arguments, env=self.environment(https_proxy=url, **environment))
        self.assertEqual(result.status, status, result)
        for text in (result.stdout, result.stderr):
            self.assertNotIn("p%23ss", text)
            self.assertNotIn("p#ss", text)
        return result


class Tls(ProxyCase):
    def test_a_certificate_of_the_ca_file(self):
        """The proxy's is of the same authority as the service's; both are asked for, by every request."""
        simulator = self.world()
        proxy = self.proxy(simulator.https_port, self.server_file)
        self.through(f"https://127.0.0.1:{proxy.port}")
        self.assert_equals_truth()
        self.assertEqual({place for place, _ in proxy.asked},
                         {f"{host}.{REGION}.aliyuncs.com:443" for host in ("sts", "hbr")})
        result = self.through(f"https://127.0.0.1:{proxy.port}", command="doctor")
        self.assertIn("certificate verified", result.stdout)

    def test_the_authorities_of_a_variable(self):
        simulator = self.world()
        proxy = self.proxy(simulator.https_port, self.server_file)
        for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE"):
            self.through(f"https://127.0.0.1:{proxy.port}", ca=False, **{name: simulator.ca_file})

    def test_whose_certificate_is_refused(self):
        simulator = self.world()
        other = harness.Simulator("--regions", REGION, tls=True)
        self.addCleanup(other.stop)
        stranger = self.proxy(simulator.https_port, os.path.join(other.directory, "server.pem"))
        result = self.through(f"https://127.0.0.1:{stranger.port}", status=5)
        self.assertIn("the proxy's certificate: SSL certificate problem", result.stderr)
        self.assertRegex(result.stderr, f"hint: {simulator.ca_file} has to hold")
        self.assertEqual(stranger.asked, [])
        self.assertIn("the proxy's certificate", self.through(
            f"https://127.0.0.1:{stranger.port}", command="doctor", status=5).stdout)

        elsewhere = self.proxy(other.https_port, self.server_file)
        result = self.through(f"https://127.0.0.1:{elsewhere.port}", status=5)
        self.assertRegex(result.stderr, "(TLS with the service|the service's certificate): .*\n.* has to hold")

        plain = self.proxy(simulator.https_port)
        result = self.through(f"http://127.0.0.1:{plain.port}", ca=False, status=5)
        self.assertIn("the service's certificate: SSL certificate problem", result.stderr)
        self.assertIn("--ca-file", result.stderr)
        named = self.proxy(simulator.https_port, self.server_file)
        result = self.through(f"https://nobody.localhost:{named.port}", status=5)
        self.assertIn("the proxy's certificate: SSL: no alternative certificate", result.stderr)

    def test_a_hint_asks_for_no_file_that_is_given(self):
        simulator = self.world()
        stranger = self.proxy(None, self.server_file)
        file = self.path("no-certificate.pem")
        for text in ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "nothing\n"):
            with open(file, "w", encoding="utf-8") as target:
                target.write(text)
            result = self.through(f"https://127.0.0.1:{stranger.port}", "--ca-file", file, ca=False, status=5)
            self.assertIn(f"hint: {file} has to hold", result.stderr)
            self.assertNotIn("--ca-file", result.stderr)
        self.assertEqual(simulator.requests(), [])

    def test_an_old_version_of_tls(self):
        """Also where the machine's OpenSSL would speak it."""
        warnings.simplefilter("ignore", DeprecationWarning)
        simulator = self.world()
        settings = self.path("openssl.cnf")
        with open(settings, "w", encoding="utf-8") as file:
            file.write("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n"
                       "[c]\nMinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n")
        for greatest, status in ((ssl.TLSVersion.TLSv1_2, 0), (ssl.TLSVersion.TLSv1_1, 5)):
            proxy = self.proxy(simulator.https_port, self.server_file, greatest_tls=greatest)
            result = self.through(f"https://127.0.0.1:{proxy.port}", status=status, OPENSSL_CONF=settings)
            self.assertEqual("TLS with the proxy" in result.stderr, status != 0, result)

    def test_a_proxy_without_tls_that_is_named_with_it(self):
        """As it is easily mistyped: the variable is for https, the proxy itself is not."""
        self.world()
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
        proxies.answer_all(listener, answer)
        result = self.through(f"https://127.0.0.1:{listener.getsockname()[1]}", status=5)
        self.assertIn("TLS with the proxy: ", result.stderr)
        self.assertIn("http://HOST:PORT in https_proxy", result.stderr)


class Authentication(ProxyCase):
    def test_every_kind(self):
        """Also for requests that are made alone (doctor), and where what is offered first takes no password."""
        simulator = self.world()
        for methods in (["Basic"], ["Digest"], ["Digest", "Basic"], ["Negotiate", "Basic"], ["Strange", "Digest"]):
            proxy = self.proxy(simulator.https_port, methods=methods)
            for command in ("sync", "doctor"):
                with self.subTest(methods=methods, command=command):
                    proxy.asked.clear()
                    self.through(f"http://user:p%23ss@127.0.0.1:{proxy.port}", command=command)
                    self.assertIn("Digest" if "Digest" in methods else "Basic",
                                  {(credentials or "-").split()[0] for _, credentials in proxy.asked})
        self.assert_equals_truth()

    def test_a_password_inside_tls(self):
        simulator = self.world()
        proxy = self.proxy(simulator.https_port, self.server_file, methods=["Digest"])
        self.through(f"https://user:p%23ss@127.0.0.1:{proxy.port}")
        self.assert_equals_truth()

    def test_no_hint_asks_for_what_is_there(self):
        simulator = self.world()
        proxy = self.proxy(simulator.https_port, methods=["Basic"])
        result = self.through(f"http://127.0.0.1:{proxy.port}", status=5)
        self.assertIn("put them into https_proxy", result.stderr)
        proxy.asked.clear()
        result = self.through(None, status=5, HTTPS_PROXY=f"http://user:wrong@127.0.0.1:{proxy.port}")
        self.assertIn("Correct the name and password in HTTPS_PROXY", result.stderr)
        self.assertEqual(len([1 for _, credentials in proxy.asked if credentials]), 1, "a wrong one is given once")


class Trouble(ProxyCase):
    def test_a_region_that_the_proxy_does_not_find(self):
        self.world()
        proxy = self.proxy(None)
        result = self.through(f"http://127.0.0.1:{proxy.port}", "--region", "cn-hangzou", "--account-id", "1", status=5)
        self.assertIn("in cn-hangzou at https://hbr.cn-hangzou.aliyuncs.com: CONNECT tunnel failed, response 502 "
                      "(did you mean 'cn-hangzhou'?)", result.stderr)
        self.assertEqual(result.stderr.count("did you mean"), 1, "told once, for both editions")

    def test_nothing_listens(self):
        self.world()
        result = self.through("http://127.0.0.1:1", status=5)
        self.assertIn("Check the proxy that https_proxy names", result.stderr)
        result = self.through("http://127.0.0.1:1", status=5, no_proxy="*")
        self.assertRegex(result.stderr, "Could not resolve host.*\n.*no_proxy")
        self.assertNotIn("did you mean", result.stderr)


@unittest.skipUnless(shutil.which("tinyproxy"), "tinyproxy is not installed")
class Tinyproxy(ProxyCase):
    """A proxy as it is used, with a password; it knows no host of the service, so that of the tests is behind it."""

    def begin(self, upstream):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        settings = self.path("tinyproxy.conf")
        with open(settings, "w", encoding="utf-8") as file:
            file.write(f"Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nLogLevel Critical\n"
                       f"BasicAuth user password-1\nUpstream http 127.0.0.1:{upstream}\n")
        process = subprocess.Popen(["tinyproxy", "-d", "-c", settings], stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return port
            except OSError:
                self.assertIsNone(process.poll())
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.02)

    def test_a_sync(self):
        simulator = self.world()
        behind = self.proxy(simulator.https_port)
        port = self.begin(behind.port)
        self.through(f"http://127.0.0.1:{port}", status=5)
        result = self.through(f"http://user:wrong@127.0.0.1:{port}", status=5)
        self.assertIn("Correct the name and password in https_proxy", result.stderr)
        self.assertEqual(behind.asked, [])
        self.through(f"http://user:password-1@127.0.0.1:{port}")
        self.assert_equals_truth()
        self.through(f"http://user:password-1@127.0.0.1:{port}", command="doctor")


if __name__ == "__main__":
    unittest.main()
