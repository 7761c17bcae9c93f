package abitest

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/moodring/moodring/plugin/internal/abi"
)

// Wasm is a compiled filter.
type Wasm struct {
	runtime wazero.Runtime
	module  wazero.CompiledModule
}

// Compile compiles a filter. The result is valid until ctx ends.
func Compile(ctx context.Context, code []byte) (*Wasm, error) {
	runtime := wazero.NewRuntime(ctx)
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, runtime); err != nil {
		return nil, err
	}
	if err := exportHost(ctx, runtime); err != nil {
		return nil, err
	}
	module, err := runtime.CompileModule(ctx, code)
	return &Wasm{runtime, module}, err
}

// Close ends all VMs.
func (w *Wasm) Close(ctx context.Context) error { return w.runtime.Close(ctx) }

// Run instantiates the filter in a VM.
func (w *Wasm) Run(ctx context.Context, vm *VM) (*Instance, error) {
	ctx = context.WithValue(ctx, vmKey{}, vm)
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize")
	module, err := w.runtime.InstantiateModule(ctx, w.module, config)
	if err != nil {
		return nil, fmt.Errorf("starting the filter: %w", err)
	}
	return &Instance{ctx, module}, nil
}

// vmKey is the key of the *VM in a call's context.
type vmKey struct{}

// Instance is a compiled filter in a VM. It implements abi.Filter. If the module
// traps, it panics.
type Instance struct {
	ctx    context.Context // with the VM for host functions
	module api.Module
}

var _ abi.Filter = (*Instance)(nil)

// MemoryBytes returns the size of the filter's memory.
func (i *Instance) MemoryBytes() uint32 { return i.module.Memory().Size() }

// call calls an exported function.
func (i *Instance) call(export string, args ...uint64) []uint64 {
	results, err := i.module.ExportedFunction(export).Call(i.ctx, args...)
	if err != nil {
		panic(err)
	}
	return results
}

// pass calls an exported callback, which must return CONTINUE.
func (i *Instance) pass(export string, args ...uint64) {
	if action := i.call(export, args...)[0]; action != 0 {
		panic(fmt.Sprintf("%s returned %d", export, action))
	}
}

// ContextCreated implements abi.Filter.
func (i *Instance) ContextCreated(id, root uint32) {
	i.call("proxy_on_context_create", uint64(id), uint64(root))
}

// Configure implements abi.Filter.
func (i *Instance) Configure(root uint32) bool {
	return i.call("proxy_on_configure", uint64(root), 0)[0] != 0
}

// RequestHeaders implements abi.Filter.
func (i *Instance) RequestHeaders(stream uint32) {
	i.pass("proxy_on_request_headers", uint64(stream), 0, 0)
}

// ResponseBody implements abi.Filter.
func (i *Instance) ResponseBody(stream uint32, size int, isEnd bool) {
	i.pass("proxy_on_response_body", uint64(stream), uint64(size), flag(isEnd))
}

// ResponseTrailers implements abi.Filter.
func (i *Instance) ResponseTrailers(stream uint32) {
	i.pass("proxy_on_response_trailers", uint64(stream), 0)
}

// Logged implements abi.Filter.
func (i *Instance) Logged(stream uint32) { i.call("proxy_on_log", uint64(stream)) }

// Tick implements abi.Filter.
func (i *Instance) Tick(root uint32) { i.call("proxy_on_tick", uint64(root)) }

