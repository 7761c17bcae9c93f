// Package hangup catches SIGHUP from the start of the program. Without a handler, a
// SIGHUP ends the program, and the initialization of all packages takes up to 0.1 s.
// This package imports none of the slow packages, so Go initializes it before them.
package hangup

import (
	"os"
	"os/signal"
	"syscall"
)

// Signals receives SIGHUP.
var Signals = notify()

func notify() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	return signals
}
