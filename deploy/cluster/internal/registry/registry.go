// Package registry serves the images that `make images` writes, within the cluster,
// under the names of any registry.
package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/moodring/moodring/deploy/cluster/internal/pki"
)

// Serve serves images over HTTP on port 80, for the node's container runtime, and
// over HTTPS on port 443, for Istio's agent. Each argument names an image of the folder,
// its repository and tag, and arguments for the image's program:
//
//	plugin=moodring/plugin:latest
//	modelserver=someone/model:1 --model_name=emotion
func Serve(ctx context.Context, folder string, images []string, output io.Writer) error {
	blobs, err := os.MkdirTemp("", "blobs")
	if err != nil {
		return err
	}
	quiet := log.New(io.Discard, "", 0)
	handler := registry.New(registry.WithBlobHandler(registry.NewDiskBlobHandler(blobs)), registry.Logger(quiet))
	plain, err := net.Listen("tcp", ":80")
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() { failed <- http.Serve(plain, handler) }()
	for _, each := range images {
		if err := add(ctx, folder, each); err != nil {
			return fmt.Errorf("%s: %w", each, err)
		}
		_, _ = fmt.Fprintln(output, each)
	}
	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	go func() {
		server := http.Server{Addr: ":443", Handler: handler, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}}
		failed <- server.ListenAndServeTLS("", "")
	}()
	return <-failed
}

// add pushes an image to the registry in this process.
func add(ctx context.Context, folder, argument string) error {
	source, args, _ := strings.Cut(argument, " ")
	image, as, ok := strings.Cut(source, "=")
	if !ok {
		return errors.New("not IMAGE=REPOSITORY:TAG")
	}
	index, err := layout.ImageIndexFromPath(filepath.Join(folder, image))
	if err != nil {
		return fmt.Errorf("%w; `make images` writes it", err)
	}
	content, err := pick(index)
	if err != nil {
		return err
	}
	if args != "" {
		if content, err = withArguments(content, strings.Fields(args)); err != nil {
			return err
		}
	}
	ref, err := name.ParseReference("127.0.0.1:80/"+as, name.Insecure)
	if err != nil {
		return err
	}
	return remote.Write(ref, content, remote.WithContext(ctx))
}

// pick returns the image for this machine. The filter's image has no platform.
func pick(index v1.ImageIndex) (v1.Image, error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, m := range manifest.Manifests {
		if m.Platform == nil || m.Platform.Architecture == "amd64" || m.Platform.Architecture == "" {
			return index.Image(m.Digest)
		}
	}
	return nil, errors.New("no image for linux/amd64")
}

// withArguments adds arguments for the image's program.
func withArguments(image v1.Image, args []string) (v1.Image, error) {
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config := file.DeepCopy().Config
	config.Cmd = args
	return mutate.Config(image, config)
}

// selfSigned returns a certificate that nobody trusts. Istio's agent is told not to
// ask (WASM_INSECURE_REGISTRIES).
func selfSigned() (tls.Certificate, error) {
	authority, err := pki.NewAuthority("moodring")
	if err != nil {
		return tls.Certificate{}, err
	}
	server, err := authority.Server("index.docker.io", "registry.example.com")
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(server.Certificate, server.Key)
}
