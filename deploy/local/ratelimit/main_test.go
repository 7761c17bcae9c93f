package main

import (
	"strings"
	"testing"
)

func TestAnswer(t *testing.T) {
	for _, test := range []struct {
		arg         string
		code        int
		out, errors string
	}{
		{"-h", 0, usage, ""},
		{"--help", 0, usage, ""},
		{"serve", 2, "", "ratelimit: usage: unexpected \"serve\"; see ratelimit -h\n"},
	} {
		var stdout, stderr strings.Builder
		if code := answer([]string{test.arg}, &stdout, &stderr); code != test.code || stdout.String() != test.out || stderr.String() != test.errors {
			t.Errorf("%s: exit code %d, want %d; %q, %q", test.arg, code, test.code, stdout.String(), stderr.String())
		}
	}
}
