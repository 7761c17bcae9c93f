// Package contract is the one place where Moodring's metric names, label keys,
// limits and stat-name codec are defined.
//
// The plugin counts with it, the exporter decodes with it, dashgen queries with
// it. It imports the standard library only, does no I/O and holds no state, so
// that it compiles into the Wasm filter as well as into the programs.
package contract
