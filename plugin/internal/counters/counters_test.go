package counters

import (
	"testing"

	"github.com/moodring/moodring/contract"
)

func TestCountedIndex(t *testing.T) {
	if outcome := contract.Outcomes()[counted]; outcome != contract.OutcomeCounted {
		t.Errorf("outcome %d is %s, not %s", counted, outcome, contract.OutcomeCounted)
	}
}
