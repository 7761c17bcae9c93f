// Package identity tells whose model has answered, from names in the gateway's own
// configuration. A caller cannot write any of these names.
package identity

import "github.com/moodring/moodring/plugin/internal/ascii"

// Names are names in the gateway's configuration that belong to one reply. A name
// that the gateway does not have is empty.
type Names struct {
	Route   string // object that Istio made the route of: .../namespaces/NS/virtual-service/NAME
	Cluster string // that has answered
	Host    string // the virtual host's name

	// Istio's metadata of the cluster. A sidecar's cluster has no Service in its name.
	Namespace, Service string
}

// Identity is the owner of a model, and the revision of the model that has
// answered.
type Identity struct {
	Namespace, Service string
	Revision           string // empty if the cluster leads to another gateway
}

// Of returns the identity that names give. The route's object comes first, then the
// cluster, then the virtual host.
func Of(names Names) Identity {
	upstream := parseCluster(names.Cluster)
	if len(upstream.name) == 0 {
		upstream.namespace, upstream.name, upstream.revision = names.Namespace, names.Service, names.Service
	}
	made := Identity{upstream.namespace, withoutRevision(upstream.name), upstream.revision}
	if namespace, name, ok := parseRoute(names.Route, upstream.name); ok {
		made.Namespace, made.Service = namespace, name
		return made
	}
	if len(upstream.name) == 0 || upstream.isGateway {
		made.Namespace, made.Service = parseHost(withoutPort(names.Host))
	}
	return made
}

// LeadsTo reports whether a cluster leads to one of these Services, each NAME or
// NAME.NAMESPACE.
func LeadsTo(cluster string, services []string) bool {
	upstream := parseCluster(cluster)
	for _, service := range services {
		name, ok := ascii.CutPrefix(service, upstream.name)
		if ok && (len(name) == 0 || name[0] == '.' && name[1:] == upstream.namespace) {
			return true
		}
	}
	return false
}

// upstream is the part of an identity that a cluster's name holds.
type upstream struct {
	namespace, name, revision string
	isGateway                 bool // whether the cluster leads to another gateway
}

// localGateway is the Service of the gateway to which KServe's routes lead in
// serverless mode. It stands before all models, so it is neither a service nor a
// revision.
const localGateway = "knative-local-gateway"

// parseCluster parses a cluster's name: outbound|PORT|SUBSET|HOST of Istio, and
// inbound-vip|PORT|SUBSET|HOST of its waypoints; httproute/NS/NAME/... of Envoy
// Gateway; NS/NAME of Knative's Kourier, and NS/NAME/PORT/HASH of Contour; or any
// other name.
func parseCluster(cluster string) upstream {
	kind, rest, ok := ascii.Cut(cluster, '|')
	switch {
	case ok && kind == "outbound":
		return parseOutbound(rest)
	case ok && kind == "inbound-vip": // with the protocol in the place of the subset
		_, host, _ := ascii.Cut(rest, '|')
		_, host, _ = ascii.Cut(host, '|')
		return parseOutbound("||" + host)
	case ok && kind == "inbound": // of a sidecar: it names the port only
		return upstream{}
	}
	kind, rest, ok = ascii.Cut(cluster, '/')
	if kind == "httproute" || kind == "grpcroute" {
		return parseRouteCluster(rest)
	}
	if name, after, hasPort := ascii.Cut(rest, '/'); ok && kind != "" && name != "" && (!hasPort || isContour(after)) {
		return upstream{namespace: kind, name: name, revision: name}
	}
	return upstream{name: cluster, revision: cluster}
}

// parseRouteCluster parses NS/NAME/... of Envoy Gateway.
func parseRouteCluster(rest string) (made upstream) {
	made.namespace, rest, _ = ascii.Cut(rest, '/')
	made.name, rest, _ = ascii.Cut(rest, '/')
	if number := behind(rest, '/', "backend"); number != "" {
		made.revision = "backend/" + number
	}
	return made
}

