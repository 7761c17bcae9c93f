package memory

import (
	"os"
	"testing"
)

func TestOf(t *testing.T) {
	now, peak, err := Of(os.Getpid())
	if err != nil || now < 1<<20 || peak < now {
		t.Errorf("%d bytes now and %d at the peak, error %v", now, peak, err)
	}
	if _, _, err := Of(1 << 22); err == nil { // above the kernel's greatest process ID
		t.Error("a process that does not exist has memory")
	}
}
