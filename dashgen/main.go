// Dashgen writes Moodring's dashboard and documents from the contract, and
// checks the dashboard's queries against a live Prometheus.
package main

import "os"

// version is set by the linker; a plain go build leaves it to the build info.
var version string

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }
