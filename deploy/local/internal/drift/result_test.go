package drift

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sound() Result {
	return Result{
		Seconds: 170.44, WindowSeconds: 60, ForSeconds: 15,
		Phases: []Phase{
			{Mix: "natural mix", Sent: 842, Answers: 598, Share: 0.1626, Index: 0.0185, Distance: 0.0577, Alert: quiet},
			{Mix: "joy doubled", Sent: 850, Answers: 600, Share: 0.3328, Index: 0.1797, Distance: 0.1785, Alert: firing, FiredAfter: 62.01},
		},
	}
}

func TestJudge(t *testing.T) {
	tests := []struct {
		name   string
		change func(natural, doubled *Phase)
		want   []string
	}{
		{"sound", func(_, _ *Phase) {}, nil},
		{"fires too early", func(natural, _ *Phase) { natural.Alert, natural.Index = firing, 0.1234 },
			[]string{"natural mix: the alert was firing, and should have been quiet; the index was 0.123 of 598 predictions"}},
		{"about to fire too early", func(natural, _ *Phase) { natural.Alert = pending },
			[]string{"natural mix: the alert was pending, and should have been quiet; the index was 0.018 of 598 predictions"}},
		{"never fires", func(_, doubled *Phase) { doubled.Alert = pending },
			[]string{"joy doubled: the alert was pending, and should have been firing; the index was 0.180 of 600 predictions"}},
		{"too few predictions", func(natural, _ *Phase) { natural.Answers = 300 },
			[]string{"natural mix: 300 predictions in the window are too few for the alert, which requires more than 300; is the machine busy?"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result := sound()
			test.change(&result.Phases[0], &result.Phases[1])
			result.judge()
			if diff := cmp.Diff(test.want, result.Differences); diff != "" || result.OK != (test.want == nil) {
				t.Errorf("ok %t, differences (-want +got):\n%s", result.OK, diff)
			}
		})
	}
}

func TestWriteTable(t *testing.T) {
	const rows = `          mix  sent     joy  index  distance              alert
  natural mix   842  16.3 %  0.018     0.058              quiet
  joy doubled   850  33.3 %  0.180     0.178  firing after 62 s

rules:  over 60 s, and for 15 s
`
	good, bad := sound(), sound()
	good.judge()
	bad.Differences = []string{"natural mix: bad"}
	tests := []struct {
		name   string
		result Result
		want   string
	}{
		{"good", good, rows + "result: MoodringLabelMixDrift fires when joy's share is doubled, and not before; after 170.4 s\n"},
		{"bad", bad, rows + "result: NOT AS EXPECTED; after 170.4 s\n  natural mix: bad\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			if err := test.result.WriteTable(&out); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestAdd: a phase keeps the alert state closest to firing, and the first firing.
func TestAdd(t *testing.T) {
	tests := []struct {
		name   string
		states []string // one a second
		want   string
		fired  float64
	}{
		{"quiet", []string{quiet, quiet}, quiet, 0},
		{"pending once", []string{quiet, pending, quiet}, pending, 0},
		{"firing", []string{quiet, pending, firing, firing}, firing, 3},
		{"fired once", []string{firing, quiet, pending}, firing, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			phase := Phase{Alert: quiet}
			for i, state := range test.states {
				phase.add(reading{alert: state, index: float64(i)}, 10*i, time.Duration(i+1)*time.Second)
			}
			last := len(test.states) - 1
			want := Phase{Alert: test.want, FiredAfter: test.fired, Sent: 10 * last, Index: float64(last), Seconds: float64(last + 1)}
			if diff := cmp.Diff(want, phase); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
