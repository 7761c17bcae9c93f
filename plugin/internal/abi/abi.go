// Package host is the proxy-wasm ABI 0.2.1 (proxy-wasm/spec, abi-versions/v0.2.1),
// as much of it as the filter needs: what a proxy calls, what can be asked of
// it, and, for wasip1, the exports and imports themselves. Every callback that a
// module exports costs each request a call, so none is exported that does nothing.
package abi

import "strconv"

// Filter is what the proxy calls. A context is a plugin's configuration (a root
// context) or one request with its reply (a stream).
type Filter interface {
	// ContextCreated comes before a stream's first other call. root is 0 for a
	// root context itself.
	ContextCreated(id, root uint32)

	// Configure starts the plugin of a root context; false refuses it.
	Configure(root uint32) bool

	RequestHeaders(stream uint32)

	// ResponseBody brings size bytes, which Host.Body reads during the call.
	ResponseBody(stream uint32, size int, isEnd bool)
	ResponseTrailers(stream uint32)

	// Logged is a stream's last call, however it ended. The reply's headers and
	// trailers can be read now, and not before.
	Logged(stream uint32)

	// Tick is called for the plugin of a root context whose streams, or itself,
	// asked for it by Host.SetTick.
	Tick(root uint32)
}

// Host is what a Filter can ask of the proxy, during the proxy's calls only. A
// []byte that it returns is overwritten by the next call, and a piece of a body by
// the next piece.
type Host interface {
	Log(level Level, message string)
	Configuration() ([]byte, Status)

	// Header returns the first value of a header; with another status than OK,
	// NotFound for one, whatever bytes.
	Header(from Map, name string) ([]byte, Status)
	RemoveHeader(from Map, name string) Status

	// Body returns length bytes of the piece of the reply that is passing, or
	// fewer where it ends. Behind them json.Margin more bytes can be read, of any
	// value.
	Body(start, length int) ([]byte, Status)

	// Property returns an attribute of the stream; the parts of its path are
	// separated by a zero byte.
	Property(path string) ([]byte, Status)

	// Exists tells whether a context is still there. It is asked in a call of the
	// context self.
	Exists(id, self uint32) bool

	// DefineCounter returns the id of the counter of that name in this VM; it is
	// the same counter as any other VM's of the same name.
	DefineCounter(name []byte) (uint32, Status)
	Increment(counter uint32, n uint64) Status

	// SetTick has the plugin of the call that is under way called each so many
	// milliseconds; 0 ends that.
	SetTick(milliseconds uint32) Status

	// Shared returns what VMs of one id have set under key, and its version.
	Shared(key []byte) (value []byte, version uint32, status Status)

	// SetShared replaces it, if its version is still that one, or if there is
	// nothing yet; otherwise it returns VersionMismatch. Version 0 always
	// replaces.
	SetShared(key, value []byte, version uint32) Status
}

// Status is the outcome of a host call.
type Status uint32

// Statuses that the filter tells apart.
const (
	OK              Status = 0
	NotFound        Status = 1
	VersionMismatch Status = 8 // "CAS mismatch" in the specification
)

// String names the status, for a log line.
func (s Status) String() string {
	switch s {
	case OK:
		return "ok"
	case NotFound:
		return "not found"
	case VersionMismatch:
		return "version mismatch"
	}
	return "proxy-wasm status " + strconv.Itoa(int(s))
}

// Map is a set of headers.
type Map uint32

// Maps that the filter reads.
const (
	RequestHeaders   Map = 0
	ResponseHeaders  Map = 2
	ResponseTrailers Map = 3
)

// Buffers that the filter reads.
const (
	ResponseBody        = 1
	PluginConfiguration = 7
)

// Level is a log line's.
type Level uint32

// Levels that the filter uses.
const (
	Error    Level = 4
	Critical Level = 5
)
