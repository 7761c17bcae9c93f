package prometheus

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard refuses requests under foreign host names. Any web page can make its own
// host name resolve to 127.0.0.1 (DNS rebinding), and would then read this
// Prometheus as its own origin. Forms of other origins are refused too.
func guard(next http.Handler) http.Handler {
	sameOrigin := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLocal(r.Host) {
			http.Error(w, "This Prometheus only serves its own machine. Open it as localhost or 127.0.0.1.", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		sameOrigin.ServeHTTP(w, r)
	})
}

// isLocal reports whether a host, with or without a port, is this machine.
func isLocal(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	address, err := netip.ParseAddr(name)
	return strings.EqualFold(name, "localhost") || err == nil && address.IsLoopback()
}
