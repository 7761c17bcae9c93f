package main

import (
	"slices"
	"strings"

	api "istio.io/api/networking/v1beta1"
	istio "istio.io/client-go/pkg/apis/networking/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"knative.dev/networking/pkg/apis/networking"
	"knative.dev/networking/pkg/apis/networking/v1alpha1"
	"knative.dev/networking/pkg/ingress"
)

const (
	clusterDomain = ".svc.cluster.local"
	mesh          = "mesh" // Istio's name for all sidecars
)

// gateway returns the Gateway for hosts of a visibility.
func gateway(v v1alpha1.IngressVisibility) string {
	if v == v1alpha1.IngressVisibilityClusterLocal {
		return "knative-serving/knative-local-gateway"
	}
	return "knative-serving/knative-ingress-gateway"
}

// virtualServices returns one VirtualService for the gateways, and one for sidecars
// if a host is the cluster's own.
func virtualServices(of *v1alpha1.Ingress) []*istio.VirtualService {
	all, inner := sets.New[string](), sets.New[string]()
	for _, rule := range of.Spec.Rules {
		all.Insert(rule.Hosts...)
	}
	for host := range all {
		if strings.HasSuffix(host, clusterDomain) {
			inner.Insert(host)
		}
	}
	services := []*istio.VirtualService{virtualService(of, "-ingress", ingress.ExpandedHosts(all), gateway)}
	if inner.Len() > 0 {
		toMesh := func(v1alpha1.IngressVisibility) string { return mesh }
		services = append(services, virtualService(of, "-mesh", ingress.ExpandedHosts(inner), toMesh))
	}
	return services
}

func virtualService(of *v1alpha1.Ingress, suffix string, hosts sets.Set[string], gateway func(v1alpha1.IngressVisibility) string) *istio.VirtualService {
	service := &istio.VirtualService{
		TypeMeta: metav1.TypeMeta{APIVersion: "networking.istio.io/v1beta1", Kind: "VirtualService"},
		ObjectMeta: metav1.ObjectMeta{
			Name: of.Name + suffix, Namespace: of.Namespace, Annotations: of.Annotations,
			Labels: map[string]string{networking.IngressLabelKey: of.Name},
		},
	}
	for key, value := range of.Labels {
		service.Labels[key] = value
	}
	service.Spec.Hosts = sets.List(hosts)
	used := sets.New[string]()
	for _, rule := range of.Spec.Rules {
		own := hosts.Intersection(sets.New(rule.Hosts...))
		if own.Len() == 0 {
			continue
		}
		used.Insert(gateway(rule.Visibility))
		for i := range rule.HTTP.Paths {
			service.Spec.Http = append(service.Spec.Http, route(own, &rule.HTTP.Paths[i], gateway(rule.Visibility)))
		}
	}
	service.Spec.Gateways = sets.List(used)
	return service
}

// route leads requests for hosts and a path to revisions, by their shares.
func route(hosts sets.Set[string], path *v1alpha1.HTTPIngressPath, gateway string) *api.HTTPRoute {
	// Knative retries by itself: net-istio switches Istio's retries off.
	made := &api.HTTPRoute{Retries: &api.HTTPRetry{}, Headers: setHeaders(path.AppendHeaders)}
	for _, prefix := range prefixes(hosts) {
		made.Match = append(made.Match, match(prefix, path, gateway))
	}
	for _, split := range path.Splits {
		made.Route = append(made.Route, &api.HTTPRouteDestination{
			Destination: &api.Destination{
				Host: split.ServiceName + "." + split.ServiceNamespace + clusterDomain,
				Port: &api.PortSelector{Number: uint32(split.ServicePort.IntValue())},
			},
			Weight: int32(split.Percent), Headers: setHeaders(split.AppendHeaders),
		})
	}
	if path.RewriteHost != "" {
		made.Rewrite = &api.HTTPRewrite{Authority: path.RewriteHost}
	}
	return made
}

// prefixes returns the hosts without the cluster's domain, and without those that
// begin with another one: name.namespace also matches name.namespace.svc.
func prefixes(hosts sets.Set[string]) []string {
	var kept []string
	for _, host := range sets.List(hosts) {
		host = strings.TrimSuffix(host, clusterDomain)
		if !slices.ContainsFunc(kept, func(prefix string) bool { return strings.HasPrefix(host, prefix) }) {
			kept = append(kept, host)
		}
	}
	return kept
}

func match(host string, path *v1alpha1.HTTPIngressPath, gateway string) *api.HTTPMatchRequest {
	made := &api.HTTPMatchRequest{
		Gateways:  []string{gateway},
		Authority: &api.StringMatch{MatchType: &api.StringMatch_Prefix{Prefix: host}},
	}
	if path.Path != "" {
		made.Uri = &api.StringMatch{MatchType: &api.StringMatch_Prefix{Prefix: path.Path}}
	}
	for name, value := range path.Headers {
		if made.Headers == nil {
			made.Headers = map[string]*api.StringMatch{}
		}
		made.Headers[name] = &api.StringMatch{MatchType: &api.StringMatch_Exact{Exact: value.Exact}}
	}
	return made
}

func setHeaders(headers map[string]string) *api.Headers {
	if len(headers) == 0 {
		return nil
	}
	return &api.Headers{Request: &api.Headers_HeaderOperations{Set: headers}}
}
