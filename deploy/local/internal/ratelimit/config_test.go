package ratelimit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithUnlimited(t *testing.T) {
	got, err := WithUnlimitedKey([]byte(`
domain: ratelimit
descriptors:
- key: path
  value: /predict
  descriptors:
  - key: x-api-key
    rate_limit: {unit: minute, requests_per_unit: 5}
- key: path
  rate_limit: {unit: minute, requests_per_unit: 10}
`), "/predict", "demo")
	if err != nil {
		t.Fatal(err)
	}
	want := `domain: ratelimit
descriptors:
    - key: path
      value: /predict
      descriptors:
        - key: x-api-key
          rate_limit:
            requests_per_unit: 5
            unit: minute
        - key: x-api-key
          value: demo
          rate_limit:
            unlimited: true
    - key: path
      rate_limit:
        requests_per_unit: 10
        unit: minute
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := WithUnlimitedKey([]byte("domain: x"), "/predict", "demo"); err == nil {
		t.Error("accepted a configuration without the path")
	}
}
