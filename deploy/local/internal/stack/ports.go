package stack

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
)

// Port is a port on 127.0.0.1 on which the stack listens.
type Port struct {
	Name   string
	Env    string // environment variable that sets it; 0 takes any free port
	Number int
}

// Ports are all ports of a stack.
type Ports struct {
	Gateway, Admin, ModelServer, RateLimit, RateLimitGRPC, Exporter, Prometheus, Preview Port
}

// DefaultPorts returns the ports of the original demo (deploy/seed), and the usual
// ports of the other programs.
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

// FromEnvironment changes the ports whose environment variable lookup finds.
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

// claim listens on every port, so that a port in use is an error before any program
// starts. It sets the number of each port that was 0.
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

// free closes the port's listener, so that a program can listen on the port.
func (c claims) free(port Port) error { return c.take(port).Close() }

// take returns the port's listener, which the caller must close.
func (c claims) take(port Port) net.Listener {
	listener := c[port.Name]
	delete(c, port.Name)
	return listener
}

// release closes all remaining listeners.
func (c claims) release() error {
	var err error
	for _, listener := range c {
		err = errors.Join(err, listener.Close())
	}
	return err
}

func (p Port) url() string { return "http://" + p.address() }

func (p Port) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Number)) }

// lookupEnvironment is os.LookupEnv, except that an empty variable counts as unset.
func lookupEnvironment(name string) (string, bool) {
	value, isSet := os.LookupEnv(name)
	return value, isSet && value != ""
}
