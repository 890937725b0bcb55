"""What the tests of credentials share: an environment without any, the files that may hold some, and a sync whose every output is searched for secrets."""
import json
import os

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
        self.key_files.add(path)
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
