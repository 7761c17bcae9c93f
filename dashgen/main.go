// Dashgen writes Moodring's dashboards, rules and documents from the metric
// contract, and checks and shows dashboards.
package main

import "os"

// version is set by the linker; a plain go build leaves it to the build info.
var version string

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }
