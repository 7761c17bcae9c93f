// Translate prints the Envoy configuration that Istio makes from the manifests in deploy, reduced to the parts that a
// plain Envoy on one machine can run.
//
//	go run . -manifests .. -o ../local/gateway.json
//	go run . -manifests ../seed -o ../local/gateway-seed.json
//	go run . -both-passes -manifests testdata/owners -o ../../plugin/testdata/istio/owners.json
//
// The program builds a kustomization, adds the objects that Istio, Knative and KServe would create in a cluster (folder
// cluster), and runs Istio's own control plane on both in this process. It prints the configuration that the control plane
// would send to the ingress gateway's pod. Istio makes the whole translation; only the reduction is ours (plain.go):
//
//   - Only the listener 0.0.0.0:8080 stays, which receives requests from outside. In KServe's serverless mode the gateway
//     sends a request from there to `outbound|80||knative-local-gateway.istio-system.svc.cluster.local`, the same pod
//     again on 8081, and from there to the revision. On one machine there is no second pass: the cluster is the model
//     server. It loses HTTP/2, which only gateways use between themselves. Virtual hosts for other services are dropped.
//     With -both-passes the listener 0.0.0.0:8081 stays too, and all virtual hosts.
//   - Routes (RDS) and the plugin (ECDS) are inlined. Endpoints (EDS) become STRICT_DNS with the name of the Service.
//   - Filters that exist only in Istio's build of Envoy are dropped. cluster/mesh.yaml turns off mutual TLS and Istio's
//     own telemetry.
//
// # The file
//
// The output is an Envoy bootstrap in JSON (envoy.config.bootstrap.v3.Bootstrap, the proto's field names) with sorted keys
// and an indent of two spaces. The same manifests give the same bytes. The file holds `static_resources`, and the
// `stats_config` and `layered_runtime` that Istio's agent gives a gateway patched with ../gateway/stats-patch.yaml, so that
// stats have the same names and tags, and Envoy the same limits, as in a cluster. To run the file, set:
//
//   - static_resources.listeners[0].address.socket_address: 0.0.0.0:8080 in Istio.
//   - static_resources.clusters[] by `name`, each with one endpoint, at
//     load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address:
//     `outbound|80||knative-local-gateway.istio-system.svc.cluster.local` is the model server (HTTP/1.1),
//     `outbound|8081||ratelimit.default.svc.cluster.local` the rate limit service (gRPC).
//   - the path of the plugin's file, in place of "moodring.wasm": the filter in
//     listeners[0].filter_chains[0].filters[0].typed_config.http_filters[] whose typed_config["@type"] ends in
//     `wasm.v3.Wasm`, at typed_config.config.vm_config.code.local.filename.
//   - the path of the access log, in place of "/dev/stdout": `access_log[].typed_config.path` of the listener (requests
//     without a filter chain) and of its connection manager (all other requests).
//   - `admin`: 127.0.0.1:15000 in Istio.
package main
