// Package abi is the part of the proxy-wasm ABI 0.2.1 (proxy-wasm/spec,
// abi-versions/v0.2.1) for the filter: the callbacks of a proxy, the functions of
// its host, and, for wasip1, the imports of these functions. Each exported callback
// costs every request a call, so no empty callback is exported.
package abi

import "github.com/moodring/moodring/plugin/internal/ascii"

// Margin is the number of readable bytes after the end of a chunk that Host.Body
// returns. Their values are undefined. With them a reader can look ahead without
// a bounds check.
const Margin = 128

// Filter handles the callbacks of a proxy. A context is a plugin's configuration
// (a root context) or a request with its reply (a stream).
type Filter interface {
	// ContextCreated is the first callback of a context. root is 0 for a root
	// context.
	ContextCreated(id, root uint32)

	// Configure starts the plugin of a root context. If it returns false, the
	// proxy refuses the configuration.
	Configure(root uint32) bool

	RequestHeaders(stream uint32)

	// ResponseBody handles the next chunk of a reply, of size bytes. Host.Body
	// reads the chunk, during this callback only.
	ResponseBody(stream uint32, size int, isEnd bool)
	ResponseTrailers(stream uint32)

	// Logged is the last callback of every stream. The response headers and
	// trailers can be read in this callback only.
	Logged(stream uint32)

	// Tick is called in the interval that Host.SetTick has set for the plugin of
	// a root context.
	Tick(root uint32)
}

// Host is the interface to the proxy. A Filter may use the Host during callbacks
// only. A returned []byte is valid until the next call, a body chunk until the next
// chunk.
type Host interface {
	Log(level Level, message string)
	Configuration() ([]byte, Status)

	// Header returns the first value of a header, or NotFound. The bytes are only
	// valid if the status is OK.
	Header(from Map, name string) ([]byte, Status)
	RemoveHeader(from Map, name string) Status

	// Body returns at most length bytes of the current body chunk, from start on.
	// Margin more bytes can be read after them.
	Body(start, length int) ([]byte, Status)

	// Property returns an attribute of the stream. A zero byte separates the parts
	// of its path.
	Property(path string) ([]byte, Status)

	// Exists reports whether a context still exists. self is the context of the
	// current callback.
	Exists(id, self uint32) bool

	// DefineCounter returns this VM's id of a counter. All VMs that define a
	// counter of the same name share it.
	DefineCounter(name []byte) (uint32, Status)
	Increment(counter uint32, n uint64) Status

	// SetTick sets the tick interval of the current callback's plugin. 0 stops
	// the ticks.
	SetTick(milliseconds uint32) Status

	// Shared returns the value that VMs with the same vm_id have set under key,
	// and its version.
	Shared(key []byte) (value []byte, version uint32, status Status)

	// SetShared sets the value under key if version is the current version, or if
	// there is no value yet. Otherwise it returns VersionMismatch. Version 0 always
	// sets the value.
	SetShared(key, value []byte, version uint32) Status
}

// Status is the result of a host call.
type Status uint32

// Statuses that the filter handles.
const (
	OK              Status = 0
	NotFound        Status = 1
	VersionMismatch Status = 8 // "CAS mismatch" in the specification
)

// String returns the status' name for a log line.
func (s Status) String() string {
	switch s {
	case OK:
		return "ok"
	case NotFound:
		return "not found"
	case VersionMismatch:
		return "version mismatch"
	}
	return "proxy-wasm status " + ascii.Int(int(s))
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

// Level is the severity of a log line.
type Level uint32

// Levels that the filter uses.
const (
	Warn     Level = 3
	Error    Level = 4
	Critical Level = 5
)
