"""The manifests: against the schemas of Kubernetes, and what no schema says."""

import shutil
import unittest

import kubernetes_validate
import yaml
from deployment import DEPLOY, Machine, documents, run, text

FOLDER = "kubernetes"
# The oldest on which everything works (a preStop that sleeps), and the newest whose schemas the package has.
VERSIONS = ("1.30", kubernetes_validate.latest_version())


def kustomization():
    return documents(f"{FOLDER}/kustomization.yaml")[0]


def manifests():
    return [document for name in kustomization()["resources"] for document in documents(f"{FOLDER}/{name}")]


def of_kind(kind):
    found = [manifest for manifest in manifests() if manifest["kind"] == kind]
    assert len(found) == 1, kind
    return found[0]


def pod():
    return of_kind("Deployment")["spec"]["template"]["spec"]


class Manifests(unittest.TestCase):
    def validate(self, manifest):
        for version in VERSIONS:
            with self.subTest(kind=manifest["kind"], version=version):
                kubernetes_validate.validate(manifest, version, strict=True)

    def test_each_has_the_form_that_its_kind_asks_for(self):
        for manifest in manifests():
            self.validate(manifest)

    def test_a_field_that_does_not_exist_would_be_found(self):
        wrong = of_kind("PodDisruptionBudget")
        wrong["spec"]["minAvailabel"] = 1
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)

    def test_the_kustomization_names_every_file_and_no_other(self):
        named = kustomization()
        self.assertEqual((named["apiVersion"], named["kind"]), ("kustomize.config.k8s.io/v1beta1", "Kustomization"))
        files = set(named["resources"]) | set(named["configMapGenerator"][0]["files"]) | {"kustomization.yaml"}
        self.assertEqual(files, {file.name for file in (DEPLOY / FOLDER).iterdir()})
        self.assertNotIn("namespace", named)
        for manifest in manifests():
            self.assertNotIn("namespace", manifest["metadata"])

    def test_what_kubectl_makes_of_them_is_valid_too(self):
        kubectl = shutil.which("kubectl")
        if not kubectl:
            # Not in Debian. What it would make is the manifests above with a label, a tag and a name for the settings.
            self.assertEqual(kustomization()["labels"][0]["includeSelectors"], False)
            return
        code, said = run(kubectl, "kustomize", DEPLOY / FOLDER)
        self.assertEqual(code, 0, said)
        made = list(yaml.safe_load_all(said))
        self.assertEqual(len(made), len(manifests()) + 1)
        for manifest in made:
            self.validate(manifest)
        spec = next(manifest for manifest in made if manifest["kind"] == "Deployment")["spec"]["template"]["spec"]
        settings = next(manifest for manifest in made if manifest["kind"] == "ConfigMap")["metadata"]["name"]
        self.assertEqual(spec["volumes"][0]["configMap"]["name"], settings)
        for container in spec["initContainers"] + spec["containers"]:
            self.assertRegex(container["image"], r"^informer-oauth:\d+\.\d+\.\d+$")
        policy = next(manifest for manifest in made if manifest["kind"] == "NetworkPolicy")["spec"]
        for rule in policy["ingress"]:
            labels = rule["from"][0]["podSelector"]["matchLabels"]
            self.assertEqual(list(labels), ["informer-oauth/access"], "nothing else is asked of who may come in")


