// Package option replaces google.golang.org/api/option in the local stack, which
// sends no request to Google Cloud.
package option

// ClientOption has no effect.
type ClientOption struct{}

// ServiceAccount is a kind of credentials file.
const ServiceAccount = "service_account"

// WithScopes has no effect.
func WithScopes(...string) ClientOption { return ClientOption{} }

// WithAuthCredentialsFile has no effect.
func WithAuthCredentialsFile(string, string) ClientOption { return ClientOption{} }

// WithCredentials has no effect.
func WithCredentials(any) ClientOption { return ClientOption{} }
