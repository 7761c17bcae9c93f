// Package oip holds the messages of the Open Inference Protocol over gRPC.
package oip

//go:generate sh generate.sh
