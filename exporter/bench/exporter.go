package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// freeAddress returns an unused address.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// startExporter starts the exporter for n gateways of the farm, and returns its URL.
func (b *bench) startExporter(ctx context.Context, n int, scrape string, env ...string) (p *process, url string, err error) {
	var text strings.Builder
	fmt.Fprintf(&text, "scrape: {%s}\ngateways:\n", scrape)
	for i := range n {
		fmt.Fprintf(&text, "- {name: gateway-%d, url: 'http://%s'}\n", i, b.farm.address(i))
	}
	file := filepath.Join(b.dir, fmt.Sprintf("exporter-%d.yml", n))
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		return nil, "", err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	p, err = start(ctx, b.dir, env, b.exporter, "--config.file", file, "--web.listen-address", address, "--web.enable-pprof")
	if err != nil {
		return nil, "", err
	}
	return p, "http://" + address, p.ready(ctx, "http://"+address+"/-/healthy")
}
