// Render prints the Envoy configuration that Istio makes of the manifests in deploy, reduced to what a plain Envoy on one
// machine can run.
//
//	go run . -manifests .. -o ../local/gateway.json
//	go run . -manifests ../seed -o ../local/gateway-seed.json
//
// It builds a kustomization, adds what Istio, Knative and KServe would add to it in a cluster (folder cluster), gives both
// to Istio's own control plane in this process, and asks it what it would send to the ingress gateway's pod. Nothing of
// the translation is ours. The reduction is (plain.go):
//
//   - Of the listeners only 0.0.0.0:8080 is kept, the way in from outside. In KServe's serverless mode a request comes out
//     of it to `outbound|80||knative-local-gateway.istio-system.svc.cluster.local`, which is the same pod again, on 8081,
//     and goes from there to the revision. On one machine there is no second pass: that cluster is the model server. It
//     loses HTTP/2, which only the pass between gateways speaks, and the virtual hosts that lead elsewhere are dropped.
//   - Routes (RDS) and the plugin (ECDS) are inlined, endpoints (EDS) become STRICT_DNS with the Service's own name.
//   - Filters that only Istio's build of Envoy has are dropped. Mutual TLS and Istio's own telemetry are off in
//     cluster/mesh.yaml.
//
// # The file
//
// The output is an Envoy bootstrap in JSON (envoy.config.bootstrap.v3.Bootstrap, the proto's field names), keys sorted,
// two spaces, the same bytes for the same manifests. It has `static_resources`, and the `stats_config` that Istio's agent
// gives the gateway, with ../gateway/stats-patch.yaml: the same names and tags as in a cluster. Whoever runs it fills in:
//
//   - static_resources.listeners[0].address.socket_address: 0.0.0.0:8080, Istio's own.
//   - static_resources.clusters[] by `name`, each with one endpoint, at
//     load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address:
//     `outbound|80||knative-local-gateway.istio-system.svc.cluster.local` is the model server (HTTP/1.1),
//     `outbound|8081||ratelimit.default.svc.cluster.local` the rate limit service (gRPC).
//   - the path of the plugin's file, in place of "moodring.wasm": in
//     listeners[0].filter_chains[0].filters[0].typed_config.http_filters[] the one whose typed_config["@type"] ends in
//     `wasm.v3.Wasm`, at typed_config.config.vm_config.code.local.filename.
//   - the access log's path, in place of "/dev/stdout": `access_log[].typed_config.path`, of the listener (requests with no
//     filter chain) and of its connection manager (all others).
//   - `admin`, as Istio has it on 127.0.0.1:15000.
package main
