// Package kube asks a node's API server, by kubectl.
package kube

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/moodring/moodring/deploy/cluster/internal/manifests"
	"github.com/moodring/moodring/deploy/cluster/internal/node"
)

// Cluster runs kubectl in a node.
type Cluster struct{ Node *node.Node }

// Run runs kubectl and returns its output.
func (c Cluster) Run(ctx context.Context, args ...string) (string, error) {
	return c.run(c.Node.Command(ctx, "kubectl", args...), nil)
}

func (c Cluster) run(command *exec.Cmd, input io.Reader) (string, error) {
	var out, errs strings.Builder
	command.Stdin, command.Stdout, command.Stderr = input, &out, &errs
	if err := c.Node.Run(command); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", strings.Join(command.Args, " "), err, strings.TrimSpace(errs.String()))
	}
	return out.String(), nil
}

// Apply creates or changes objects. It tries again for a while: a webhook, or the
// controller of a definition, may not be up yet.
func (c Cluster) Apply(ctx context.Context, objects []manifests.Object) error {
	text, err := manifests.Text(objects)
	if err != nil {
		return err
	}
	return c.ApplyText(ctx, text)
}

const (
	applyTries = 20
	applyEvery = time.Second
)

// ApplyText is Apply for objects in YAML.
func (c Cluster) ApplyText(ctx context.Context, text string) error {
	for try := 1; ; try++ {
		command := c.Node.Command(ctx, "kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-")
		_, err := c.run(command, strings.NewReader(text))
		if err == nil || try == applyTries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(applyEvery):
		}
	}
}

// AwaitDefinitions returns when the API server serves all custom kinds.
func (c Cluster) AwaitDefinitions(ctx context.Context) error {
	_, err := c.Run(ctx, "wait", "--for=condition=Established", "--all", "crd", "--timeout=60s")
	return err
}

// AwaitDeployments returns when all Deployments of a namespace are available. The
// error shows the pods that are not ready.
func (c Cluster) AwaitDeployments(ctx context.Context, namespace string, limit time.Duration) error {
	_, err := c.Run(ctx, "-n", namespace, "wait", "--for=condition=Available", "--all", "deployments", "--timeout="+limit.String())
	if err == nil {
		return nil
	}
	pods, _ := c.Run(ctx, "-n", namespace, "get", "pods") // more for the message
	events, _ := c.Run(ctx, "-n", namespace, "get", "events", "--field-selector=type=Warning", "--sort-by=.lastTimestamp")
	return fmt.Errorf("namespace %s: %w\n%s\n%s", namespace, err, pods, events)
}
