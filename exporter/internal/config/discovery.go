package config

import (
	"cmp"
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

// Discovery lists the entries of every kind of discovery. Keys that also exist in
// Prometheus have the same meaning.
//
// A new kind needs a field here, a type that implements SDConfig, an argument in
// Discoveries and a method of Visitor. The compiler and the tests then name the
// other two places: contract.Sources and the discoverer.
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

// SDConfig is an entry of file_sd_configs or of another kind of discovery.
type SDConfig interface {
	Kind() string          // is in contract.Sources; the key in the file is KIND_sd_configs
	Visit(v Visitor) error // calls the method of v for this kind
	Settings() *Source

	check(format Format) error // also sets defaults
	resolve(folder string)     // makes relative file names relative to folder
}

// Visitor has a method for each kind of discovery: a package that handles the
// kinds does not compile until all are handled.
type Visitor interface {
	File(sd FileSD) error
	DNS(sd DNSSD) error
	Kubernetes(sd KubernetesSD) error
}

func (d *Discovery) check(format Format) error {
	index := make(map[string]int) // in the list of the same kind
	for _, sd := range d.Discoveries() {
		own := cmp.Or(sd.Settings().Scrape.Format, format)
		if err := errors.Join(sd.Settings().checkSource(), sd.check(own)); err != nil {
			return fmt.Errorf("%s_sd_configs[%d]: %w", sd.Kind(), index[sd.Kind()], err)
		}
		index[sd.Kind()]++
	}
	return nil
}

// FileSD is an entry of file_sd_configs: files in Prometheus's file_sd format.
type FileSD struct {
	Files           []string `yaml:"files"` // the last path element may contain a *
	RefreshInterval Duration `yaml:"refresh_interval"`

	Source `yaml:",inline"`
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
	return checkRefresh(&s.RefreshInterval, 5*time.Minute)
}

func (s *FileSD) resolve(folder string) {
	for i := range s.Files {
		s.Files[i] = inFolder(folder, s.Files[i])
	}
}

// DNSSD is an entry of dns_sd_configs: DNS names of gateways.
type DNSSD struct {
	Names           []string `yaml:"names"`
	Type            string   `yaml:"type"` // SRV, A or AAAA
	Port            int      `yaml:"port"` // for types A and AAAA; an SRV record has its own
	RefreshInterval Duration `yaml:"refresh_interval"`

	Source `yaml:",inline"`
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
	return checkRefresh(&s.RefreshInterval, 30*time.Second)
}

func (s *DNSSD) resolve(string) {} // no file names

// Ports with the statistics of a gateway's Envoy.
const (
	portEnvoy = 15090 // Envoy's /stats/prometheus, open to the network
	portAgent = 15020 // the same statistics, and the metrics of the application and of Istio's agent
	portAdmin = 15000 // Envoy's admin endpoint, on the pod's loopback interface only

	portEnvoyGateway = 19001 // of Envoy Gateway
	portContour      = 8002  // of Contour
)

// KubernetesSD is an entry of kubernetes_sd_configs: pods or endpoint slices of a
// cluster.
type KubernetesSD struct {
	Preset         string     `yaml:"preset"`          // one of Presets: sets namespaces, label and port unless they are given
	Role           string     `yaml:"role"`            // pod or endpointslice
	KubeconfigFile string     `yaml:"kubeconfig_file"` // "": the pod's service account, or kubectl's configuration
	Namespaces     Namespaces `yaml:"namespaces"`
	Label          string     `yaml:"label"`        // label selector
	Port           int        `yaml:"port"`         // to scrape
	PortForward    bool       `yaml:"port_forward"` // scrape through the API server

	IsGuess        bool `yaml:"-"` // the cluster need not have such gateways
	MayBeForbidden bool `yaml:"-"` // the account need not have the right to look

	Source `yaml:",inline"`
}

// Namespaces are the namespaces to watch. An empty list means all.
type Namespaces struct {
	Names []string `yaml:"names"`
}

// Kind returns contract.SourceKubernetes.
func (s *KubernetesSD) Kind() string { return contract.SourceKubernetes }

// Visit calls v.Kubernetes.
func (s *KubernetesSD) Visit(v Visitor) error { return v.Kubernetes(*s) }

func (s *KubernetesSD) check(format Format) error {
	if err := s.checkPreset(); err != nil {
		return err
	}
	s.setDefaults()
	if s.Role != "pod" && s.Role != "endpointslice" {
		return fmt.Errorf("role: %q is neither pod nor endpointslice", s.Role)
	}
	if _, err := labels.Parse(s.Label); err != nil {
		return fmt.Errorf("label: %q is not a label selector: %w", s.Label, err)
	}
	if !isPort(s.Port) {
		return fmt.Errorf("port: %d is not a port", s.Port)
	}
	if format == JSON && slices.Contains([]int{portEnvoy, portAgent, portEnvoyGateway, portContour}, s.Port) {
		return fmt.Errorf("port: %d does not serve scrape.format json, only the admin endpoint does: leave out the format, or set port_forward and leave out the port", s.Port)
	}
	if slices.Contains(s.Namespaces.Names, "") {
		return errors.New("namespaces.names: a name is empty; leave out namespaces to look in all namespaces")
	}
	return nil
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

// IsPortText reports whether a text is the number of a port.
func IsPortText(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && isPort(n)
}

// checkRefresh also sets the standard interval if the file has none.
func checkRefresh(d *Duration, standard time.Duration) error {
	if *d == 0 {
		*d = Duration(standard)
	}
	if *d < Duration(time.Second) {
		return fmt.Errorf("refresh_interval: %s is less than 1s", time.Duration(*d))
	}
	return nil
}
