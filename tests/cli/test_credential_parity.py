"""What the official tools accept in config.json, in the INI file and in the environment: which account, which host, and what is said of the rest."""
import json
import os
import time
import unittest

import harness
from credential_case import CANARY, Case, KEY, OTHER_ACCOUNT, PROVIDER, ROLE

OTHER = {"access_key_id": "LTAI-other", "access_key_secret": "canary-other"}
TEMPORARY = {"access_key_id": "STS.left", "access_key_secret": "canary-left", "sts_token": "canary-token"}


def variables(prefix, key):
    return {f"{prefix}ACCESS_KEY_ID": key["access_key_id"], f"{prefix}ACCESS_KEY_SECRET": key["access_key_secret"]}


class Parity(Case):
    def setUp(self):
        super().setUp()
        self.simulator.set(accounts_share_world=True)
        self.simulator.control("key", {"id": OTHER["access_key_id"], "secret": OTHER["access_key_secret"],
                                       "account_id": OTHER_ACCOUNT})
        self.simulator.control("key", {"id": "STS.left", "secret": "canary-left", "token": "canary-token",
                                       "expires_in": 6000})

    def signer(self, *arguments, env, says=(), warned=()):
        """The key of a sync that goes well, and nothing else is warned of."""
        self.simulator.clear_log()
        result = self.sync(*arguments, env=env)
        self.assertNotIn(CANARY, result.stdout + result.stderr)
        told = [line for line in result.stderr.splitlines() if "is set but" in line]
        self.assertEqual(len(told), len(warned), result.stderr)
        for part in (*warned, *says):
            self.assertIn(part, result.stderr)
        (key,) = self.signers()
        return key


