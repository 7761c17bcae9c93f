package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// preset says where an installation of a gateway puts its pods.
type preset struct {
	namespace string // "" for all: the pods are beside the Gateway objects
	label     string
	port      int // with Envoy's statistics, open to the network
	adminPort int // for port-forwarding
}

// DefaultPreset is the preset of an entry without one.
const DefaultPreset = "istio"

// presets are the installations in which KServe runs, by name.
func presets() map[string]preset {
	return map[string]preset{
		// istioctl, and the manifests of Knative and KServe.
		DefaultPreset: {"istio-system", "app=istio-ingressgateway", portEnvoy, portAdmin},
		// The Helm chart istio/gateway, under the usual names of its release
		// (manifests/charts/gateway/templates/_helpers.tpl).
		"istio-helm": {"istio-ingress", "istio in (ingress, ingressgateway, gateway)", portEnvoy, portAdmin},
		// A Gateway of the Gateway API that Istio deploys. Waypoints have another value.
		"istio-gateway-api": {"", "gateway.istio.io/managed=istio.io-gateway-controller", portEnvoy, portAdmin},
		"envoy-gateway":     {"envoy-gateway-system", "app.kubernetes.io/managed-by=envoy-gateway,app.kubernetes.io/component=proxy", portEnvoyGateway, portEnvoyGateway},
		"contour":           {"projectcontour", "app=envoy", portContour, portContour},
	}
}

// Presets returns the names of all presets.
func Presets() []string { return slices.Sorted(maps.Keys(presets())) }

// KnownGateways returns an entry for each preset, to find out which of them the
// cluster has. namespaces replace those of the presets, if there are any.
func KnownGateways(namespaces []string, isForwarded bool) []KubernetesSD {
	var all []KubernetesSD
	for _, name := range Presets() {
		sd := KubernetesSD{Preset: name, Namespaces: Namespaces{namespaces}, PortForward: isForwarded, IsGuess: true}
		sd.MayBeForbidden = name != DefaultPreset && len(namespaces) == 0
		sd.setDefaults()
		all = append(all, sd)
	}
	return all
}

// setDefaults sets the keys that the file leaves out to those of the preset.
func (s *KubernetesSD) setDefaults() {
	if s.Role == "" {
		s.Role = "pod"
	}
	known, isKnown := presets()[s.Preset]
	if !isKnown {
		known = presets()[DefaultPreset]
	}
	if s.Preset != "" && known.namespace != "" && len(s.Namespaces.Names) == 0 {
		s.Namespaces.Names = []string{known.namespace}
	}
	if s.Label == "" {
		s.Label = known.label
	}
	switch {
	case s.Port != 0:
	case s.PortForward:
		s.Port = known.adminPort
	default:
		s.Port = known.port
	}
}

func (s *KubernetesSD) checkPreset() error {
	if _, isKnown := presets()[s.Preset]; s.Preset != "" && !isKnown {
		return fmt.Errorf("preset: %q is not one of %s", s.Preset, strings.Join(Presets(), ", "))
	}
	return nil
}