func flag(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

// memory is a module's memory during a host call. An address out of range panics,
// which traps the module.
type memory struct {
	ctx    context.Context
	module api.Module
}

func (m memory) vm() *VM { return m.ctx.Value(vmKey{}).(*VM) }

func (m memory) read(address, size uint32) []byte {
	read, ok := m.module.Memory().Read(address, size)
	if !ok {
		panic(fmt.Sprintf("the filter has no memory from %d to %d", address, address+size))
	}
	return read
}

func (m memory) text(address, size uint32) string { return string(m.read(address, size)) }

func (m memory) number(address, value uint32) {
	if !m.module.Memory().WriteUint32Le(address, value) {
		panic(fmt.Sprintf("the filter has no memory at %d", address))
	}
}

// give copies a value to memory from the filter's allocator, as Envoy does, and
// writes its address and size. An empty value has address 0.
func (m memory) give(value []byte, status abi.Status, at, size uint32) uint32 {
	if status != abi.OK {
		return uint32(status)
	}
	address := uint32(0)
	if len(value) > 0 {
		results, err := m.module.ExportedFunction("proxy_on_memory_allocate").Call(m.ctx, uint64(len(value)))
		if err != nil {
			panic(err)
		}
		address = uint32(results[0])
		copy(m.read(address, uint32(len(value))), value)
	}
	m.number(at, address)
	m.number(size, uint32(len(value)))
	return uint32(abi.OK)
}

// exportHost defines the host functions that the filter imports.
func exportHost(ctx context.Context, runtime wazero.Runtime) error {
	builder := runtime.NewHostModuleBuilder("env")
	for name, function := range hostFunctions() {
		builder.NewFunctionBuilder().WithFunc(function).Export(name)
	}
	_, err := builder.Instantiate(ctx)
	return err
}

func hostFunctions() map[string]any {
	type c = context.Context
	type module = api.Module
	return map[string]any{
		"proxy_log": func(ctx c, mod module, level, text, size uint32) uint32 {
			m := memory{ctx, mod}
			m.vm().Log(abi.Level(level), m.text(text, size))
			return uint32(abi.OK)
		},
		"proxy_get_buffer_bytes": func(ctx c, mod module, buffer, start, length, at, size uint32) uint32 {
			m := memory{ctx, mod}
			if buffer == abi.PluginConfiguration {
				value, status := m.vm().Configuration()
				return m.give(value, status, at, size)
			}
			value, status := m.vm().Body(int(start), int(length))
			return m.give(value, status, at, size)
		},
		"proxy_get_header_map_value": func(ctx c, mod module, from, name, nameSize, at, size uint32) uint32 {
			m := memory{ctx, mod}
			value, status := m.vm().Header(abi.Map(from), m.text(name, nameSize))
			return m.give(value, status, at, size)
		},
		"proxy_remove_header_map_value": func(ctx c, mod module, from, name, nameSize uint32) uint32 {
			m := memory{ctx, mod}
			return uint32(m.vm().RemoveHeader(abi.Map(from), m.text(name, nameSize)))
		},
		"proxy_get_property": func(ctx c, mod module, path, pathSize, at, size uint32) uint32 {
			m := memory{ctx, mod}
			value, status := m.vm().Property(m.text(path, pathSize))
			return m.give(value, status, at, size)
		},
		"proxy_set_effective_context": func(ctx c, mod module, id uint32) uint32 {
			if !(memory{ctx, mod}).vm().Exists(id, 0) {
				return uint32(badArgument)
			}
			return uint32(abi.OK)
		},
		"proxy_define_metric": func(ctx c, mod module, _, name, size, at uint32) uint32 {
			m := memory{ctx, mod}
			id, status := m.vm().DefineCounter(m.read(name, size))
			m.number(at, id)
			return uint32(status)
		},
		"proxy_increment_metric": func(ctx c, mod module, id uint32, offset int64) uint32 {
			return uint32(memory{ctx, mod}.vm().Increment(id, uint64(offset)))
		},
		"proxy_set_tick_period_milliseconds": func(ctx c, mod module, milliseconds uint32) uint32 {
			return uint32(memory{ctx, mod}.vm().SetTick(milliseconds))
		},
		"proxy_get_shared_data": func(ctx c, mod module, key, keySize, at, size, versionAt uint32) uint32 {
			m := memory{ctx, mod}
			value, version, status := m.vm().Shared(m.read(key, keySize))
			m.number(versionAt, version)
			return m.give(value, status, at, size)
		},
		"proxy_set_shared_data": func(ctx c, mod module, key, keySize, value, size, version uint32) uint32 {
			m := memory{ctx, mod}
			return uint32(m.vm().SetShared(m.read(key, keySize), m.read(value, size), version))
		},
	}
}
