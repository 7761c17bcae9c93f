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
)

// Keys that Prometheus has too mean what they mean there.

// Ports of a gateway that Istio runs.
const (
	portEnvoy = 15090 // Envoy's own /stats/prometheus, for all who reach the pod
	portAgent = 15020 // the same, with the application's and the agent's own
	portAdmin = 15000 // Envoy's admin endpoint, on the pod's loopback alone
)

// FileSD is files that list gateways in Prometheus's file_sd format.
type FileSD struct {
	Files           []string `yaml:"files"` // the last part may have a *
	RefreshInterval Duration `yaml:"refresh_interval"`
}

// DNSSD is names that resolve to gateways.
type DNSSD struct {
	Names           []string `yaml:"names"`
	Type            string   `yaml:"type"` // SRV, A or AAAA
	Port            int      `yaml:"port"` // where the type is not SRV
	RefreshInterval Duration `yaml:"refresh_interval"`
}

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

func (c *Config) checkDiscovery() error {
	if err := checkEach("file_sd_configs", c.FileSD, (*FileSD).check); err != nil {
		return err
	}
	if err := checkEach("dns_sd_configs", c.DNSSD, (*DNSSD).check); err != nil {
		return err
	}
	return checkEach("kubernetes_sd_configs", c.KubernetesSD, func(s *KubernetesSD) error { return s.check(c.Scrape.Format) })
}

func checkEach[T any](key string, all []T, check func(*T) error) error {
	for i := range all {
		if err := check(&all[i]); err != nil {
			return fmt.Errorf("%s[%d]: %w", key, i, err)
		}
	}
	return nil
}

var filePattern = regexp.MustCompile(`^[^*]*(\*[^/]*)?\.(json|yml|yaml)$`)

func (s *FileSD) check() error {
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

func (s *DNSSD) check() error {
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

// resolve makes relative names of files relative to folder.
func (c *Config) resolve(folder string) {
	for _, sd := range c.FileSD {
		for i := range sd.Files {
			sd.Files[i] = inFolder(folder, sd.Files[i])
		}
	}
	for i := range c.KubernetesSD {
		if file := &c.KubernetesSD[i].KubeconfigFile; *file != "" {
			*file = inFolder(folder, *file)
		}
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
