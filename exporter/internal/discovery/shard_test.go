package discovery

import (
	"fmt"
	"testing"
)

func TestParseShard(t *testing.T) {
	for text, want := range map[string]Shard{
		"0/1": {0, 1}, "2/3": {2, 3}, "auto/20": {12, 20},
	} {
		if got, err := ParseShard(text, "moodring-exporter-12"); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestParseShardRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":       `"": want I/N, as in 0/3, or auto/N`,
		"1":      `"1": want I/N, as in 0/3, or auto/N`,
		"1/x":    `"1/x": want I/N, as in 0/3, or auto/N`,
		"0/0":    `"0/0": want I/N, as in 0/3, or auto/N`,
		"3/3":    `"3/3": share 3 of 3: want a number from 0 to 2`,
		"-1/3":   `"-1/3": share -1 of 3: want a number from 0 to 2`,
		"x/3":    `"x/3": share x of 3: want a number from 0 to 2`,
		"auto/3": `"auto/3": the host name "laptop" does not end in a number, as a StatefulSet's do: give I/N`,
	} {
		if _, err := ParseShard(text, "laptop"); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// Each gateway is in one share and all shares have about the same size. Adding a
// share moves gateways only to the new share.
func TestShares(t *testing.T) {
	const gateways = 10000
	for n := 1; n <= 8; n++ {
		sizes := make([]int, n)
		for i := range gateways {
			name := fmt.Sprintf("istio-system/istio-ingressgateway-%d", i)
			share, before := shareOf(t, name, n), 0
			if n > 1 {
				before = shareOf(t, name, n-1)
			}
			if n > 1 && share != before && share != n-1 {
				t.Errorf("%s moves from share %d of %d to share %d of %d", name, before, n-1, share, n)
			}
			sizes[share]++
		}
		for share, size := range sizes {
			if size < gateways/n*9/10 || size > gateways/n*11/10 {
				t.Errorf("share %d of %d has %d of %d gateways", share, n, size, gateways)
			}
		}
	}
	if !(Shard{}).Has("any") {
		t.Error("the zero Shard does not have a gateway")
	}
}

func shareOf(t *testing.T, name string, n int) int {
	t.Helper()
	share := -1
	for i := range n {
		if (Shard{i, n}).Has(name) {
			if share >= 0 {
				t.Errorf("%s is in shares %d and %d of %d", name, share, i, n)
			}
			share = i
		}
	}
	if share < 0 {
		t.Fatalf("%s is in no share of %d", name, n)
	}
	return share
}
