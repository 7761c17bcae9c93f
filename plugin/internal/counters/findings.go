package counters

import "github.com/moodring/moodring/plugin/internal/abi"

// findings are bits that the VMs of the proxy have found out about a model. The
// bits are a value of the proxy's shared data, and are never taken back.
type findings struct {
	key  []byte
	bits byte
}

// add adds bits, and returns the bits of all VMs. If the proxy does not share them,
// this VM keeps to its own.
func (f *findings) add(proxy abi.Proxy, bits byte) (all byte) {
	for {
		shared, version, status := proxy.Shared(f.key)
		switch {
		case status == abi.NotFound:
			version = noVersion
		case status != abi.OK || len(shared) != 1:
			f.bits |= bits
			return f.bits
		default:
			f.bits |= shared[0]
		}
		known := f.bits
		if f.bits |= bits; status == abi.OK && known == f.bits && shared[0] == known {
			return f.bits
		}
		if proxy.SetShared(f.key, []byte{f.bits}, version) != abi.VersionMismatch {
			return f.bits
		}
	}
}
