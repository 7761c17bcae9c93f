package expose

import (
	"net"
	"net/http"
	"os"
	"strings"
)

// guard protects the pages from other pages in the user's browser. A page of another
// site cannot send a POST. It cannot read the exporter on the user's own machine under
// a name of its own either, which it could let point to 127.0.0.1 (DNS rebinding). And
// nothing on a page of the exporter is a script.
func guard(next http.Handler) http.Handler {
	sameOrigin := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		if isLocal(r) && !isLocalName(r.Host) {
			http.Error(w, "This name does not belong to this machine: use its address, or localhost.", http.StatusMisdirectedRequest)
			return
		}
		sameOrigin.ServeHTTP(w, r)
	})
}

// isLocal reports whether a request came over the loopback interface.
func isLocal(r *http.Request) bool {
	address, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && address.IP.IsLoopback()
}

// isLocalName reports whether the host of a request is an IP address, or a name of
// this machine.
func isLocalName(hostPort string) bool {
	host := hostPort
	if name, _, err := net.SplitHostPort(hostPort); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host) != nil {
		return true
	}
	own, err := os.Hostname()
	short, _, _ := strings.Cut(own, ".")
	return err == nil && (strings.EqualFold(host, own) || strings.EqualFold(host, short))
}
