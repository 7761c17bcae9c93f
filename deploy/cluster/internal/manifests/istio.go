package manifests

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Istio returns the objects that istioctl makes of an IstioOperator, its definitions of kinds
// first. The charts are in istioctl itself.
func Istio(ctx context.Context, istioctl, operator string) (definitions, objects []Object, err error) {
	command := exec.CommandContext(ctx, istioctl, "manifest", "generate", "-f", operator)
	var errs strings.Builder
	command.Stderr = &errs
	text, err := command.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("istioctl manifest generate: %w: %s", err, errs.String())
	}
	all, err := parse(text)
	if err != nil {
		return nil, nil, fmt.Errorf("istioctl manifest generate: %w", err)
	}
	for _, object := range all {
		if object.kind() == "CustomResourceDefinition" {
			definitions = append(definitions, object)
			continue
		}
		if pod, ok := object.pod(); ok {
			fit(pod)
		}
		objects = append(objects, object)
	}
	objects = slices.DeleteFunc(objects, func(o Object) bool { return o.kind() == "HorizontalPodAutoscaler" || o.kind() == "PodDisruptionBudget" })
	return definitions, append([]Object{namespace("istio-system")}, objects...), nil
}

// GatewayDefinitions returns the kinds of the Gateway API, which Istio serves.
func (m Modules) GatewayDefinitions() ([]Object, error) {
	objects, err := load(filepath.Join(m.GatewayAPI, "config/crd/standard/*.yaml"))
	return slices.DeleteFunc(objects, func(o Object) bool { return o.kind() != "CustomResourceDefinition" }), err
}
