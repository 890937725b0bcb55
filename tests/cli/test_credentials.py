"""Where credentials come from, end to end: every place with its refusals, and no secret in any output."""
import os
import unittest

import harness
from credential_case import Case, KEY, OTHER_ROLE, PROVIDER, ROLE


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
        self.go(env=env, status=4, says=("AssumeRoleWithOIDC", "AuthenticationFail.OIDCToken.Invalid: "
                                         "[server text with a secret removed]"))
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
        for mode in ("RsaKeyPair", "BearerToken", "Anonymous", "Unheard"):
            self.config({"name": "m", "mode": mode, **KEY})
            self.go(env=self.bare(), status=4, says=f'has the mode "{mode}", which cannot be used here',
                    hint="mode External")

    def test_a_secret_in_the_wrong_line_is_not_quoted(self):
        secret = "Zk7canaryQ2wXpL9bTnR4sVdYh3mGc"
        self.config({"name": "m", "mode": secret, **KEY})
        self.go(env=self.bare(), status=4, says='has the mode "(not shown)", which cannot be used here')
        self.config({"name": "m", "mode": secret.translate({ord(c): None for c in "0123456789"}), **KEY})
        self.go(env=self.bare(), status=4, says='has the mode "(not shown)", which cannot be used here')
        os.remove(self.path(".aliyun/config.json"))
        self.write(".alibabacloud/credentials", f"[default]\nenable = true\ntype = {secret}\n")
        self.go(env=self.bare(), status=4, says='has the type "(not shown)", which cannot be used here')

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
        for mode in (0o644, 0o640, 0o604):
            self.config({"name": "a", "mode": "AK", **KEY}, mode=mode)
            result = self.go(env=self.bare())
            self.assertEqual(result.stderr.count(f"can be read by others (mode {mode:04o})"), 1, result)
        os.chmod(self.path(".aliyun/config.json"), 0o600)
        self.assertNotIn("can be read by others", self.go(env=self.bare()).stderr)


if __name__ == "__main__":
    unittest.main()
