package filter

import (
	"testing"

	"github.com/moodring/moodring/contract"
)

// TestContractFits: there is a place for each of the contract's outcomes and bounds.
func TestContractFits(t *testing.T) {
	if outcomes := len(contract.Outcomes()); outcomes != mostOutcomes {
		t.Errorf("%d places for %d outcomes", mostOutcomes, outcomes)
	}
	if first := contract.Outcomes()[counted]; first != contract.OutcomeCounted {
		t.Errorf("%s is not at its place", first)
	}
	for _, metric := range []string{contract.Confidence, contract.Margin, contract.BatchSize} {
		if bounds := len(contract.Bounds(metric)); bounds > mostBounds {
			t.Errorf("%d places for %d bounds of %s", mostBounds, bounds, metric)
		}
	}
}