class Account(Parity):
    def setUp(self):
        super().setUp()
        self.config({"name": "default", "mode": "AK", **KEY}, {"name": "audit", "mode": "AK", **OTHER})

    def test_profile(self):
        self.assertEqual(self.signer(env=self.bare()), harness.KEY_ID)
        for name in ("ALIBABACLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE", "ALICLOUD_PROFILE"):
            self.assertEqual(self.signer(env=self.bare(**{name: "audit"})), "LTAI-other", name)
        both = {"ALIBABACLOUD_PROFILE": "audit", "ALIBABA_CLOUD_PROFILE": "default"}
        self.assertEqual(self.signer(env=self.bare(**both), warned=[
            "ALIBABA_CLOUD_PROFILE is set but not used: the access key comes from ALIBABACLOUD_PROFILE"]), "LTAI-other")
        both["ALIBABA_CLOUD_PROFILE"] = "audit"
        self.assertEqual(self.signer(env=self.bare(**both)), "LTAI-other", "they say the same")
        self.assertEqual(self.signer("--profile", "default", env=self.bare(**both)), harness.KEY_ID)

    def test_section(self):
        os.unlink(self.path(".aliyun/config.json"))
        self.write(".alibabacloud/credentials.ini",
                   "\ufeff[audit]\ntype = access_key\n" + "".join(f"{key} = {value}\n" for key, value in OTHER.items()))
        self.assertEqual(self.signer(env=self.bare(ALICLOUD_PROFILE="audit")), "LTAI-other")

    def test_keys_of_the_sdks_go_before_a_profile(self):
        env = self.bare(**variables("ALIBABA_CLOUD_", OTHER), ALICLOUD_PROFILE="default")
        self.assertEqual(self.signer(env=env, warned=[
            "ALICLOUD_PROFILE is set but not used: the access key comes from environment"]), "LTAI-other")

    def test_keys_of_the_command_line_tool(self):
        """It takes them where the profile has none."""
        for prefix in ("ALIBABACLOUD_", "ALICLOUD_", ""):
            env = self.bare(**variables(prefix, OTHER))
            warned = [f"{name} is set but not used" for name in variables(prefix, OTHER) if prefix != ""]
            self.assertEqual(self.signer(env=env, warned=warned), harness.KEY_ID, prefix)
        self.config({"name": "default", "mode": "AK", "region_id": "cn-hangzhou"})
        for prefix in ("ALIBABACLOUD_", "ALICLOUD_", ""):
            self.assertEqual(self.signer(env=self.bare(**variables(prefix, OTHER))), "LTAI-other", prefix)
        os.unlink(self.path(".aliyun/config.json"))
        for prefix in ("ALIBABACLOUD_", "ALICLOUD_", ""):
            self.assertEqual(self.signer(env=self.bare(**variables(prefix, OTHER))), "LTAI-other", prefix)
        env = self.bare(**variables("ALIBABACLOUD_", OTHER), **variables("ALICLOUD_", KEY))
        self.assertEqual(self.signer(env=env, warned=["ALICLOUD_ACCESS_KEY_ID is", "ALICLOUD_ACCESS_KEY_SECRET is"]),
                         "LTAI-other")
        env = self.bare(ALIBABACLOUD_ACCESS_KEY_ID="LTAI-other")
        self.go(env=env, status=4, says="ALIBABACLOUD_ACCESS_KEY_ID is set but ALIBABACLOUD_ACCESS_KEY_SECRET is not")
        self.go(env=self.ecs(ACCESS_KEY_ID="another-program"), says="credentials: ECS RAM role simulator-role")

    def test_ignored_profile(self):
        env = self.bare(**variables("ALICLOUD_", OTHER), ALIBABA_CLOUD_IGNORE_PROFILE="TRUE")
        self.assertEqual(self.signer(env=env), "LTAI-other")

    def test_never_read(self):
        env = self.bare(ALICLOUD_REGION="cn-beijing", ALICLOUD_ACCESS_KEY="x", ALIBABA_CLOUD_REGION_ID="cn-hangzhou",
                        ALIBABA_CLOUD_REGION="cn-hangzhou")
        told = ["ALICLOUD_REGION is set but not read; set ALIBABA_CLOUD_REGION_ID",
                "ALICLOUD_ACCESS_KEY is set but not read; set ALIBABA_CLOUD_ACCESS_KEY_ID"]
        self.signer(env=env, warned=told)
        result = self.run_hbrsync("--db", self.database, "doctor", "--endpoint", self.simulator.endpoint(), env=env)
        for text in told:
            self.assertRegex(result.stdout, f"(?m)^warning +credentials +{text}$")
        os.unlink(self.path(".aliyun/config.json"))
        self.go(env=env, status=4, says=["no credentials found", *told])

    def test_region(self):
        self.stop()
        self.start("--jobs", 40, "--basic-jobs", 0, "--regions", "cn-hangzhou,cn-beijing,cn-shanghai")
        self.config({"name": "default", "mode": "AK", **KEY, "region_id": "cn-shanghai"})
        for env, region in (({"ALICLOUD_REGION_ID": "cn-beijing"}, "cn-beijing"),
                            ({"ALIBABACLOUD_REGION_ID": "cn-beijing"}, "cn-beijing"),
                            ({"ALIBABACLOUD_REGION_ID": "cn-hangzhou", "ALICLOUD_REGION_ID": "cn-beijing"}, "cn-hangzhou"),
                            ({"REGION": "cn-beijing"}, "cn-shanghai")):
            result = self.run_hbrsync(*self.sync_arguments(), env=self.bare(**env))
            self.assertEqual(result.status, 0, result)
            self.assertEqual({source["region_id"] for source in result.json()["sources"]}, {region}, env)
            self.assertEqual("ALICLOUD_REGION_ID is set but not used: the region comes from ALIBABACLOUD_REGION_ID"
                             in result.stderr, len(env) == 2)
        self.config({"name": "default", "mode": "AK", **KEY})
        result = self.run_hbrsync(*self.sync_arguments(), env=self.bare(REGION="cn-beijing"))
        self.assertEqual({source["region_id"] for source in result.json()["sources"]}, {"cn-beijing"})