class Pods(unittest.TestCase):
    def test_they_are_what_the_restricted_standard_asks_for(self):
        spec = pod()
        self.assertTrue(spec["securityContext"]["runAsNonRoot"])
        self.assertGreater(spec["securityContext"]["runAsUser"], 0)
        self.assertEqual(spec["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertFalse(spec["automountServiceAccountToken"])
        for container in spec["initContainers"] + spec["containers"]:
            with self.subTest(container=container["name"]):
                context = container["securityContext"]
                self.assertFalse(context["allowPrivilegeEscalation"])
                self.assertTrue(context["readOnlyRootFilesystem"])
                self.assertEqual(context["capabilities"], {"drop": ["ALL"]})
                self.assertEqual(set(container["resources"]), {"requests", "limits"})
                self.assertIn("memory", container["resources"]["limits"])
        for volume in spec["volumes"]:
            self.assertTrue({"configMap", "secret"} & set(volume), volume)

    def test_the_user_is_the_one_of_the_image(self):
        context = pod()["securityContext"]
        self.assertIn(f"USER {context['runAsUser']}:{context['runAsGroup']}\n", text("docker/Dockerfile"))

    def test_two_replicas_change_one_after_the_other_and_end_in_peace(self):
        deployment = of_kind("Deployment")["spec"]
        self.assertEqual(deployment["replicas"], 2)
        self.assertEqual(deployment["strategy"]["rollingUpdate"], {"maxUnavailable": 0, "maxSurge": 1})
        container = pod()["containers"][0]
        for probe, path in (("startupProbe", "live"), ("readinessProbe", "ready"), ("livenessProbe", "live")):
            self.assertEqual(container[probe]["httpGet"], {"path": f"/health/{path}", "port": "http"})
        waited = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        self.assertGreaterEqual(pod()["terminationGracePeriodSeconds"], waited + 15)
        self.assertEqual(of_kind("PodDisruptionBudget")["spec"]["minAvailable"], 1)

    def test_everything_that_is_selected_and_named_is_there(self):
        deployment = of_kind("Deployment")["spec"]
        labels = deployment["template"]["metadata"]["labels"].items()
        selectors = [
            deployment["selector"]["matchLabels"],
            of_kind("Service")["spec"]["selector"],
            of_kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
            of_kind("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
            *(spread["labelSelector"]["matchLabels"] for spread in pod()["topologySpreadConstraints"]),
        ]
        for selector in selectors:
            self.assertTrue(selector)
            self.assertLessEqual(selector.items(), labels)
        ports = {port["name"]: port["containerPort"] for port in pod()["containers"][0]["ports"]}
        self.assertEqual(ports, {"http": 8787, "metrics": 9787})
        self.assertEqual(of_kind("Service")["spec"]["ports"][0]["targetPort"], "http")
        for rule in of_kind("NetworkPolicy")["spec"]["ingress"]:
            self.assertIn(rule["ports"][0]["port"], ports)
        annotations = deployment["template"]["metadata"]["annotations"]
        self.assertEqual(annotations["prometheus.io/port"], str(ports["metrics"]))
        self.assertEqual(pod()["serviceAccountName"], of_kind("ServiceAccount")["metadata"]["name"])
        volumes = {volume["name"] for volume in pod()["volumes"]}
        for container in pod()["initContainers"] + pod()["containers"]:
            self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, volumes)

    def test_the_service_accepts_its_settings(self):
        config = text(f"{FOLDER}/informer-oauth.toml")
        for container in pod()["initContainers"] + pod()["containers"]:
            settings = {variable["name"]: variable["value"] for variable in container["env"]}
            self.assertEqual(container["args"][:2], ["--config", "/etc/informer-oauth/informer-oauth.toml"])
            with Machine() as machine:
                code, said = machine.oauth("config", "check", settings=settings, config=config)
                self.assertEqual(code, 0, said)
        self.assertIn("0.0.0.0:8787", config)
        self.assertIn("0.0.0.0:9787", config)

    def test_the_secrets_that_are_named_are_those_that_the_page_makes(self):
        page = (DEPLOY.parent / "docs/deployment.md").read_text(encoding="utf-8")
        files = [variable["value"] for variable in pod()["containers"][0]["env"]]
        files.append("/run/secrets/informer-oauth/report-server-secret")
        self.assertIn(files[-1], text(f"{FOLDER}/clients.toml"))
        for file in files:
            self.assertIn(f"--from-file={file.rsplit('/', 1)[1]}", page)


if __name__ == "__main__":
    unittest.main()
