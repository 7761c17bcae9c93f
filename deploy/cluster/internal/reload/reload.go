// Package reload tells Prometheus about a changed configuration. It stands in for
// prometheus-config-reloader in the pod of Istio's Prometheus.
package reload

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

const every = time.Second

// Watch posts to url after each change of the ConfigMap in folder, until ctx is done.
// It tries again if the post fails.
func Watch(ctx context.Context, folder, url string, output io.Writer) error {
	seen, err := version(folder)
	if err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
		now, err := version(folder)
		if err != nil || now == seen {
			continue
		}
		if err := post(ctx, url); err != nil {
			_, _ = fmt.Fprintln(output, err)
			continue
		}
		_, _ = fmt.Fprintln(output, "reloaded", folder)
		seen = now
	}
}

// version returns the target of the link ..data, which a kubelet replaces when a
// ConfigMap changes.
func version(folder string) (string, error) {
	return os.Readlink(filepath.Join(folder, "..data"))
}

func post(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}
