package cputime

import (
	"os"
	"testing"
	"time"
)

func TestOf(t *testing.T) {
	before, err := Of(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end); {
	}
	after, err := Of(os.Getpid())
	if err != nil || after <= before {
		t.Errorf("%v after %v of work, error %v", after, before, err)
	}
	if _, err := Of(1 << 22); err == nil { // above the kernel's greatest process ID
		t.Error("a process that does not exist has a processor time")
	}
}
