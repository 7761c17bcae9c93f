package stack

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
)

// Port is one that the stack listens on, of 127.0.0.1.
type Port struct {
	Name   string
	Env    string // environment variable that sets it; 0 takes any free port
	Number int
}

// Ports are all of them.
type Ports struct {
	Gateway, Admin, ModelServer, RateLimit, RateLimitGRPC, Exporter, Prometheus, Preview Port
}

// DefaultPorts are the seed's, where it names them.
func DefaultPorts() Ports {
	return Ports{
		Gateway:       Port{"gateway", "GATEWAY_PORT", 8080},
		Admin:         Port{"admin", "ADMIN_PORT", 15000},
		ModelServer:   Port{"modelserver", "MODELSERVER_PORT", 8085},
		RateLimit:     Port{"ratelimit", "RATELIMIT_PORT", 8082},
		RateLimitGRPC: Port{"ratelimit gRPC", "RATELIMIT_GRPC_PORT", 8081},
		Exporter:      Port{"exporter", "EXPORTER_PORT", 9847},
		Prometheus:    Port{"prometheus", "PROMETHEUS_PORT", 9090},
		Preview:       Port{"preview", "PREVIEW_PORT", 3000},
	}
}

func (p *Ports) all() []*Port {
	return []*Port{&p.Gateway, &p.Admin, &p.ModelServer, &p.RateLimit, &p.RateLimitGRPC, &p.Exporter, &p.Prometheus, &p.Preview}
}

// FromEnvironment sets the ports that lookup has.
func (p *Ports) FromEnvironment(lookup func(string) (string, bool)) error {
	for _, port := range p.all() {
		text, isSet := lookup(port.Env)
		if !isSet {
			continue
		}
		number, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return fmt.Errorf("%s is %q; give a port, 0 to 65535", port.Env, text)
		}
		port.Number = int(number)
	}
	return nil
}

// claim listens on every port, so that one that is taken is found before
// anything starts, and gives each its number.
func (p *Ports) claim() (claims, error) {
	held := claims{}
	for _, port := range p.all() {
		listener, err := net.Listen("tcp", port.address())
		if errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("port %d (%s) is taken by another program: stop it, or choose a port with %s=PORT", port.Number, port.Name, port.Env)
		}
		if err != nil {
			return nil, errors.Join(err, held.release())
		}
		port.Number = listener.Addr().(*net.TCPAddr).Port
		held[port.Name] = listener
	}
	return held, nil
}

// claims are listeners by the name of their port.
type claims map[string]net.Listener

// free gives the port up, for the program that is to listen on it.
func (c claims) free(port Port) error { return c.take(port).Close() }

// take hands the port's listener over.
func (c claims) take(port Port) net.Listener {
	listener := c[port.Name]
	delete(c, port.Name)
	return listener
}

// release gives up all that is still held.
func (c claims) release() error {
	var err error
	for _, listener := range c {
		err = errors.Join(err, listener.Close())
	}
	return err
}

func (p Port) url() string { return "http://" + p.address() }

func (p Port) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Number)) }

// lookupEnvironment is os.LookupEnv, where an empty variable counts as unset.
func lookupEnvironment(name string) (string, bool) {
	value, isSet := os.LookupEnv(name)
	return value, isSet && value != ""
}
