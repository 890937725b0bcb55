"""Where credentials come from, end to end: every place, the order of the places, refusals, expiry in the middle of a walk, and that no secret shows."""
import itertools
import json
import os
import re
import signal
import subprocess
import time
import unittest

import harness

ROLE = f"acs:ram::{harness.ACCOUNT}:role/reader"
OTHER_ACCOUNT = "2000000000000002"
OTHER_ROLE = f"acs:ram::{OTHER_ACCOUNT}:role/reader"
PROVIDER = f"acs:ram::{harness.ACCOUNT}:oidc-provider/cluster"
CANARY = "canary-"
KEY = {"access_key_id": harness.KEY_ID, "access_key_secret": harness.KEY_SECRET}


class Case(harness.TestCase):
    """A small world, and an environment without credentials."""

    def setUp(self):
        super().setUp()
        self.start("--jobs", 20, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.base = f"http://127.0.0.1:{self.simulator.port}"

    def bare(self, **more):
        return self.environment(**{"ALIBABA_CLOUD_ACCESS_KEY_ID": None, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": None, **more})

    def ecs(self, **more):
        return self.bare(**{"ALIBABA_CLOUD_ECS_METADATA_DISABLED": None, "HBRSYNC_TEST_IMDS": self.base, **more})

    def write(self, name, text, mode=0o600):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def config(self, *profiles, **more):
        """Writes ~/.aliyun/config.json; the first profile is the current one."""
        return self.write(".aliyun/config.json",
                          json.dumps({"current": profiles[0]["name"], "profiles": profiles}), **more)

    def script(self, name, text):
        path = self.write(name, "#!/bin/sh\n" + text + "\n", mode=0o700)
        return path

    def oidc(self, **more):
        token = self.write("oidc/token", "canary-oidc-token\n")
        return {"ALIBABA_CLOUD_ROLE_ARN": ROLE, "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": PROVIDER,
                "ALIBABA_CLOUD_OIDC_TOKEN_FILE": token, **more}

    def go(self, *arguments, env, status=0, says=(), hint=None):
        """A sync with a trace; whatever it says, there is no secret in it."""
        self.simulator.clear_log()
        trace = self.path("trace")
        result = self.sync("--verbose", "--trace", trace, *arguments, status=None, env=env)
        text = result.stdout + result.stderr
        if os.path.exists(trace):
            with open(trace, encoding="utf-8", errors="replace") as file:
                text += file.read()
        self.assertNotIn(CANARY, text, "a secret shows")
        self.assertNotIn(harness.KEY_SECRET, text)
        self.assertEqual(result.status, status, result)
        for part in (says,) if isinstance(says, str) else says:
            self.assertIn(part, result.stderr)
        if status != 0 and hint is not None:
            self.assertRegex(result.stderr, f"hint: .*{hint}")
        if status == 0:
            self.assert_equals_truth()
            self.assertNotIn(CANARY.encode(), self.database_bytes())
        return result

    def database_bytes(self):
        with open(self.database, "rb") as file:
            return file.read()

    def signers(self):
        """Which keys have signed the listing."""
        return {entry["access_key_id"] for entry in self.simulator.requests()}


class Places(Case):
    def test_oidc_role(self):
        self.go(env=self.bare(**self.oidc()), says=f"credentials: OIDC role {ROLE}")
        (entry,) = self.simulator.requests("AssumeRoleWithOIDC")
        self.assertEqual(set(entry["parameters"]), {"Action", "Version", "Format", "Timestamp"})
        self.assertEqual((entry["method"], entry["access_key_id"]), ("POST", ""), "unsigned")
        self.assertTrue(all(key.startswith("STS.") for key in self.signers()))

    def test_oidc_refusals(self):
        env = self.bare(**self.oidc())
        self.write("oidc/token", "canary-stolen-token")
        self.go(env=env, status=4, says=("AssumeRoleWithOIDC", "AuthenticationFail.OIDCToken.Invalid: This token is "
                                         "invalid: ***"))
        self.write("oidc/token", "\n")
        self.go(env=env, status=4, says="is empty")
        os.unlink(self.path("oidc/token"))
        self.go(env=env, status=4, says="oidc/token")
        self.write("oidc/token", "canary-oidc-token")
        self.simulator.set(sts="refused")
        self.go(env=env, status=4, says="NoPermission")
        self.simulator.set(sts="garbled")
        self.go("--retry-for", "0s", env=env, status=5, says="cannot be read")
        self.simulator.set(sts="keyless")
        self.go(env=env, status=4, says="has no Credentials")
        self.simulator.set(sts="unavailable")
        self.go("--retry-for", "0s", env=env, status=5, says="ServiceUnavailable")

    def test_profile_with_a_role(self):
        self.config({"name": "r", "mode": "RamRoleArn", **KEY, "ram_role_arn": ROLE, "ram_session_name": "me",
                     "expired_seconds": 900, "policy": "{}", "external_id": "shared"})
        self.go(env=self.bare(), says=f'config.json, role {ROLE}')
        (entry,) = self.simulator.requests("AssumeRole")
        self.assertEqual(entry["parameters"], {"RoleArn": ROLE, "RoleSessionName": "me", "DurationSeconds": "900",
                                               "Policy": "{}", "ExternalId": "shared"})
        self.assertEqual(entry["access_key_id"], harness.KEY_ID)
        self.assertTrue(all(key.startswith("STS.") for key in self.signers()))

    def test_role_refusals(self):
        role = {"name": "r", "mode": "ramrolearn", **KEY, "ram_role_arn": ROLE}
        self.config(role)
        self.simulator.set(sts="refused")
        self.go(env=self.bare(), status=4, says=('profile "r" of', "AssumeRole", "NoPermission"))
        self.simulator.set(sts="keyless")
        self.go(env=self.bare(), status=4, says="has no Credentials")
        self.simulator.set(sts="right")
        self.config({**role, "ram_role_arn": "acs:ram::x:role/y"})
        self.go(env=self.bare(), status=4, says="EntityNotExist.Role")
        self.config({**role, "access_key_secret": "canary-wrong"})
        self.go(env=self.bare(), status=4, says="SignatureDoesNotMatch")
        self.config({"name": "r", "mode": "RamRoleArn", **KEY})
        self.go(env=self.bare(), status=4, says="has no ram_role_arn")

    def test_chain_of_profiles(self):
        self.config({"name": "last", "mode": "ChainableRamRoleArn", "source_profile": "middle", "ram_role_arn": ROLE},
                    {"name": "middle", "mode": "ChainableRamRoleArn", "source_profile": "first",
                     "ram_role_arn": OTHER_ROLE},
                    {"name": "first", "mode": "AK", **KEY})
        self.go(env=self.bare(), says=f"role {ROLE}")
        middle, last = self.simulator.requests("AssumeRole")
        self.assertEqual((middle["parameters"]["RoleArn"], middle["access_key_id"]), (OTHER_ROLE, harness.KEY_ID))
        self.assertEqual(last["parameters"]["RoleArn"], ROLE)
        self.assertTrue(last["token_present"])

    def test_chain_that_leads_nowhere(self):
        def link(name, source):
            return {"name": name, "mode": "ChainableRamRoleArn", "source_profile": source, "ram_role_arn": ROLE}
        self.config(link("a", "b"), link("b", "c"), link("c", "a"))
        self.go(env=self.bare(), status=4, says="leads back to it")
        self.config(link("a", "a"))
        self.go(env=self.bare(), status=4, says="leads back to it")
        self.config(link("a", "gone"))
        self.go(env=self.bare(), status=4, says='profile "gone" of')
        self.config(*[link(f"p{n}", f"p{n + 1}") for n in range(12)], {"name": "p12", "mode": "AK", **KEY})
        self.go(env=self.bare(), status=4, says="too many source profiles")
        self.assertEqual(self.simulator.requests("AssumeRole"), [])

    def test_profile_with_oidc(self):
        self.write("oidc/token", "canary-oidc-token")
        profile = {"name": "o", "mode": "OIDC", "ram_role_arn": ROLE, "oidc_provider_arn": PROVIDER,
                   "oidc_token_file": self.path("oidc/token")}
        self.config(profile)
        self.go(env=self.bare(), says=f"role {ROLE}")
        self.config({**profile, "oidc_token_file": ""})
        self.go(env=self.bare(), status=4, says="has no oidc_token_file")

    def test_profile_of_the_instance(self):
        self.config({"name": "e", "mode": "EcsRamRole"})
        self.go(env=self.ecs(), says='credentials: profile "e" of')
        self.config({"name": "e", "mode": "EcsRamRole", "ram_role_name": "other"})
        self.go(env=self.ecs(), status=4, says='the RAM role "other" is not attached')

    def test_profile_with_a_uri(self):
        self.config({"name": "u", "mode": "CredentialsURI", "credentials_uri": self.base + "/credentials-uri"})
        self.go(env=self.bare(), says='credentials: profile "u" of')
        self.go(env=self.bare(ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS="1"), status=4, says="is switched off by")
        self.assertEqual(self.simulator.requests("CredentialsURI"), [])

    def test_unusable_modes_name_the_way_out(self):
        for mode in ("CloudSSO", "OAuth", "RsaKeyPair", "BearerToken", "RamRoleArnWithRoleName", "Anonymous", "New"):
            self.config({"name": "m", "mode": mode, **KEY})
            self.go(env=self.bare(), status=4, says=f'has the mode "{mode}", which cannot be used here',
                    hint="mode External")

    def test_credentials_file(self):
        section = f"[default]\nenable = true\ntype = access_key\naccess_key_id = {harness.KEY_ID}\n"
        section += f"access_key_secret = {harness.KEY_SECRET}\n"
        self.write(".alibabacloud/credentials", section)
        self.go(env=self.bare(), says='credentials: section "default" of')
        other = self.write("elsewhere", section.replace("default", "work"))
        self.go(env=self.bare(ALIBABA_CLOUD_CREDENTIALS_FILE=other, ALIBABA_CLOUD_PROFILE="work"),
                says='credentials: section "work" of')
        self.go(env=self.bare(ALIBABA_CLOUD_PROFILE="none"), status=4, says='section "none" of')
        self.write(".alibabacloud/credentials", section.replace("enable = true", "enable = false"))
        self.go(env=self.bare(), status=4, says="is not enabled")
        self.write(".alibabacloud/credentials", section + "canary-line\n")
        self.go(env=self.bare(), status=4, says="line 6 is neither")

    def test_credentials_file_with_roles(self):
        key = f"access_key_id = {harness.KEY_ID}\naccess_key_secret = {harness.KEY_SECRET}\n"
        self.write("oidc/token", "canary-oidc-token")
        self.write(".alibabacloud/credentials",
                   f"[default]\ntype = ram_role_arn\nrole_arn = {ROLE}\nrole_session_name = me\n{key}"
                   f"[oidc]\ntype = oidc_role_arn\nrole_arn = {ROLE}\noidc_provider_arn = {PROVIDER}\n"
                   f"oidc_token_file_path = {self.path('oidc/token')}\n"
                   f"[ecs]\ntype = ecs_ram_role\n"
                   f"[rsa]\ntype = rsa_key_pair\npublic_key_id = x\nprivate_key_file = /x\n")
        self.go(env=self.bare(), says=f"role {ROLE}")
        self.assertEqual(len(self.simulator.requests("AssumeRole")), 1)
        self.go(env=self.bare(ALIBABA_CLOUD_PROFILE="oidc"), says=f"role {ROLE}")
        self.go(env=self.ecs(ALIBABA_CLOUD_PROFILE="ecs"), says='credentials: section "ecs" of')
        self.go(env=self.bare(ALIBABA_CLOUD_PROFILE="rsa"), status=4, says='type "rsa_key_pair", which cannot be used',
                hint="External")

    def test_instance(self):
        self.go(env=self.ecs(), says="credentials: ECS RAM role simulator-role")
        asked = [(entry["method"], entry["path"].rsplit("/", 1)[1], entry["token_present"], entry["status"])
                 for entry in self.simulator.requests("IMDS")]
        self.assertEqual(asked, [("PUT", "token", False, 200), ("GET", "", True, 200),
                                 ("GET", "simulator-role", True, 200)])

    def test_instance_of_version_1(self):
        self.simulator.set(imds="v1_only")
        self.go(env=self.ecs(), says="credentials: ECS RAM role simulator-role")
        self.assertFalse(any(entry["token_present"] for entry in self.simulator.requests("IMDS")))
        self.go(env=self.ecs(ALIBABA_CLOUD_IMDSV1_DISABLED="true"), status=4, says="ALIBABA_CLOUD_IMDSV1_DISABLED")
        self.assertEqual([entry["method"] for entry in self.simulator.requests("IMDS")], ["PUT"])

    def test_instance_of_version_2_alone(self):
        self.simulator.set(imds="v2_only")
        self.go(env=self.ecs(ALIBABA_CLOUD_ECS_METADATA="simulator-role", ALIBABA_CLOUD_IMDSV1_DISABLED="true"),
                says="credentials: ECS RAM role simulator-role")
        self.assertEqual(len(self.simulator.requests("IMDS")), 2, "the role was named")

    def test_instance_refusals(self):
        for mode, says in (("no_role", "names no RAM role (HTTP 404)"), ("off", "HTTP 404"), ("failing", "HTTP 500"),
                           ("garbled", "the metadata service's answer")):
            self.simulator.set(imds=mode)
            self.go(env=self.ecs(), status=4, says=says)
        self.go(env=self.ecs(ALIBABA_CLOUD_ECS_METADATA="../../x"), status=4, says="is no name of a role")
        self.go(env=self.ecs(ALIBABA_CLOUD_ECS_METADATA_DISABLED="true"), status=4,
                says="switched off by ALIBABA_CLOUD_ECS_METADATA_DISABLED")
        self.assertEqual(self.simulator.requests("IMDS"), [])
        self.go(env={**self.ecs(), "HBRSYNC_TEST_IMDS": "https://192.0.2.1"}, status=2, says="loopback")

    def test_uri(self):
        uri = self.base + "/credentials-uri"
        self.go(env=self.bare(ALIBABA_CLOUD_CREDENTIALS_URI=uri), says="credentials: credentials URI")
        for mode, says in (("refused", "HTTP 403"), ("garbled", "not JSON"), ("failed", "does not say Success")):
            self.simulator.set(credentials_uri=mode)
            self.go(env=self.bare(ALIBABA_CLOUD_CREDENTIALS_URI=uri), status=4, says=says)
        self.go(env=self.bare(ALIBABA_CLOUD_CREDENTIALS_URI="http://192.0.2.1/canary-path"), status=2,
                says="plain http is for loopback")

    def test_nothing_names_every_place(self):
        self.go(env=self.bare(), status=4, hint="aliyun configure",
                says=("environment: ALIBABA_CLOUD_ACCESS_KEY_ID", "OIDC: ALIBABA_CLOUD_ROLE_ARN",
                      "profile: " + self.path(".aliyun/config.json"),
                      "credentials file: " + self.path(".alibabacloud/credentials"), "ECS RAM role: switched off",
                      "credentials URI: ALIBABA_CLOUD_CREDENTIALS_URI is not set"))

    def test_a_file_that_others_can_read(self):
        self.config({"name": "a", "mode": "AK", **KEY}, mode=0o644)
        result = self.go(env=self.bare())
        self.assertEqual(result.stderr.count("can be read by others (mode 0644)"), 1, result)
        os.chmod(self.path(".aliyun/config.json"), 0o600)
        self.assertNotIn("can be read by others", self.go(env=self.bare()).stderr)


class External(Case):
    def external(self, text, **more):
        self.config({"name": "x", "mode": "External", "process_command": self.script("program", text) + " one two",
                     **more})

    def key(self, **more):
        return json.dumps({"mode": "AK", **KEY, **more})

    def test_keys(self):
        self.external(f"[ $# = 2 ] && echo '{self.key()}'")
        self.go(env=self.bare(), says='credentials: profile "x" of')
        self.simulator.control("key", {"id": "STS.x", "secret": "canary-x", "token": "canary-y", "expires_in": 600})
        self.external("echo 'canary-noise' >&2; echo '" + json.dumps(
            {"mode": "StsToken", "access_key_id": "STS.x", "access_key_secret": "canary-x", "sts_token": "canary-y",
             "expiration": "2100-01-01T00:00:00Z"}) + "'")
        self.go(env=self.bare())
        self.assertEqual(self.signers(), {"STS.x"})

    def test_no_shell(self):
        proof = self.path("proof")
        self.config({"name": "x", "mode": "External", "process_command": f"echo x; touch {proof}"})
        self.go(env=self.bare(), status=4, says="the external program's output")
        self.config({"name": "x", "mode": "External", "process_command": f"$(touch {proof})"})
        self.go(env=self.bare(), status=4, says="cannot run the external program")
        self.assertFalse(os.path.exists(proof))

    def test_refusals(self):
        for text, says in (("exit 3", "ended with status 3"), ("kill -9 $$", "ended by signal 9"),
                           ("echo canary-garbage", "output is not JSON"), ("true", "output is empty"),
                           ("echo '{\"mode\":\"CloudSSO\"}'", "no mode AK or StsToken"),
                           ("echo '{\"mode\":\"AK\",\"access_key_id\":\"x\"}'", "has no access_key_secret"),
                           ("head -c 100000 /dev/zero", "prints more than 65536 bytes")):
            self.external(text)
            self.go(env=self.bare(), status=4, says=('profile "x" of', says))
        self.external(f"echo '{self.key()}'")
        self.go(env=self.bare(ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS="true"), status=4, says="is switched off by")

    def test_interrupted(self):
        self.external(f"echo $$ > {self.path('pid.new')}; mv {self.path('pid.new')} {self.path('pid')}; sleep 600")
        process = subprocess.Popen([harness.HBRSYNC, *self.sync_arguments(), "--all-regions"], env=self.bare(),
                                   cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while not os.path.exists(self.path("pid")):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, stderr)
        with open(self.path("pid"), encoding="utf-8") as file:
            child = int(file.read())
        self.assertFalse(os.path.exists(f"/proc/{child}"), "the program was left running")


class Order(Case):
    """With two places present the earlier one is used, and the later one is not even asked."""

    def places(self):
        """(what --verbose says, what it adds to the environment, what the simulator's log would show of it)"""
        self.write("oidc/token", "canary-oidc-token")
        key = f"access_key_id={harness.KEY_ID}\naccess_key_secret={harness.KEY_SECRET}\n"
        config = self.write("config-role", json.dumps({"current": "c", "profiles": [
            {"name": "c", "mode": "RamRoleArn", **KEY, "ram_role_arn": ROLE}]}))
        ini = self.write("ini", f"[default]\ntype=access_key\n{key}")
        return [
            ("environment", {"ALIBABA_CLOUD_ACCESS_KEY_ID": harness.KEY_ID,
                             "ALIBABA_CLOUD_ACCESS_KEY_SECRET": harness.KEY_SECRET}, None),
            ("OIDC role", self.oidc(), "AssumeRoleWithOIDC"),
            ('profile "c"', {"ALIBABA_CLOUD_CONFIG_FILE": config}, "AssumeRole"),
            ('section "default"', {"ALIBABA_CLOUD_CREDENTIALS_FILE": ini}, None),
            ("ECS RAM role", {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": None, "HBRSYNC_TEST_IMDS": self.base}, "IMDS"),
            ("credentials URI", {"ALIBABA_CLOUD_CREDENTIALS_URI": self.base + "/credentials-uri"}, "CredentialsURI"),
        ]

    def used(self, env, arguments=()):
        self.simulator.clear_log()
        result = self.sync("--verbose", *arguments, env=env)
        return re.search(r"credentials: (.*)", result.stderr).group(1)

    def test_pair_by_pair(self):
        for first, second in itertools.combinations(self.places(), 2):
            with self.subTest(first=first[0], second=second[0]):
                used = self.used(self.bare(**{**second[1], **first[1]}))
                self.assertTrue(used.startswith(first[0]), used)
                if second[2] is not None:
                    self.assertEqual(self.simulator.requests(second[2]), [], "asked in vain")

    def test_each_alone(self):
        for name, env, _ in self.places():
            self.assertTrue(self.used(self.bare(**env)).startswith(name), name)

    def test_a_named_profile_goes_before_everything(self):
        everything = {}
        for _, env, _ in reversed(self.places()):
            everything.update(env)
        self.config({"name": "current", "mode": "CloudSSO"}, {"name": "named", "mode": "AK", **KEY})
        everything.pop("ALIBABA_CLOUD_CONFIG_FILE")
        env = self.bare(**everything)
        self.assertTrue(self.used(env, ["--profile", "named"]).startswith('profile "named"'))
        self.assertEqual(self.simulator.requests("AssumeRoleWithOIDC"), [])

    def test_what_is_broken_ends_the_search(self):
        env = self.bare(ALIBABA_CLOUD_CREDENTIALS_URI=self.base + "/credentials-uri")
        self.config({"name": "c", "mode": "CloudSSO"})
        self.go(env=env, status=4, says="CloudSSO")
        self.assertEqual(self.simulator.requests("CredentialsURI"), [])
        self.go(env=self.bare(ALIBABA_CLOUD_CLI_PROFILE_DISABLED="true",
                              ALIBABA_CLOUD_CREDENTIALS_URI=self.base + "/credentials-uri"),
                says="credentials: credentials URI")


class Expiry(Case):
    def setUp(self):
        harness.TestCase.setUp(self)
        self.start("--jobs", 400, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.base = f"http://127.0.0.1:{self.simulator.port}"

    def role(self):
        self.config({"name": "r", "mode": "RamRoleArn", **KEY, "ram_role_arn": ROLE})

    def test_renewed_once_an_expiry_in_the_middle_of_a_walk(self):
        self.role()
        for moment in (3, 9, 14):
            self.simulator.control("script", {"before_request": moment, "advance": 4000})
        self.go("--page-size", "20", "--connections", "4", env=self.bare())
        self.assertEqual(len(self.simulator.requests("AssumeRole")), 1 + 3, "one an expiry")
        self.assertEqual(len(self.signers()), 4)
        expired = [entry for entry in self.simulator.requests() if entry["code"] == "InvalidSecurityToken.Expired"]
        self.assertTrue(3 <= len(expired) <= 3 * 4, "only what was under way is asked again")

    def test_renewed_before_it_expires(self):
        """The service would take these keys for much longer than they say, so it never calls them expired."""
        self.role()
        self.simulator.set(sts_lifetime_seconds=2, sts_grace_seconds=10000, latency_ms=200)
        result = self.go("--connections", "1", "--page-size", "40", env=self.bare())
        asked = len(self.simulator.requests("AssumeRole"))
        self.assertGreaterEqual(asked, 2)
        self.assertLessEqual(asked, 2 + result.json()["seconds"], "once in half their life, not for each request")

    def test_a_long_lived_token_is_not_renewed(self):
        self.role()
        self.go("--page-size", "20", env=self.bare())
        self.assertEqual(len(self.simulator.requests("AssumeRole")), 1)

    def test_every_place_renews(self):
        self.write("oidc/token", "canary-oidc-token")
        for env, action, path in ((self.bare(**self.oidc()), "AssumeRoleWithOIDC", None),
                                  (self.ecs(), "IMDS", "simulator-role"),
                                  (self.bare(ALIBABA_CLOUD_CREDENTIALS_URI=self.base + "/credentials-uri"),
                                   "CredentialsURI", None)):
            with self.subTest(action):
                self.simulator.control("script", {"before_request": 2, "advance": 4000})
                self.go("--full", "--page-size", "50", env=env)
                asked = [entry for entry in self.simulator.requests(action)
                         if path is None or entry["path"].endswith(path)]
                self.assertEqual(len(asked), 2)

    def while_it_runs(self, env, change, *arguments):
        """A slow sync of one request after the other; change() once the listing has begun. Returns its end."""
        self.simulator.set(latency_ms=100)
        process = subprocess.Popen([harness.HBRSYNC, *self.sync_arguments(), "--all-regions", "--page-size", "20",
                                    "--connections", "1", *arguments], env=env, cwd=self.directory,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while not self.simulator.requests():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        change()
        stdout, stderr = process.communicate(timeout=120)
        self.assertNotIn(CANARY.encode(), stdout + stderr)
        return process.returncode, stderr.decode()

    def test_the_oidc_token_is_read_anew(self):
        self.simulator.control("script", {"before_request": 12, "advance": 4000,
                                          "set": {"oidc_tokens": ["canary-oidc-second"]}})
        status, stderr = self.while_it_runs(self.bare(**self.oidc()),
                                            lambda: self.write("oidc/token", "canary-oidc-second"))
        self.assertEqual(status, 0, stderr)
        self.assertEqual(len(self.simulator.requests("AssumeRoleWithOIDC")), 2)

    def test_a_failed_renewal_says_so(self):
        self.role()
        self.simulator.control("script", {"before_request": 3, "advance": 4000, "set": {"sts": "refused"}})
        self.go("--page-size", "20", env=self.bare(), status=4,
                says=("the credentials have expired and cannot be renewed", "NoPermission"))
        self.check_database()
        self.simulator.set(sts="right")
        self.go(env=self.bare())

    def test_a_static_token_is_not_renewed(self):
        self.simulator.control("key", {"id": "STS.one", "secret": "canary-secret", "token": "canary-token",
                                       "expires_in": 600})
        self.simulator.control("script", {"before_request": 3, "advance": 4000})
        env = self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID="STS.one", ALIBABA_CLOUD_ACCESS_KEY_SECRET="canary-secret",
                               ALIBABA_CLOUD_SECURITY_TOKEN="canary-token")
        self.go("--page-size", "20", env=env, status=4, says="InvalidSecurityToken.Expired")

    def test_another_account_in_mid_walk_is_not_taken(self):
        """Whoever switches profiles while a sync runs does not mix accounts."""
        other = {"name": "o", "mode": "RamRoleArn", **KEY, "ram_role_arn": OTHER_ROLE}
        role = {"name": "r", "mode": "RamRoleArn", **KEY, "ram_role_arn": ROLE}
        first = self.write("first.json", json.dumps({"current": "r", "profiles": [role, other]}))
        second = self.write("second.json", json.dumps({"current": "o", "profiles": [role, other]}))
        link = self.path("config.json")
        os.symlink(first, link)
        self.simulator.control("script", {"before_request": 12, "advance": 4000})

        def switch():
            os.symlink(second, link + ".new")
            os.rename(link + ".new", link)
        status, stderr = self.while_it_runs(self.bare(ALIBABA_CLOUD_CONFIG_FILE=link), switch)
        self.assertEqual(status, 4, stderr)
        self.assertIn("they now come from", stderr)
        accounts = {entry["source"][0] for entry in harness.stored_jobs(self.database).values()}
        self.assertEqual(accounts, {harness.ACCOUNT})


class Profiles(harness.TestCase):
    """Several accounts in one run."""

    def setUp(self):
        super().setUp()
        self.start("--jobs", 20, "--basic-jobs", 0, "--regions", "cn-hangzhou")
        self.simulator.set(accounts_share_world=True)
        self.simulator.control("key", {"id": "LTAI-other", "secret": "canary-other", "account_id": OTHER_ACCOUNT})
        self.env = self.environment(ALIBABA_CLOUD_ACCESS_KEY_ID=None, ALIBABA_CLOUD_ACCESS_KEY_SECRET=None)
        os.makedirs(self.path(".aliyun"))
        with open(self.path(".aliyun/config.json"), "w", encoding="utf-8") as file:
            json.dump({"current": "one", "profiles": [
                {"name": "one", "mode": "AK", **KEY},
                {"name": "same", "mode": "RamRoleArn", **KEY, "ram_role_arn": ROLE},
                {"name": "two", "mode": "AK", "access_key_id": "LTAI-other", "access_key_secret": "canary-other"},
                {"name": "bad", "mode": "AK", "access_key_id": "LTAI-other", "access_key_secret": "canary-bad"},
                {"name": "sso", "mode": "CloudSSO"}]}, file)
        os.chmod(self.path(".aliyun/config.json"), 0o600)

    def go(self, *names, status=0, arguments=()):
        options = [option for name in names for option in ("--profile", name)]
        result = self.sync(*options, *arguments, env=self.env, status=status)
        self.assertNotIn(CANARY, result.stdout + result.stderr)
        return result

    def accounts(self):
        return self.query("SELECT account_id, count(*) FROM sync_source JOIN sync_watermark USING (source_id) "
                          "WHERE edition = 'STANDARD' GROUP BY account_id ORDER BY account_id")

    def test_one_run_for_all(self):
        trace = self.path("trace")
        summary = self.go("one", "two", arguments=["--trace", trace]).json()
        self.assertEqual([(source["account_id"], source["edition"], source["outcome"]) for source in summary["sources"]],
                         [(account, edition, "done") for account in (harness.ACCOUNT, OTHER_ACCOUNT)
                          for edition in ("STANDARD", "BASIC")])
        self.assertEqual(self.accounts(), [(harness.ACCOUNT, 1), (OTHER_ACCOUNT, 1)])
        self.assertEqual(self.query("SELECT count(DISTINCT run_id) FROM sync_run"), [(1,)])
        everything = json.loads(self.simulator.control("log"))
        asked = [entry for entry in everything if entry["action"] in ("DescribeRestoreJobs2", "GetCallerIdentity",
                                                                      "DescribeRegions")]
        self.assertEqual(summary["requests"], len(asked), "the summary covers all")
        with open(trace, encoding="utf-8") as file:
            self.assertEqual(file.read().count("> POST "), len(asked), "so does the trace")

    def test_one_fails(self):
        for bad in ("bad", "sso", "absent"):
            result = self.go("one", bad, status=3)
            summary = result.json()
            self.assertEqual((summary["outcome"], len(summary["sources"])), ("partial", 3))
            self.assertEqual((summary["sources"][2]["account_id"], summary["sources"][2]["outcome"]), ("", "failed"))
            self.assertIn(f"--profile {bad}: ", summary["sources"][2]["error"])
            self.assertIn(f"--profile {bad}: ", result.stderr)
        self.assertEqual(self.go("bad", "two", status=3).json()["sources"][1]["outcome"], "done")

    def test_all_fail(self):
        summary = self.go("bad", "sso", status=4, arguments=["--metrics-file", self.path("metrics")]).json()
        self.assertEqual((summary["outcome"], len(summary["sources"])), ("failed", 2))
        with open(self.path("metrics"), encoding="utf-8") as file:
            self.assertNotIn('account_id=""', file.read())

    def test_the_same_account_is_synced_once(self):
        result = self.go("one", "same", "one")
        self.assertEqual(len(result.json()["sources"]), 2)
        self.assertEqual(result.stderr.count("which is done already"), 2)

    def test_usage(self):
        self.go("one", "two", status=2, arguments=["--account-id", "7"])
        for command in (["verify", "--remote"], ["doctor"]):
            result = self.run_hbrsync("--db", self.database, *command, "--profile", "one", "--profile", "two",
                                      env=self.env)
            self.assertEqual(result.status, 2, result)


if __name__ == "__main__":
    unittest.main()
