#!/bin/sh
# Writes oip.pb.go and oip_grpc.pb.go from oip.proto. `make clients` installs the
# compiler, which is a part of grpcio-tools.
set -eu
tools=$(mktemp -d)
trap 'rm -r "$tools"' EXIT
GOBIN=$tools go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
GOBIN=$tools go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.0
PATH=$tools:$PATH ../../../.tools/clients/bin/python -m grpc_tools.protoc -I. \
  --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative oip.proto
