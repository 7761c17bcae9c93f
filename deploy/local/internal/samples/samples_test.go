package samples

import (
	"testing"

	"github.com/prometheus/common/model"
)

func TestGrowth(t *testing.T) {
	var over []model.SamplePair
	for _, value := range []model.SampleValue{3, 5, 2, 4} {
		over = append(over, model.SamplePair{Value: value})
	}
	for from, want := range map[int]int{0: 9, 3: 6} { // 5, or 2, and 4 after a restart
		if got := Growth(from, over); got != want {
			t.Errorf("from %d: %d, want %d", from, got, want)
		}
	}
}