class Hosts(Parity):
    def doctor(self, profile=None, options=(), **env):
        """The line about the hosts; nothing is reached, by a proxy that is not there."""
        self.config({"name": "default", "mode": "AK", **KEY, **(profile or {})})
        result = self.run_hbrsync("--db", self.database, "doctor", *options, "--region", "cn-hangzhou",
                                  env=self.bare(https_proxy="http://127.0.0.1:1", **env))
        (line,) = [line for line in result.stdout.splitlines() if " hbr at " in line]
        return line.split("hbr at ")[1]

    def test_inside_a_vpc(self):
        inside = ("https://hbr-vpc.{region}.aliyuncs.com", "https://sts-vpc.cn-hangzhou.aliyuncs.com")
        for profile, env, options, source in (
                ({"endpoint_type": "vpc"}, {}, (), "the profile's endpoint_type"),
                ({"enable_vpc": True}, {}, (), "the profile's enable_vpc"),
                ({}, {"ALIBABA_CLOUD_ENDPOINT_TYPE": "vpc"}, (), "ALIBABA_CLOUD_ENDPOINT_TYPE"),
                ({}, {"ALICLOUD_ENDPOINT_TYPE": "VPC"}, (), "ALICLOUD_ENDPOINT_TYPE"),
                ({}, {"ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED": "true"}, (), "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED"),
                ({}, {}, ["--vpc"], "--vpc")):
            self.assertEqual(self.doctor(profile, options, **env),
                             f"{inside[0]} ({source}), STS at {inside[1]} ({source})")

    def test_outside(self):
        outside = "https://hbr.{region}.aliyuncs.com (default), STS at "
        self.assertEqual(self.doctor(), outside + "https://sts.cn-hangzhou.aliyuncs.com (default)")
        self.assertEqual(self.doctor({"endpoint_type": "public"}, ALIBABA_CLOUD_ENDPOINT_TYPE="vpc"),
                         outside + "https://sts.cn-hangzhou.aliyuncs.com (default)")
        self.assertEqual(self.doctor({"sts_region": "cn-beijing"}),
                         outside + "https://sts.cn-beijing.aliyuncs.com (the profile's sts_region)")
        self.assertEqual(self.doctor(ALIBABA_CLOUD_STS_REGION="cn-beijing"),
                         outside + "https://sts.cn-beijing.aliyuncs.com (ALIBABA_CLOUD_STS_REGION)")
        for name in ("sts.example.com", "https://sts.example.com/", "http://sts.example.com"):
            self.assertEqual(self.doctor({"sts_endpoint": name}, ALIBABA_CLOUD_STS_ENDPOINT="other.example"),
                             outside + "https://sts.example.com (the profile's sts_endpoint)")
        self.assertEqual(self.doctor(ALIBABA_CLOUD_STS_ENDPOINT="sts.example.com"),
                         outside + "https://sts.example.com (ALIBABA_CLOUD_STS_ENDPOINT)")
        sts = ", STS at https://sts.cn-hangzhou.aliyuncs.com (default)"
        self.assertEqual(self.doctor({"endpoint": "hbr.example"}, ALIBABA_CLOUD_ENDPOINT="other.example"),
                         "https://hbr.example (the profile's endpoint)" + sts)
        self.assertEqual(self.doctor(ALIBABA_CLOUD_ENDPOINT="hbr.example"),
                         "https://hbr.example (ALIBABA_CLOUD_ENDPOINT)" + sts)
        self.assertEqual(self.doctor({"endpoint": "a.example", "sts_endpoint": "b.example"},
                                     ["--endpoint", "https://c.example", "--sts-endpoint", "https://d.example"]),
                         "https://c.example (--endpoint), STS at https://d.example (--sts-endpoint)")
        self.assertEqual(self.doctor({"endpoint": "a.example", "sts_endpoint": "b.example"},
                                     ["--endpoint", "https://c.example"], ALIBABA_CLOUD_STS_ENDPOINT="d.example"),
                         "https://c.example (--endpoint), STS at https://c.example (--endpoint)")

    def test_every_call(self):
        """hbr at one simulator, GetCallerIdentity and AssumeRole at another."""
        other = harness.Simulator("--jobs", 0, "--regions", "cn-hangzhou")
        self.addCleanup(other.stop)
        sts = f"http://127.0.0.1:{other.port}"
        command = ["--db", self.database, "sync", "--region", "cn-hangzhou", "--qps", "1000", "--retry-for", "0s"]
        self.config({"name": "a", "mode": "AK", **KEY, "endpoint": self.simulator.endpoint(), "sts_endpoint": sts})
        self.assertEqual(self.run_hbrsync(*command, env=self.bare()).status, 0)
        self.assert_equals_truth()
        self.assertEqual((len(other.requests("GetCallerIdentity")), len(self.simulator.requests("GetCallerIdentity"))),
                         (1, 0))
        self.config({"name": "a", "mode": "RamRoleArn", **KEY, "ram_role_arn": ROLE})
        self.run_hbrsync(*command, env=self.bare(ALIBABA_CLOUD_ENDPOINT=self.simulator.endpoint(),
                                                 ALIBABA_CLOUD_STS_ENDPOINT=sts))
        self.assertEqual((len(other.requests("AssumeRole")), len(other.requests("GetCallerIdentity"))), (1, 2))
        self.assertEqual(self.simulator.requests("AssumeRole"), [])

    def test_one_endpoint_for_two_regions(self):
        self.config({"name": "a", "mode": "AK", **KEY, "endpoint": "https://hbr.example"})
        result = self.run_hbrsync("--db", self.database, "sync", "--region", "cn-hangzhou", "--region", "cn-beijing",
                                  env=self.bare())
        self.assertEqual(result.status, 2, result)
        self.assertIn("the profile's endpoint https://hbr.example is the same for every region", result.stderr)

    def test_what_is_no_endpoint(self):
        self.config({"name": "a", "mode": "AK", **KEY, "sts_endpoint": "https://canary-user@host"})
        result = self.run_hbrsync("--db", self.database, "sync", "--region", "cn-hangzhou", env=self.bare())
        self.assertEqual(result.status, 2, result)
        self.assertIn("the profile's sts_endpoint: ", result.stderr)
        self.assertNotIn("canary", result.stderr)
        self.config({"name": "a", "mode": "AK", **KEY})
        result = self.run_hbrsync("--db", self.database, "sync", "--region", "cn-hangzhou",
                                  env=self.bare(ALIBABA_CLOUD_ENDPOINT="https://host/path"))
        self.assertEqual(result.status, 2, result)
        self.assertIn("ALIBABA_CLOUD_ENDPOINT: ", result.stderr)


