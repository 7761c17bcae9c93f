package cluster

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

const (
	modelLimit   = 3 * time.Minute
	gatewayLimit = 2 * time.Minute
)

// Demo applies our manifests, as deploy/README.md says, and returns when the model is
// ready.
func (c *Cluster) Demo(ctx context.Context) error {
	c.options.Progress("applying the demo: kubectl apply -k deploy")
	deploy := filepath.Join(c.options.Root, "deploy")
	for _, args := range [][]string{
		{"apply", "-k", deploy},
		{"-n", "istio-system", "patch", "deployment", "istio-ingressgateway", "--patch-file", filepath.Join(deploy, "gateway/stats-patch.yaml")},
		{"wait", "--for=condition=Ready", "inferenceservice/bert-model", "--timeout=" + modelLimit.String()},
		{"-n", "istio-system", "rollout", "status", "deployment/istio-ingressgateway", "--timeout=" + gatewayLimit.String()},
	} {
		if _, err := c.Run(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// Address returns the address of a Service within the node.
func (c *Cluster) Address(ctx context.Context, namespace, service string, port int) (string, error) {
	address, err := c.Run(ctx, "-n", namespace, "get", "service", service, "-o", "jsonpath={.spec.clusterIP}")
	return fmt.Sprintf("%s:%d", strings.TrimSpace(address), port), err
}
