package manifests

import (
	"encoding/base64"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moodring/moodring/deploy/cluster/internal/pki"
)

const (
	kserveNamespace = "kserve"
	kserveWebhook   = "kserve-webhook-server-service"
)

// predictorResources reserves less than KServe's default for a predictor, a core and 2
// GiB, because the node has to hold several.
const predictorResources = `{"resource": {"cpuLimit": "1", "memoryLimit": "2Gi", "cpuRequest": "1m", "memoryRequest": "64Mi"}}`

// KServeCRDs returns the definitions of KServe's kinds.
func (m Modules) KServeCRDs() ([]Object, error) {
	return load(filepath.Join(m.KServe, "config/crd/full/serving*.yaml"))
}

// KServeController returns KServe's controller, in serverless mode. KServe takes the webhook's
// certificate from cert-manager; here it is made at once.
func (m Modules) KServeController() ([]Object, error) {
	config := filepath.Join(m.KServe, "config")
	objects, err := load(
		config+"/configmap/inferenceservice.yaml",
		config+"/rbac/service_account.yaml", config+"/rbac/role.yaml", config+"/rbac/role_binding.yaml",
		config+"/rbac/leader_election_role.yaml", config+"/rbac/leader_election_role_binding.yaml",
		config+"/manager/manager.yaml", config+"/manager/service.yaml",
		config+"/webhook/manifests.yaml", config+"/webhook/service.yaml",
	)
	if err != nil {
		return nil, err
	}
	authority, err := pki.NewAuthority("moodring")
	if err != nil {
		return nil, err
	}
	server, err := authority.Server(kserveWebhook + "." + kserveNamespace + ".svc")
	if err != nil {
		return nil, err
	}
	// The webhooks of KServe's local model cache, which is not installed.
	objects = slices.DeleteFunc(objects, func(o Object) bool {
		return strings.HasSuffix(o.kind(), "WebhookConfiguration") && strings.HasPrefix(o.name(), "localmodel")
	})
	for _, object := range objects {
		fitKServe(object, authority.Certificate)
	}
	return append([]Object{namespace(kserveNamespace), secret(server)}, objects...), nil
}

func namespace(name string) Object {
	return Object{"apiVersion": "v1", "kind": "Namespace", "metadata": Object{"name": name}}
}

func secret(server pki.Pair) Object {
	return Object{
		"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
		"metadata":   Object{"name": "kserve-webhook-server-cert", "namespace": kserveNamespace},
		"stringData": Object{"tls.crt": string(server.Certificate), "tls.key": string(server.Key)},
	}
}

func fitKServe(object Object, authority []byte) {
	clusterWide := []string{"Namespace", "ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"}
	if !slices.Contains(clusterWide, object.kind()) {
		object.child("metadata")["namespace"] = kserveNamespace
	}
	for _, subject := range object.list("subjects") {
		subject["namespace"] = kserveNamespace
	}
	for _, webhook := range object.list("webhooks") {
		client := webhook.child("clientConfig")
		client["caBundle"] = base64.StdEncoding.EncodeToString(authority)
		client.child("service")["name"], client.child("service")["namespace"] = kserveWebhook, kserveNamespace
	}
	if object.name() == "inferenceservice-config" {
		object.child("data")["inferenceService"] = predictorResources
	}
	if pod, ok := object.pod(); ok {
		fit(pod)
		pod.list("containers")[0]["image"] = kserveImage
	}
}
