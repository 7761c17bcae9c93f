// Package contract defines Moodring's metric names, label keys, limits and
// stat-name codec. The plugin counts under these names, the exporter decodes
// them, and dashgen queries them.
//
// The package imports the standard library only, does no I/O and has no mutable
// state, so that it compiles into the Wasm filter as well as into the programs.
package contract
