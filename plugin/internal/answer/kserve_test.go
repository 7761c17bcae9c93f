package answer

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moodring/moodring/contract"
)

// TestKServeReplies reads replies written by KServe's own library. The script
// testdata/kserve/record.py recorded them.
func TestKServeReplies(t *testing.T) {
	want := map[string][]string{
		"labels":            {contract.OutcomeCounted, "joy", "love"},
		"class indices":     {contract.OutcomeCounted, "3", "1"},
		"probabilities":     {contract.OutcomeCounted, "1 0.9988", "0 1"},
		"scores":            {contract.OutcomeCounted, "1 0.9", "0 0.75"},
		"scores of 32 bits": {contract.OutcomeCounted, "1 0.875", "0 0.75"},
		"scores of 16 bits": {contract.OutcomeCounted, "1 0.875"},
		"booleans":          {contract.OutcomeCounted, "1", "0"},
		"a data frame":      {contract.OutcomeCounted, "joy 0.9", "love 0.8"},
		"not a number":      {contract.OutcomeUnparsed},
		"an empty batch":    {contract.OutcomeNoPredictions},
	}
	text, err := os.ReadFile("testdata/kserve/v2.json")
	if err != nil {
		t.Fatal(err)
	}
	var replies []struct {
		Result    string
		GRPC      bool
		JSONBytes int
		Body      []byte
	}
	if err := json.Unmarshal(text, &replies); err != nil {
		t.Fatal(err)
	}
	for _, reply := range replies {
		t.Run(fmt.Sprintf("%s, grpc %v, %d bytes of JSON", reply.Result, reply.GRPC, reply.JSONBytes), func(t *testing.T) {
			var (
				scanner Scanner
				found   namedLog
			)
			protocol := V2
			if reply.GRPC {
				protocol = GRPC
			}
			scanner.Reset(protocol, &Options{}, &found)
			scanner.Write(reply.Body)
			got := []string{result(&scanner, reply.JSONBytes)}
			if got[0] == contract.OutcomeCounted {
				got = append(got, found.log...)
			}
			wanted := want[reply.Result]
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"model emotion"}, found.names); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}
