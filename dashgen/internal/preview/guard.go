package preview

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// policy only lets the page load its own files. Other people write dashboards:
// no text in a dashboard may run, load or send anything.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard sets the headers of every reply. If local is set, it refuses requests
// under foreign host names.
func guard(local bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if local && !isLocal(r.Host) {
			http.Error(w, "This preview only serves its own machine, as localhost. To serve other machines, start it with a --web.listen-address that they can reach.", http.StatusForbidden)
			return
		}
		if isForeign(r) {
			http.Error(w, "This preview only replies to its own pages.", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// isForeign reports whether another site's page sent a request. A link on another
// site may open a dashboard.
func isForeign(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	if site == "" || site == "same-origin" || site == "none" {
		return false
	}
	isLink := r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	return !isLink || strings.HasPrefix(r.URL.Path, "/api/")
}

// isLocal reports whether a host, with or without a port, is this machine.
func isLocal(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	address, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && address.IsLoopback()
}
