package discovery

import (
	"path/filepath"
	"testing"

	"github.com/moodring/moodring/exporter/internal/config"
)

// The exporter can log in the ways that kubectl can: by a cloud's login program and
// by OpenID Connect.
func TestKubeconfigLogins(t *testing.T) {
	for name, user := range map[string]string{
		"a program":      "exec: {apiVersion: client.authentication.k8s.io/v1, command: gke-gcloud-auth-plugin, interactiveMode: IfAvailable}",
		"OpenID Connect": "auth-provider: {name: oidc, config: {idp-issuer-url: 'https://issuer.example', client-id: moodring, refresh-token: x}}",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "kubeconfig")
			write(t, file, `{apiVersion: v1, kind: Config, current-context: c,
contexts: [{name: c, context: {cluster: c, user: u}}], clusters: [{name: c, cluster: {server: 'https://192.0.2.1'}}], users: [{name: u, user: {`+user+`}}]}`)
			cfg, err := config.Parse([]byte("kubernetes_sd_configs: [{kubeconfig_file: " + file + "}]"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := NewPlan(cfg); err != nil {
				t.Error(err)
			}
		})
	}
}
