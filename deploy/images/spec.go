package main

// spec describes the content of an image. Sources are paths in the stage, without the
// platform's folder.
type spec struct {
	name, description string
	program           string   // the executable among the files, with its Go modules
	entrypoint        []string // of the container; empty for the filter, which is no container
	env               []string
	ports             []string
	files             []file
	isWasm            bool
}

// file is a file or a folder that goes into an image.
type file struct {
	source, target string
	isCommon       bool // the same for all platforms: below the stage's folder "common"
}

// user is the account of the containers: no root, and no account of the node's.
const user = "65532"

// specs returns all images.
func specs() []spec {
	certificates := file{"ca-certificates.crt", "etc/ssl/certs/ca-certificates.crt", true}
	return []spec{
		{
			name:        "exporter",
			description: "Scrapes Envoy gateways for the counters of Moodring's filter, and serves them to Prometheus.",
			program:     "exporter",
			entrypoint:  []string{"/exporter"},
			ports:       []string{"9847/tcp"},
			files:       []file{{source: "exporter", target: "exporter"}, certificates},
		},
		{
			name:        "dashgen",
			description: "Writes Moodring's Grafana dashboards and Prometheus rules, and checks dashboards.",
			program:     "dashgen",
			entrypoint:  []string{"/dashgen"},
			files:       []file{{source: "dashgen", target: "dashgen"}, certificates},
		},
		{
			name:        "modelserver",
			description: "Serves a text classifier over KServe's inference protocol, with an emotion model.",
			program:     "modelserver",
			entrypoint:  []string{"/modelserver", "--model_dir=/mnt/models", "--host=0.0.0.0", "--http_port=8080"},
			env:         []string{"ONNXRUNTIME_LIB=/usr/lib/libonnxruntime.so"},
			ports:       []string{"8080/tcp"},
			files: []file{
				{source: "modelserver", target: "modelserver"},
				{source: "libonnxruntime.so", target: "usr/lib/libonnxruntime.so"},
				{source: "base", target: ""},
				{"model", "mnt/models", true},
			},
		},
		{
			name:        "plugin",
			description: "Moodring's proxy-wasm filter, for Istio's WasmPlugin and Envoy Gateway's EnvoyExtensionPolicy.",
			isWasm:      true,
			files:       []file{{"plugin.wasm", "plugin.wasm", true}},
		},
	}
}
