package ratelimit

import (
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/moodring/moodring/deploy/local/internal/process"
)

// Service configures one rate limit service.
type Service struct {
	Binary     string
	Dir        string // for its configuration
	Limits     []byte // its configuration file
	HTTP, GRPC int    // ports on 127.0.0.1
	Redis      string // HOST:PORT
}

// Program writes the limits into Dir and returns the program to start.
func (s Service) Program() (process.Program, error) {
	dir := filepath.Join(s.Dir, "ratelimit", "config")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return process.Program{}, err
	}
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), s.Limits, 0o644); err != nil {
		return process.Program{}, err
	}
	return process.Program{
		Name: "ratelimit",
		Path: s.Binary,
		Env: []string{
			"HOST=127.0.0.1", "PORT=" + strconv.Itoa(s.HTTP),
			"GRPC_HOST=127.0.0.1", "GRPC_PORT=" + strconv.Itoa(s.GRPC),
			"DEBUG_HOST=127.0.0.1", "DEBUG_PORT=0",
			"REDIS_SOCKET_TYPE=tcp", "REDIS_URL=" + s.Redis,
			"RUNTIME_ROOT=" + s.Dir, "RUNTIME_SUBDIRECTORY=ratelimit", "RUNTIME_WATCH_ROOT=false",
			"LOG_LEVEL=warn", "DISABLE_STATS=true", // else they are log lines of the level debug
		},
		Ready: "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(s.HTTP)) + "/healthcheck",
	}, nil
}