// behind returns the part of a path behind a segment, or an empty text.
func behind(path string, separator byte, segment string) string {
	for path != "" {
		var found string
		if found, path, _ = ascii.Cut(path, separator); found == segment {
			return path
		}
	}
	return ""
}

// isContour reports whether a text is PORT/HASH.
func isContour(rest string) bool {
	port, hash, ok := ascii.Cut(rest, '/')
	return ok && port != "" && areDigits(port) && hash != "" && ascii.IndexByte(hash, '/') < 0
}

// parseOutbound parses PORT|SUBSET|HOST.
func parseOutbound(rest string) (made upstream) {
	_, rest, _ = ascii.Cut(rest, '|')
	subset, host, _ := ascii.Cut(rest, '|')
	made.namespace, made.name = parseHost(host)
	if made.isGateway = made.name == localGateway; made.isGateway {
		return made
	}
	if made.revision = made.name; len(subset) > 0 {
		made.revision = subset
	}
	return made
}

// parseHost parses a host. The host of a Kubernetes Service is NAME.NS.svc and the
// cluster's domain; any other host is a service without a namespace.
func parseHost(host string) (namespace, name string) {
	name, rest, _ := ascii.Cut(host, '.')
	namespace, rest, _ = ascii.Cut(rest, '.')
	if kind, _, _ := ascii.Cut(rest, '.'); kind == "svc" {
		return namespace, name
	}
	return "", host
}

func withoutPort(host string) string {
	name, _, _ := ascii.Cut(host, ':')
	return name
}

// Suffixes of the VirtualServices that Istio makes itself
// (pkg/config/constants/constants.go). An Ingress's object is in istio-system,
// even if the Ingress is in another namespace, so its names do not tell whose the route
// is. Istio 1.31 merges the HTTPRoutes of a host into one object. Its name has the
// gateway before the suffix and the host behind it, and names no HTTPRoute
// (mergeHTTPRoutes in pilot/pkg/config/kube/gateway).
const (
	ofGatewayAPI = "istio-autogenerated-k8s-gateway"
	ofIngress    = "istio-autogenerated-k8s-ingress"
)

// parseRoute parses the name of the object that Istio made a route of. ok is false
// if the name does not tell whose the route is.
func parseRoute(route, upstream string) (namespace, name string, ok bool) {
	namespace, rest, _ := ascii.Cut(behind(route, '/', "namespaces"), '/')
	_, name, ok = ascii.Cut(rest, '/')
	if !ok || ascii.HasSuffix(name, ofIngress) || behind(name, '~', ofGatewayAPI) != "" {
		return "", "", false
	}
	if rest, isMade := ascii.CutSuffix(name, ofGatewayAPI); isMade { // NAME~0~ or NAME-0-
		return namespace, trimNumber(rest), true
	}
	return namespace, withoutKnative(name, upstream), true
}

// withoutKnative removes the suffix that Knative adds to the name of its
// VirtualService. The name is Knative's only if the upstream is one of the
// revisions.
func withoutKnative(name, upstream string) string {
	service := withoutRevision(upstream)
	if service != upstream && (name == service+"-ingress" || name == service+"-mesh") {
		return service
	}
	return name
}

// revisionDigits is the number of digits in the name of a Knative revision, such as
// bert-model-predictor-00002.
const revisionDigits = 5

// withoutRevision removes the number of a Knative revision from a name.
func withoutRevision(name string) string {
	dash := len(name) - revisionDigits - 1
	if dash <= 0 || name[dash] != '-' || !areDigits(name[dash+1:]) {
		return name
	}
	return name[:dash]
}

// trimNumber cuts a number and its separators off the end of a name.
func trimNumber(name string) string {
	for len(name) > 0 && (name[len(name)-1] == '~' || name[len(name)-1] == '-' || ascii.IsDigit(name[len(name)-1])) {
		name = name[:len(name)-1]
	}
	return name
}

func areDigits(text string) bool {
	for i := range len(text) {
		if !ascii.IsDigit(text[i]) {
			return false
		}
	}
	return true
}
