package discovery

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// Shard is one of several exporters' share of the gateways. The zero value is
// all of them.
type Shard struct{ index, count int }

var ordinal = regexp.MustCompile(`-([0-9]+)$`)

// ParseShard reads I/N, share I from 0 of N, or auto/N, which takes I from the
// end of the host's name.
func ParseShard(text, host string) (Shard, error) {
	index, count, ok := strings.Cut(text, "/")
	n, err := strconv.Atoi(count)
	if !ok || err != nil || n < 1 {
		return Shard{}, fmt.Errorf("%q: want I/N, as in 0/3, or auto/N", text)
	}
	if index == "auto" {
		found := ordinal.FindStringSubmatch(host)
		if found == nil {
			return Shard{}, fmt.Errorf("%q: the host name %q does not end in a number, as a StatefulSet's do: give I/N", text, host)
		}
		index = found[1]
	}
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= n {
		return Shard{}, fmt.Errorf("%q: share %s of %d: want a number from 0 to %d", text, index, n, n-1)
	}
	return Shard{i, n}, nil
}

// Has tells whether gateway is in the share. Each gateway is in one of the N;
// when N grows by one, only what moves to the new share moves at all.
func (s Shard) Has(gateway string) bool {
	return s.count == 0 || jump(xxhash.Sum64String(gateway), s.count) == s.index
}

// jump puts key into one of n buckets: Lamping and Veach, A Fast, Minimal
// Memory, Consistent Hash Algorithm (2014). Buckets are only added or taken away
// at the end, which is how a StatefulSet scales.
func jump(key uint64, n int) int {
	bucket, next := int64(-1), int64(0)
	for next < int64(n) {
		bucket = next
		key = key*2862933555777941757 + 1
		next = int64(float64(bucket+1) * (float64(int64(1)<<31) / float64(key>>33+1)))
	}
	return int(bucket)
}
