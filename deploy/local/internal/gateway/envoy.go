package gateway

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/moodring/moodring/deploy/local/internal/process"
)

// Program returns the Envoy that runs a bootstrap file. Admin is the URL of its
// admin endpoint.
func Program(envoy, file, admin string) process.Program {
	return process.Program{
		Name: "envoy",
		Path: envoy,
		Args: []string{
			"--config-path", file, "--concurrency", "2", "--use-dynamic-base-id",
			"--log-level", "warning", "--file-flush-interval-msec", "200",
		},
		Ready: admin + "/ready",
	}
}

// FindEnvoy returns Envoy's binary: the variable ENVOY, else envoy on the PATH, else
// the binary that `make tools` installs.
func FindEnvoy(root string) (string, error) {
	if chosen := os.Getenv("ENVOY"); chosen != "" {
		path, err := exec.LookPath(chosen)
		if err != nil {
			return "", fmt.Errorf("no Envoy at ENVOY=%s: %w; set it to Envoy's binary, or unset it and run `make tools`", chosen, err)
		}
		return path, nil
	}
	if path, err := exec.LookPath("envoy"); err == nil {
		return path, nil
	}
	installed := filepath.Join(root, ".tools", "bin", "envoy")
	if _, err := os.Stat(installed); err != nil {
		return "", errors.New("no Envoy: set ENVOY to its binary, put envoy on the PATH, or run `make tools`")
	}
	return installed, nil
}