class Modes(Parity):
    def test_a_mode_that_is_not_named(self):
        self.write("oidc/token", "\ufeffcanary-oidc-token\n")
        for profile, action in ((KEY, None), (TEMPORARY, None), ({**KEY, "ram_role_arn": ROLE}, "AssumeRole"),
                                ({"process_command": self.script("keys", f"echo '{json.dumps(KEY)}'")}, None),
                                ({"oidc_provider_arn": PROVIDER, "oidc_token_file": self.path("oidc/token"),
                                  "ram_role_arn": ROLE}, "AssumeRoleWithOIDC")):
            for mode in ({}, {"mode": ""}):
                self.config({"name": "p", **mode, **profile})
                key = self.signer(env=self.bare())
                self.assertEqual(len(self.simulator.requests(action or "none")), action is not None)
                self.assertEqual(key.startswith("STS."), action is not None or profile is TEMPORARY)

    def test_roles(self):
        self.config({"name": "r", "mode": "RamRoleArn", **TEMPORARY, "ram_role_arn": ROLE})
        self.signer(env=self.bare())
        (entry,) = self.simulator.requests("AssumeRole")
        self.assertTrue(entry["token_present"])
        self.config({"name": "r", "mode": "RamRoleArnWithRoleName", "ram_role_name": "simulator-role",
                     "ram_role_arn": ROLE})
        self.go(env=self.ecs(), says=f"role {ROLE}")
        self.config({"name": "r", "mode": "RamRoleArn", **KEY, "ram_role_arn": ""})
        self.go(env=self.bare(ALIBABACLOUD_ROLE_ARN=ROLE), says=f"role {ROLE}")

    def test_a_uri_of_the_environment(self):
        self.config({"name": "u", "mode": "CredentialsURI"})
        self.go(env=self.bare(ALIBABA_CLOUD_CREDENTIALS_URI=self.base + "/credentials-uri"), says='profile "u" of')

    def test_keys_of_a_sign_in(self):
        now = int(time.time())
        for mode, member in (("CloudSSO", "cloud_sso_access_token_expire"), ("OAuth", "oauth_refresh_token_expire")):
            profile = {"name": "sso", "mode": mode, **TEMPORARY, "sts_expiration": now + 5000}
            self.config(profile)
            self.assertEqual(self.signer(env=self.bare()), "STS.left")
            result = self.run_hbrsync("--db", self.database, "doctor", "--endpoint", self.simulator.endpoint(),
                                      "--region", "cn-hangzhou", env=self.bare())
            self.assertIn(f'then run "aliyun configure --profile sso --mode {mode}"', result.stdout)
            for more, command in (({}, f"aliyun configure --profile sso --mode {mode}"),
                                  ({member: now + 9000}, "aliyun sts GetCallerIdentity --profile sso")):
                self.config({**profile, **more, "sts_expiration": now - 10})
                self.go(env=self.bare(), status=4, says="its temporary keys ended at", hint=command)
                self.config({"name": "sso", "mode": mode, **more})
                self.go(env=self.bare(), status=4, says="holds no temporary keys", hint=command)
            self.assertEqual(self.simulator.requests(), [])

    def test_a_temporary_key_without_its_token(self):
        key = {name: TEMPORARY[name] for name in KEY}
        program = self.script("keys", f"echo '{json.dumps({'mode': 'AK', **key})}'")
        says = "temporary one (STS.) without its security token"
        for profile, hint in (({"mode": "AK", **key}, "aliyun configure --profile t --mode StsToken"),
                              ({"mode": "External", "process_command": program}, "sts_token")):
            self.config({"name": "t", **profile})
            result = self.go(env=self.bare(), status=4, says=says, hint=hint)
            self.assertNotIn("ALIBABA_CLOUD_SECURITY_TOKEN", result.stderr)
        os.unlink(self.path(".aliyun/config.json"))
        self.go(env=self.bare(**variables("ALICLOUD_", key)), status=4, says=says, hint="Set ALICLOUD_SECURITY_TOKEN")
        self.write(".alibabacloud/credentials", "[default]\ntype = access_key\n" +
                   "".join(f"{name} = {value}\n" for name, value in key.items()))
        self.go(env=self.bare(), status=4, says=says, hint="has no place for a token")
        self.assertEqual(self.simulator.requests("GetCallerIdentity"), [])

    def test_what_no_key_can_hold(self):
        for bad in ("'canary-x'", '"canary-x"', "<canary-x>", "${canary}", "canary-x;", "[canary-x]"):
            env = self.bare(ALIBABA_CLOUD_ACCESS_KEY_ID="x", ALIBABA_CLOUD_ACCESS_KEY_SECRET=bad)
            self.go(env=env, status=4, says="ALIBABA_CLOUD_ACCESS_KEY_SECRET holds a quotation mark", hint="Copy the value")
        self.assertEqual(self.simulator.requests("GetCallerIdentity"), [])

    def test_the_service_refuses_a_key(self):
        self.config({"name": "wrong", "mode": "AK", **KEY, "access_key_secret": "canary-wrong"})
        self.go(env=self.bare(), status=4, says="SignatureDoesNotMatch", hint='come from profile "wrong" of')

    def test_a_byte_order_mark(self):
        path = self.config({"name": "b", "mode": "AK", **KEY})
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.write(".aliyun/config.json", "\ufeff" + text)
        self.assertEqual(self.signer(env=self.bare()), harness.KEY_ID)
        with open(path, "wb") as file:
            file.write(text.encode("utf-16"))
        self.go(env=self.bare(), status=4, says="config.json is UTF-16; save it as UTF-8")


