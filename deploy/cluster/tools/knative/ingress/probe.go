package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/networking/pkg/apis/networking/v1alpha1"
	"knative.dev/networking/pkg/http/header"
)

const (
	gatewayNamespace = "istio-system"
	gatewayPods      = "istio=ingressgateway"
	gatewayPort      = "8080"
	probeLimit       = 5 * time.Second
)

// probe asks each pod of the gateway for the hash of its configuration, by a public
// host of the Ingress. An Ingress without a public host is not probed.
func (c controller) probe(ctx context.Context, of *v1alpha1.Ingress, hash string) error {
	host := publicHost(of)
	if host == "" {
		return nil
	}
	pods, err := c.kube.CoreV1().Pods(gatewayNamespace).List(ctx, metav1.ListOptions{LabelSelector: gatewayPods})
	if err != nil {
		return err
	}
	asked := 0
	for _, pod := range pods.Items {
		if pod.Status.PodIP == "" || pod.DeletionTimestamp != nil {
			continue
		}
		got, err := ask(ctx, pod.Status.PodIP, host)
		if err != nil {
			return fmt.Errorf("probe of %s: %w", pod.Name, err)
		}
		if got != hash {
			return fmt.Errorf("probe of %s: configuration %q, not yet %q", pod.Name, got, hash)
		}
		asked++
	}
	if asked == 0 {
		return errors.New("probe: the gateway has no pods")
	}
	return nil
}

func publicHost(of *v1alpha1.Ingress) string {
	for _, rule := range of.Spec.Rules {
		if rule.Visibility != v1alpha1.IngressVisibilityClusterLocal && len(rule.Hosts) > 0 {
			return rule.Hosts[0]
		}
	}
	return ""
}

// ask sends Knative's probe and returns the hash in the reply.
func ask(ctx context.Context, address, host string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+":"+gatewayPort+"/healthz", nil)
	if err != nil {
		return "", err
	}
	request.Host = host
	request.Header.Set("User-Agent", header.IngressReadinessUserAgent)
	request.Header.Set(header.ProbeKey, header.ProbeValue)
	request.Header.Set(header.HashKey, header.HashValueOverride)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", errors.New(response.Status)
	}
	return response.Header.Get(header.HashKey), nil
}
