package images

import (
	"path/filepath"

	"github.com/moodring/moodring/deploy/cluster/internal/manifests"
	"github.com/moodring/moodring/deploy/cluster/internal/node"
	"github.com/moodring/moodring/deploy/cluster/internal/tools"
)

// Sources say where the files of the images are.
type Sources struct {
	Root     string            // the checkout
	Programs map[string]string // the folders of tools.Builder.Build
	Istio    string            // the folder of Istio's module
	Envoy    string            // Envoy's binary
	Curl     string
	Redis    string
	Iptables string // the one binary of all of iptables' commands
}

// Own returns the images of the cluster's own program: the process that holds a pod's
// namespaces, and the program with its other commands.
func Own(program string) []Image {
	pause := Image{Names: []string{node.Sandbox}, User: "0", Entrypoint: []string{"/cluster", "pause"}, Files: map[string]string{"/cluster": program}}
	all := pause
	all.Names, all.Entrypoint, all.Writable = []string{manifests.OwnImage}, []string{"/cluster"}, []string{"/tmp"}
	return []Image{pause, all}
}

const (
	nobody       = "65532"
	istioUser    = "1337" // Istio's charts name it
	bootstrap    = "/var/lib/istio/envoy/envoy_bootstrap_tmpl.json"
	istioBinary  = "/usr/local/bin/"
	knativeImage = "moodring.local/knative/"
	extensions   = "/usr/lib/x86_64-linux-gnu/xtables" // iptables' matches and targets
)

// Catalog returns the images of other projects' programs.
func (s Sources) Catalog() []Image {
	images := append(s.istio(), s.knative()...)
	return append(images,
		s.program("coredns", "coredns", "/coredns", "moodring.local/coredns:1"),
		s.program("kubernetes", "kubectl", "/bin/kubectl", "registry.k8s.io/kubectl:v1.34.1"),
		s.prometheus(),
		s.kiali(),
		s.grafana(),
		Image{
			Names: []string{"docker.io/envoyproxy/ratelimit:30a4ce1a"}, User: nobody,
			Files: map[string]string{"/bin/ratelimit": filepath.Join(s.Root, "bin/ratelimit")}, Writable: []string{"/tmp"},
		},
		Image{
			// Docker's image of Redis turns the protected mode off as well. The mode refuses
			// callers from other addresses.
			Names: []string{"docker.io/library/redis:7-alpine", "docker.io/library/redis:alpine"}, User: nobody, Folder: "/tmp",
			Entrypoint: []string{"/redis-server", "--protected-mode", "no"},
			Files:      map[string]string{"/redis-server": s.Redis}, Writable: []string{"/tmp"},
		})
}

// program returns an image of one program.
func (s Sources) program(module, name, at string, names ...string) Image {
	return Image{
		Names: names, User: nobody, Entrypoint: []string{at}, Writable: []string{"/tmp"},
		Files: map[string]string{at: filepath.Join(s.Programs[module], name)},
	}
}

// istio returns Istio's two images. The proxy is the stock Envoy, not Istio's own
// build of it.
func (s Sources) istio() []Image {
	template := filepath.Join(s.Istio, "tools/packaging/common/envoy_bootstrap.json")
	pilot := filepath.Join(s.Programs["istio"], "pilot-discovery")
	agent := filepath.Join(s.Programs["istio"], "pilot-agent")
	return []Image{
		{
			Names: []string{"docker.io/istio/pilot:" + tools.IstioTag}, User: istioUser, Entrypoint: []string{istioBinary + "pilot-discovery"},
			Files: map[string]string{istioBinary + "pilot-discovery": pilot, bootstrap: template}, Writable: []string{"/tmp"},
		},
		{
			Names: []string{"docker.io/istio/proxyv2:" + tools.IstioTag}, User: istioUser, Entrypoint: []string{istioBinary + "pilot-agent"},
			Files: s.withIptables(map[string]string{
				istioBinary + "pilot-agent": agent, istioBinary + "envoy": s.Envoy, bootstrap: template, "/usr/bin/curl": s.Curl,
			}),
			Writable: []string{"/tmp", "/etc/istio/proxy", "/var/lib/istio/data"},
		},
	}
}

// withIptables adds the commands with which a sidecar's first container redirects the
// pod's traffic. The binary does the work of the command that it is called as.
func (s Sources) withIptables(files map[string]string) map[string]string {
	for _, family := range []string{"iptables", "ip6tables"} {
		for _, command := range []string{"", "-save", "-restore", "-nft", "-nft-save", "-nft-restore"} {
			files["/usr/sbin/"+family+command] = s.Iptables
		}
	}
	files[extensions] = extensions
	return files
}

func (s Sources) knative() []Image {
	var images []Image
	for _, name := range []string{"controller", "webhook", "autoscaler", "activator", "queue", "ingress"} {
		images = append(images, s.program("knative", name, "/ko-app/"+name, knativeImage+name+":1"))
	}
	return append(images, Image{
		Names: []string{"moodring.local/kserve/manager:1"}, User: nobody, Writable: []string{"/tmp"},
		Files: map[string]string{"/manager": filepath.Join(s.Programs["knative"], "manager")},
	})
}

func (s Sources) prometheus() Image {
	image := s.program("prometheus", "prometheus", "/bin/prometheus", "docker.io/prom/prometheus:v3.10.0")
	image.User, image.Writable = "65534", append(image.Writable, "/data")
	return image
}

func (s Sources) kiali() Image {
	image := s.program("kiali", "kiali", "/opt/kiali/kiali", "quay.io/kiali/kiali:v2.27")
	image.User = "1000"
	image.Files["/opt/kiali/console/index.html"] = filepath.Join(s.Root, "deploy/cluster/manifests/kiali.html")
	return image
}

// grafana returns an image of dashgen's preview under Grafana's name, with programs
// that list and show the files that manifests mount for Grafana.
func (s Sources) grafana() Image {
	return Image{
		Names: []string{"docker.io/grafana/grafana:12.0.1"}, User: "472", Writable: []string{"/tmp"},
		Entrypoint: []string{"/dashgen", "preview", "--prometheus", "http://prometheus:9090", "--scrape-interval", "5s", "--web.listen-address", ":3000"},
		Files:      map[string]string{"/dashgen": filepath.Join(s.Root, "bin/dashgen"), "/bin/ls": "/bin/ls", "/bin/cat": "/bin/cat"},
	}
}