class Program(Parity):
    def external(self, command):
        self.config({"name": "x", "mode": "External", "process_command": command})

    def test_split_as_a_shell_does(self):
        os.mkdir(self.path("a b"))
        program = self.script("a b/pro'gram", 'for word; do printf "[%s]\\n" "$word"; done > ' + self.path("words") +
                              f"\nprintf '\\357\\273\\277'; echo '{json.dumps(KEY)}'")
        quoted = program.replace(" ", "\\ ").replace("'", "\\'")
        self.external(f"""{quoted} 'a "b" \\c' "d 'e' \\"f\\" \\$g \\h" i\\ j '' k"l"'m' "" \\\nn \\"o \\\n""")
        self.assertEqual(self.signer(env=self.bare()), harness.KEY_ID)
        with open(self.path("words"), encoding="utf-8") as file:
            words = [line[1:-1] for line in file.read().splitlines()]
        self.assertEqual(words, ['a "b" \\c', "d 'e' \"f\" $g \\h", "i j", "", "klm", "", "n", '"o'])
        for command, says in (("echo 'x", "a quote or backslash without an end"), ('echo "x', "a quote or backslash"),
                              ("echo x\\", "a quote or backslash"), ("''", "is empty"), ('  "" x', "is empty")):
            self.external(command)
            self.go(env=self.bare(), status=4, says=says)

    def test_what_it_says(self):
        for text, says in (("echo first >&2; echo 'no such vault' >&2; exit 3", "ended with status 3; it says: no such vault"),
                           ("echo 'sign in first' >&2; echo hello", "not JSON at byte 0 of 6: an unexpected character; "
                            "it says: sign in first"),
                           (f"echo '{json.dumps(OTHER)}'; echo 'sent canary-other away' >&2; exit 1",
                            "ended with status 1; it says: [server text with a secret removed]"),
                           ("echo 'key Zk7caQ2wXpL9bTnR4sVdYh3mGc refused' >&2; exit 1",
                            "it says: key ************************** refused"),
                           ("echo 'by its name' > /dev/stderr && exit 3", "ended with status 3; it says: by its name"),
                           ("head -c 99999 /dev/zero | tr '\\0' x >&2; echo >&2; echo at last >&2; exit 1", "it says: at last\n"),
                           ("printf 'a\\033[31mb\\n\\n' >&2; exit 1", "it says: a\\u{001b}[31mb"),
                           ("head -c 200000 /dev/zero >&2; exit 1", "ended with status 1"), ("exit 1", "ended with status 1\n")):
            self.external(self.script("program", text))
            self.go(env=self.bare(), status=4, says=says)
        self.external("/nowhere/program --x")
        self.go(env=self.bare(), status=4, says="cannot run the external program /nowhere/program: No such file")

    def test_times(self):
        for form in ("2100-01-01T00:00:00+08:00", "2100-01-01 00:00:00.123Z", "2100-01-01t00:00:00z", ""):
            self.external(self.script("program", "echo '" + json.dumps({**TEMPORARY, "expiration": form}) + "'"))
            self.assertEqual(self.signer(env=self.bare()), "STS.left")
            result = self.run_hbrsync("--db", self.database, "doctor", "--endpoint", self.simulator.endpoint(),
                                      "--region", "cn-hangzhou", env=self.bare())
            end = {"2": "2100-01-01T00:00:00Z", "": ""}[form[:1]] if "+" not in form else "2099-12-31T16:00:00Z"
            self.assertEqual("good until" in result.stdout, form != "")
            self.assertIn(end, result.stdout)
        self.external(self.script("program", "echo '" + json.dumps({**TEMPORARY, "expiration": "tomorrow"}) + "'"))
        self.go(env=self.bare(), status=4, says="has no time as its expiration")


if __name__ == "__main__":
    unittest.main()
