package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/moodring/moodring/contract"
)

// Discovery lists the entries of every kind of discovery. Keys that also exist
// in Prometheus have the same meaning.
//
// A new kind needs a field here, a type that is an SDConfig, a line in
// Discoveries and a method of Visitor.
type Discovery struct {
	FileSD       []FileSD       `yaml:"file_sd_configs"`
	DNSSD        []DNSSD        `yaml:"dns_sd_configs"`
	KubernetesSD []KubernetesSD `yaml:"kubernetes_sd_configs"`
}

// Discoveries returns the entries of every kind of discovery.
func (d *Discovery) Discoveries() []SDConfig {
	return slices.Concat(entries(d.FileSD), entries(d.DNSSD), entries(d.KubernetesSD))
}

// entries returns pointers to the elements of list.
func entries[T any, P interface {
	*T
	SDConfig
}](list []T) []SDConfig {
	all := make([]SDConfig, len(list))
	for i := range list {
		all[i] = P(&list[i])
	}
	return all
}

// SDConfig is an entry of a list such as file_sd_configs.
type SDConfig interface {
	Kind() string          // one of contract.Sources; the key in the file is KIND_sd_configs
	Visit(v Visitor) error // calls the method of v for this kind

	check(format Format) error // also sets defaults
	resolve(folder string)     // makes relative file names relative to folder
}

// Visitor has a method for each kind of discovery, so code that handles one
// kind does not compile until it handles all.
type Visitor interface {
	File(sd FileSD) error
	DNS(sd DNSSD) error
	Kubernetes(sd KubernetesSD) error
}

func (d *Discovery) check(format Format) error {
	index := make(map[string]int) // in the list of the same kind
	for _, sd := range d.Discoveries() {
		if err := sd.check(format); err != nil {
			return fmt.Errorf("%s_sd_configs[%d]: %w", sd.Kind(), index[sd.Kind()], err)
		}
		index[sd.Kind()]++
	}
	return nil
}

func (d *Discovery) resolve(folder string) {
	for _, sd := range d.Discoveries() {
		sd.resolve(folder)
	}
}

// FileSD is an entry of file_sd_configs: files that list gateways in Prometheus's
// file_sd format.
type FileSD struct {
	Files           []string `yaml:"files"` // the last path element may contain one *
	RefreshInterval Duration `yaml:"refresh_interval"`
}

// Kind returns contract.SourceFile.
func (s *FileSD) Kind() string { return contract.SourceFile }

// Visit calls v.File.
func (s *FileSD) Visit(v Visitor) error { return v.File(*s) }

var filePattern = regexp.MustCompile(`^[^*]*(\*[^/]*)?\.(json|yml|yaml)$`)

func (s *FileSD) check(Format) error {
	if len(s.Files) == 0 {
		return errors.New("files: none given")
	}
	for _, file := range s.Files {
		if !filePattern.MatchString(file) {
			return fmt.Errorf("files: %q: want a name that ends in .json, .yml or .yaml, with at most one *, in its last part", file)
		}
	}
	return fillDuration(&s.RefreshInterval, 5*time.Minute)
}

func (s *FileSD) resolve(folder string) {
	for i := range s.Files {
		s.Files[i] = inFolder(folder, s.Files[i])
	}
}

// DNSSD is an entry of dns_sd_configs: DNS names that resolve to gateways.
type DNSSD struct {
	Names           []string `yaml:"names"`
	Type            string   `yaml:"type"` // SRV, A or AAAA
	Port            int      `yaml:"port"` // for types A and AAAA; an SRV record has its own
	RefreshInterval Duration `yaml:"refresh_interval"`
}

// Kind returns contract.SourceDNS.
func (s *DNSSD) Kind() string { return contract.SourceDNS }

// Visit calls v.DNS.
func (s *DNSSD) Visit(v Visitor) error { return v.DNS(*s) }

