# SPDX-License-Identifier: MIT
"""
usage: daemonset.py FILE COMMAND

Judges a DaemonSet: of each object in it the fields that apps/v1 and core/v1 have there (those that one
would use here), what refers to each other, and the rights. Writes what the container runs to COMMAND.
"""
import re
import sys

import yaml

PROBE = {"exec", "httpGet", "tcpSocket", "initialDelaySeconds", "periodSeconds", "timeoutSeconds",
         "failureThreshold", "successThreshold"}
# A path, "*" for any element of a list; which fields may be there, and which must.
FIELDS = {
    "": ({"apiVersion", "kind", "metadata", "spec"}, {"apiVersion", "kind", "metadata", "spec"}),
    "metadata": ({"name", "namespace", "labels", "annotations"}, {"name"}),
    "spec": ({"selector", "template", "updateStrategy", "minReadySeconds"}, {"selector", "template"}),
    "spec.selector": ({"matchLabels", "matchExpressions"}, {"matchLabels"}),
    "spec.template": ({"metadata", "spec"}, {"metadata", "spec"}),
    "spec.template.metadata": ({"labels", "annotations"}, {"labels"}),
    "spec.template.spec": (
        {"hostPID", "automountServiceAccountToken", "terminationGracePeriodSeconds", "containers",
         "volumes", "tolerations", "nodeSelector", "serviceAccountName", "securityContext"},
        {"hostPID", "containers"}),
    "spec.template.spec.containers.*": (
        {"name", "image", "env", "command", "args", "ports", "livenessProbe", "readinessProbe",
         "resources", "securityContext", "volumeMounts", "imagePullPolicy"}, {"name", "image"}),
    "spec.template.spec.containers.*.env.*": ({"name", "value", "valueFrom"}, {"name"}),
    "spec.template.spec.containers.*.env.*.valueFrom": ({"fieldRef", "secretKeyRef"}, set()),
    "spec.template.spec.containers.*.env.*.valueFrom.fieldRef": ({"fieldPath"}, {"fieldPath"}),
    "spec.template.spec.containers.*.ports.*": (
        {"name", "containerPort", "protocol"}, {"containerPort"}),
    "spec.template.spec.containers.*.livenessProbe": (PROBE, set()),
    "spec.template.spec.containers.*.livenessProbe.exec": ({"command"}, {"command"}),
    "spec.template.spec.containers.*.readinessProbe": (PROBE, set()),
    "spec.template.spec.containers.*.readinessProbe.httpGet": (
        {"path", "port", "scheme", "host", "httpHeaders"}, {"port"}),
    "spec.template.spec.containers.*.resources": ({"requests", "limits"}, set()),
    "spec.template.spec.containers.*.resources.requests": ({"cpu", "memory"}, set()),
    "spec.template.spec.containers.*.resources.limits": ({"cpu", "memory"}, set()),
    "spec.template.spec.containers.*.securityContext": (
        {"runAsUser", "runAsGroup", "runAsNonRoot", "allowPrivilegeEscalation",
         "readOnlyRootFilesystem", "capabilities", "seccompProfile", "appArmorProfile", "privileged"},
        {"allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities"}),
    "spec.template.spec.containers.*.securityContext.capabilities": ({"add", "drop"}, {"add", "drop"}),
    "spec.template.spec.containers.*.securityContext.seccompProfile": (
        {"type", "localhostProfile"}, {"type"}),
    "spec.template.spec.containers.*.securityContext.appArmorProfile": (
        {"type", "localhostProfile"}, {"type"}),
    "spec.template.spec.containers.*.volumeMounts.*": (
        {"name", "mountPath", "readOnly", "subPath"}, {"name", "mountPath"}),
    "spec.template.spec.volumes.*": ({"name", "secret", "emptyDir"}, {"name"}),
    "spec.template.spec.volumes.*.secret": (
        {"secretName", "defaultMode", "items", "optional"}, {"secretName"}),
    "spec.template.spec.volumes.*.emptyDir": ({"medium", "sizeLimit"}, set()),
}
STRINGS = {"metadata.labels", "spec.selector.matchLabels", "spec.template.metadata.labels",
           "spec.template.metadata.annotations"}


def judge(path, value):
    if isinstance(value, list):
        for element in value:
            judge(f"{path}.*", element)
    elif isinstance(value, dict):
        if path in STRINGS:
            assert all(isinstance(text, str) for text in value.values()), f"{path}: not strings"
            return
        may, must = FIELDS[path]
        assert set(value) <= may, f"{path}: {set(value) - may}"
        assert set(value) >= must, f"{path}: without {must - set(value)}"
        for key, element in value.items():
            judge(f"{path}.{key}".lstrip("."), element)
    else:
        assert value is not None, f"{path}: empty"


with open(sys.argv[1]) as file:
    documents = list(yaml.safe_load_all(file))
assert len(documents) == 1
judge("", documents[0])
assert (documents[0]["apiVersion"], documents[0]["kind"]) == ("apps/v1", "DaemonSet")
spec = documents[0]["spec"]
pod = spec["template"]["spec"]
(container,) = pod["containers"]
rights = container["securityContext"]

assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
assert pod["hostPID"] is True and pod["automountServiceAccountToken"] is False
assert rights["capabilities"] == {"drop": ["ALL"], "add": ["SYS_PTRACE"]}
assert rights["readOnlyRootFilesystem"] is True and rights["allowPrivilegeEscalation"] is False
assert "privileged" not in rights
volumes = {volume["name"]: volume for volume in pod["volumes"]}
mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
assert volumes.keys() == mounts.keys()
assert volumes["token"]["secret"]["defaultMode"] == 0o400 and mounts["token"]["readOnly"] is True
ports = {port["name"]: port["containerPort"] for port in container["ports"]}
assert container["readinessProbe"]["httpGet"]["port"] in ports
port = spec["template"]["metadata"]["annotations"]["prometheus.io/port"]
assert port == str(ports["pprof"])
(script,) = container["args"]
# What is written lies on a volume, what is read of the token too, and the variables are there.
assert container["command"] == ["/bin/sh", "-ec"]
assert re.search(rf'>{mounts["run"]["mountPath"]}/', script)
assert f'--token-file {mounts["token"]["mountPath"]}/token' in script
assert f':{ports["pprof"]}"' in script
assert set(re.findall(r"\$([A-Z_]+)", script)) == {variable["name"] for variable in container["env"]}
with open(sys.argv[2], "w") as file:
    file.write(script)
