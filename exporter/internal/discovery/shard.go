package discovery

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// Shard is an exporter's share of the gateways. The zero value has all gateways.
type Shard struct{ index, count int }

var ordinal = regexp.MustCompile(`-([0-9]+)$`)

// ParseShard parses I/N, share I of N counted from 0, or auto/N, which takes I
// from the end of the host name.
func ParseShard(text, host string) (Shard, error) {
	index, count, ok := strings.Cut(text, "/")
	n, err := strconv.Atoi(count)
	if !ok || err != nil || n < 1 {
		return Shard{}, fmt.Errorf("%q: want I/N, as in 0/3, or auto/N", text)
	}
	if index == "auto" {
		match := ordinal.FindStringSubmatch(host)
		if match == nil {
			return Shard{}, fmt.Errorf("%q: the host name %q does not end in a number, as a StatefulSet's do: give I/N", text, host)
		}
		index = match[1]
	}
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= n {
		return Shard{}, fmt.Errorf("%q: share %s of %d: want a number from 0 to %d", text, index, n, n-1)
	}
	return Shard{i, n}, nil
}

// Index returns the number of the share, from 0.
func (s Shard) Index() int { return s.index }

// Count returns the number of shares.
func (s Shard) Count() int { return max(1, s.count) }

// Has reports whether the share has the gateway. Each gateway is in exactly one
// share. If a share is added, gateways move only to the new share.
func (s Shard) Has(gateway string) bool {
	return s.count == 0 || jump(xxhash.Sum64String(gateway), s.count) == s.index
}

// jump returns the bucket of key, from 0 to n-1: Lamping and Veach, A Fast,
// Minimal Memory, Consistent Hash Algorithm (2014). The algorithm needs buckets to
// be added and removed only at the end, as a StatefulSet does.
func jump(key uint64, n int) int {
	bucket, next := int64(-1), int64(0)
	for next < int64(n) {
		bucket = next
		key = key*2862933555777941757 + 1
		next = int64(float64(bucket+1) * (float64(int64(1)<<31) / float64(key>>33+1)))
	}
	return int(bucket)
}