func (s *DNSSD) check(Format) error {
	if s.Type == "" {
		s.Type = "SRV"
	}
	switch {
	case len(s.Names) == 0 || slices.Contains(s.Names, ""):
		return errors.New("names: none given, or an empty one")
	case !slices.Contains([]string{"SRV", "A", "AAAA"}, s.Type):
		return fmt.Errorf("type: %q is not SRV, A or AAAA", s.Type)
	case s.Type != "SRV" && !isPort(s.Port):
		return fmt.Errorf("port: %d is not a port, and a record of type %s has none", s.Port, s.Type)
	}
	return fillDuration(&s.RefreshInterval, 30*time.Second)
}

func (s *DNSSD) resolve(string) {} // it names no files

// Ports of a gateway that Istio runs.
const (
	portEnvoy = 15090 // Envoy's /stats/prometheus, open to everything that reaches the pod
	portAgent = 15020 // the same statistics, then those of the application and of Istio's agent
	portAdmin = 15000 // Envoy's admin endpoint, on the pod's loopback interface only
)

// KubernetesSD is the pods or endpoints that a cluster has.
type KubernetesSD struct {
	Role           string     `yaml:"role"`            // pod or endpointslice
	KubeconfigFile string     `yaml:"kubeconfig_file"` // "" is the pod's own account, or what kubectl would use
	Namespaces     Namespaces `yaml:"namespaces"`
	Label          string     `yaml:"label"`        // selector
	Port           int        `yaml:"port"`         // to scrape
	PortForward    bool       `yaml:"port_forward"` // through the API server, for who cannot reach pods
}

// Namespaces are those to look in; none means all.
type Namespaces struct {
	Names []string `yaml:"names"`
}

// IstioGateways returns what finds the pods of Istio's gateway.
func IstioGateways(namespaces []string, isForwarded bool) KubernetesSD {
	sd := KubernetesSD{Namespaces: Namespaces{namespaces}, PortForward: isForwarded}
	sd.fill()
	return sd
}

// Kind returns contract.SourceKubernetes.
func (s *KubernetesSD) Kind() string { return contract.SourceKubernetes }

// Visit calls v.Kubernetes.
func (s *KubernetesSD) Visit(v Visitor) error { return v.Kubernetes(*s) }

func (s *KubernetesSD) check(format Format) error {
	s.fill()
	if s.Role != "pod" && s.Role != "endpointslice" {
		return fmt.Errorf("role: %q is neither pod nor endpointslice", s.Role)
	}
	if _, err := labels.Parse(s.Label); err != nil {
		return fmt.Errorf("label: %q is no selector: %w", s.Label, err)
	}
	if !isPort(s.Port) {
		return fmt.Errorf("port: %d is not a port", s.Port)
	}
	if format == JSON && (s.Port == portEnvoy || s.Port == portAgent) {
		return fmt.Errorf("port: %d does not show scrape.format json, which the admin endpoint alone does: leave out the format, or set port_forward and leave out the port", s.Port)
	}
	if slices.Contains(s.Namespaces.Names, "") {
		return errors.New("namespaces.names: one is empty; leave out namespaces to look in all")
	}
	return nil
}

// fill fills in what is left out.
func (s *KubernetesSD) fill() {
	if s.Role == "" {
		s.Role = "pod"
	}
	if s.Label == "" {
		s.Label = "app=istio-ingressgateway"
	}
	if s.Port == 0 && s.PortForward {
		s.Port = portAdmin
	}
	if s.Port == 0 {
		s.Port = portEnvoy
	}
}

func (s *KubernetesSD) resolve(folder string) {
	if s.KubeconfigFile != "" {
		s.KubeconfigFile = inFolder(folder, s.KubeconfigFile)
	}
}

func inFolder(folder, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(folder, file)
}

func isPort(n int) bool { return n > 0 && n < 1<<16 }

func isPortText(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && isPort(n)
}

func fillDuration(d *Duration, usual time.Duration) error {
	if *d == 0 {
		*d = Duration(usual)
	}
	if *d < Duration(time.Second) {
		return fmt.Errorf("refresh_interval: %s is less than 1s", time.Duration(*d))
	}
	return nil
}
